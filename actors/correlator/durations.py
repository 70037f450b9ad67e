"""The durations of the settings, made once when these are: the fold holds times against them at every Event."""

from datetime import timedelta

from actors.correlator.events.report_order import hundredths
from actors.correlator.settings import MOST_REORDER_SECONDS, CorrelatorSettings
from protocols.severity import SEVERITIES, Severity


class Durations:
    """``hold``: time before a notification, by severity. The other fields have the names of their settings."""

    __slots__ = (
        "hold",
        "hold_ont",
        "inform_window",
        "outlive",
        "reopen_within",
        "reorder",
        "reorder_hundredths",
        "repeat_merge",
    )

    def __init__(self, settings: CorrelatorSettings) -> None:
        self.hold: dict[Severity, timedelta] = {severity: settings.hold(severity) for severity in SEVERITIES}
        self.hold_ont = timedelta(seconds=settings.hold_ont_seconds)
        self.inform_window = timedelta(seconds=settings.inform_window_seconds)
        self.outlive = timedelta(seconds=settings.outlive_seconds)
        self.reopen_within = timedelta(seconds=settings.reopen_within_seconds)
        self.reorder = timedelta(seconds=min(settings.reorder_seconds, MOST_REORDER_SECONDS))
        self.reorder_hundredths = hundredths(self.reorder)
        self.repeat_merge = timedelta(seconds=settings.repeat_merge_seconds)
