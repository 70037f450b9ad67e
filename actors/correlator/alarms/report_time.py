"""Reporter and time of a report."""

from datetime import datetime, timedelta
from typing import Final

OLDEST: Final = timedelta(days=30)
"""A reporter's own time further back than this is a wrong clock, and not when anything happened."""
SKEW: Final = timedelta(seconds=10)
"""Clocks of two machines differ by as much without being wrong."""


class ReportTime:
    """``dated``: the reporter's own time, right or wrong, or None. ``happened``: that time where it is credible, else the time
    of receipt. ``reporter``: the actor of the timeline entry, ``device:ID``, ``user:NAME`` or ``faultd:PART``. ``source``: the
    sender whose clocks ``uptime`` and ``dated`` are. ``epoch``, ``several`` and ``restarting``: how far ``uptime`` can be
    compared, see :mod:`actors.correlator.events.report_order`. Immutable."""

    __slots__ = ("dated", "epoch", "happened", "received", "reporter", "restarting", "several", "source", "uptime")

    def __init__(
        self,
        received: datetime,
        reporter: str,
        source: str = "",
        uptime: int | None = None,
        dated: datetime | None = None,
        oldest: timedelta = OLDEST,
        epoch: int = 0,
        several: bool = False,
        restarting: bool = False,
    ) -> None:
        """``oldest`` is how long before its receipt the report can have been made."""
        self.received, self.reporter, self.source = received, reporter, source
        self.uptime, self.dated = uptime, dated
        self.epoch, self.several, self.restarting = epoch, several, restarting
        believed = dated is not None and received - oldest <= dated <= received
        self.happened = dated if dated is not None and believed else received

    @property
    def mistake(self) -> str:
        """The reason for which the reporter's own time is not used; empty when it is used, or when there is none."""
        dated = self.dated
        if dated is None or dated == self.happened or abs(dated - self.received) <= SKEW:
            return ""
        how = "in the future" if dated > self.received else f"more than {OLDEST.days} days ago"
        return f"at: {dated.isoformat()} is {how}; the time of receipt is used"
