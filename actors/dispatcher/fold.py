"""The fold of the dispatcher: an Event with the Changes of the stages before, to decisions about messages and tickets."""

from collections.abc import Iterable, Sequence

from actors.dispatcher.commands import fold_command
from actors.dispatcher.loading import load_inputs
from actors.dispatcher.restoring import fold_restored
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.change import AlarmChanged, Change, NotificationRequested
from protocols.command import Command
from protocols.dispatch.actions import DispatchAction
from protocols.dispatch.outcomes import MessageFailed, MessageSent, TicketChanged, TicketFailed, TicketOpened
from protocols.event import ClockJumped, DispatchDataRestored, DispatchLoaded, Event
from protocols.sla.changes import SlaNotificationRequested

_OWN: frozenset[type[Event]] = frozenset(
    (
        Command,
        ClockJumped,
        DispatchLoaded,
        DispatchDataRestored,
        MessageSent,
        MessageFailed,
        TicketOpened,
        TicketChanged,
        TicketFailed,
    )
)
_REQUESTS = frozenset((NotificationRequested, SlaNotificationRequested))


def concerns_nobody(state: DispatchState, events: Iterable[Event], now: int, changes_before: Sequence[Change]) -> bool:
    """True when Events of one time change nothing here, as nearly all do not."""
    if state.timers.first <= now or not _OWN.isdisjoint(map(type, events)):
        return False
    subjects = state.subjects
    for change in changes_before:
        if type(change) is AlarmChanged:
            if f"alarm:{change.alarm.id}" in subjects:
                return False
        elif type(change) in _REQUESTS:
            return False
    return True


def fold_event(run: DispatchRun, event: Event, changes_before: Sequence[Change]) -> None:
    """Fold one Event at ``run.now``."""
    for change in changes_before:
        fold_change(run, change)
    if isinstance(event, DispatchLoaded):
        load_inputs(run, event)
    elif isinstance(event, DispatchDataRestored):
        fold_restored(run, event)
    elif isinstance(event, Command) and isinstance(event.action, DispatchAction):
        fold_command(run, event, event.action)


def fold_change(run: DispatchRun, change: Change) -> None:
    """Take in a Change of the stages before. So far no Change opens a subject."""
