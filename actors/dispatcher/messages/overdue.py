"""The time after which a notification that has not arrived is overdue, so that the person's next method is tried."""

from typing import Final

from actors.dispatcher.run import DispatchRun
from actors.dispatcher.settings import DispatcherSettings
from protocols.dispatch.notification import DispatchedNotification
from protocols.severity import Severity
from protocols.sla.local_time import SECOND

_SETTINGS: Final[dict[Severity, str]] = {"critical": "fallback_critical_seconds", "major": "fallback_major_seconds"}
"""By the severity of the worst open subject. Other messages go to the next method when they are given up, not before."""


def overdue_seconds(settings: DispatcherSettings, severity: Severity) -> float | None:
    """Seconds from the decision to the next method; None: not before the message is given up."""
    name = _SETTINGS.get(severity)
    return None if name is None else getattr(settings, name)


def watch(run: DispatchRun, notification: DispatchedNotification, severity: Severity) -> None:
    """Have the next method of the contact tried unless the notification has arrived in time."""
    seconds = overdue_seconds(run.state.inputs.settings, severity)
    if seconds is not None and notification.to in run.state.contacts:
        run.state.timers.set(run.journal, "fallback", notification.id, run.now + round(seconds * SECOND))


def unwatch(run: DispatchRun, notification_id: str) -> None:
    """The notification has arrived, or was given up."""
    run.state.timers.set(run.journal, "fallback", notification_id, None)
    run.journal.drop(run.state.overdue, notification_id)
