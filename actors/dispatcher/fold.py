"""The fold of the dispatcher: an Event with the Changes of the stages before, to decisions about messages and tickets."""

from collections import Counter
from collections.abc import Iterable, Sequence

from actors.dispatcher.causes.agreements import take_agreement_request, take_breach, take_instance
from actors.dispatcher.causes.forgetting import forget_subject
from actors.dispatcher.causes.intake import end_cleared, take_alarm, take_request
from actors.dispatcher.causes.lost import give_up
from actors.dispatcher.causes.planned import look_at_window, take_window
from actors.dispatcher.commands import fold_command
from actors.dispatcher.escalation import chain
from actors.dispatcher.jumps import fold_clock_jumped
from actors.dispatcher.loading import load_inputs
from actors.dispatcher.messages import delivery_alarms, groups, storm
from actors.dispatcher.messages.fallback import fall_back
from actors.dispatcher.messages.outcomes import fold_failed, fold_sent, forget_message
from actors.dispatcher.people import gaps
from actors.dispatcher.restoring import fold_restored
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from actors.dispatcher.tickets.following import look_at_ticket
from actors.dispatcher.tickets.outcomes import fold_ticket_changed, fold_ticket_failed, fold_ticket_opened
from actors.dispatcher.tickets.resolving import fold_resolved
from actors.dispatcher.timers import TimerKind
from protocols.change import AlarmChanged, Change, NotificationRequested, WindowChanged
from protocols.command import Command, Resolve
from protocols.dispatch.actions import DispatchAction
from protocols.dispatch.outcomes import MessageFailed, MessageSent, TicketChanged, TicketFailed, TicketOpened
from protocols.event import ClockJumped, DispatchDataRestored, DispatchLoaded, Event, SystemReport
from protocols.sla.changes import SlaBreachChanged, SlaInstanceChanged, SlaNotificationRequested

_OWN: frozenset[type[Event]] = frozenset(
    (
        Command,
        ClockJumped,
        DispatchLoaded,
        DispatchDataRestored,
        SystemReport,
        MessageSent,
        MessageFailed,
        TicketOpened,
        TicketChanged,
        TicketFailed,
    )
)
_ALWAYS = frozenset((NotificationRequested, SlaNotificationRequested, WindowChanged))
"""Changes that concern the stage whatever they are about."""
_MOST_AT_ONCE, _PUT_OFF = 1_000, 60_000_000
"""How often one timer may come due at one Event, and microseconds after which it is looked at again. A chain has 50 steps."""


def concerns_nobody(state: DispatchState, events: Iterable[Event], now: int, changes_before: Sequence[Change]) -> bool:
    """True when Events of one time change nothing here, as nearly all do not."""
    if state.timers.first <= now or not _OWN.isdisjoint(map(type, events)):
        return False
    subjects = state.subjects
    for change in changes_before:
        kind = type(change)
        if kind is AlarmChanged:
            if subjects and (state.lost or f"alarm:{change.alarm.id}" in subjects):  # type: ignore[union-attr]
                return False
        elif kind is SlaInstanceChanged:
            if subjects and f"sla:{change.instance.id}" in subjects:  # type: ignore[union-attr]
                return False
        elif kind is SlaBreachChanged:
            if subjects and f"sla:{change.breach.instance_id}" in subjects:  # type: ignore[union-attr]
                return False
        elif kind in _ALWAYS:
            return False
    return True


def fold_event(run: DispatchRun, event: Event, changes_before: Sequence[Change]) -> None:
    """Fold one Event at ``run.now``."""
    if isinstance(event, ClockJumped):
        fold_clock_jumped(run, event)
    last = {change.alarm.id: change.alarm for change in changes_before if isinstance(change, AlarmChanged)}
    run.cleared = frozenset(alarm.id for alarm in last.values() if alarm.cleared_at is not None)
    for change in changes_before:
        fold_change(run, change)
    for alarm in run.alarms.values():
        end_cleared(run, alarm)
    match event:
        case Command(action=action) if isinstance(action, DispatchAction):
            fold_command(run, event, action)
        case DispatchLoaded():
            load_inputs(run, event)
        case DispatchDataRestored():
            fold_restored(run, event)
        case SystemReport(alarm_type=gaps.ALARM):
            gaps.fold_reported(run, event)
        case SystemReport(alarm_type=delivery_alarms.LATE | delivery_alarms.DEAD):
            delivery_alarms.fold_delivery_reported(run, event)
        case MessageSent():
            fold_sent(run, event)
        case MessageFailed():
            fold_failed(run, event)
        case TicketOpened():
            fold_ticket_opened(run, event)
        case TicketChanged():
            fold_ticket_changed(run, event)
        case TicketFailed():
            fold_ticket_failed(run, event)
        case Command(action=Resolve()):
            fold_resolved(run, event)
        case _:
            pass
    _meet_timers(run)


def fold_change(run: DispatchRun, change: Change) -> None:
    """Take in a Change of the stages before. Alarms come before the requests about them."""
    match change:
        case AlarmChanged(alarm=alarm):
            run.alarms[alarm.id] = alarm
            take_alarm(run, alarm)
        case NotificationRequested():
            take_request(run, change)
        case SlaNotificationRequested():
            take_agreement_request(run, change)
        case SlaBreachChanged(breach=breach):
            take_breach(run, breach)
        case SlaInstanceChanged():
            take_instance(run, change)
        case WindowChanged():
            take_window(run, change)
        case _:
            pass


def _meet_timers(run: DispatchRun) -> None:
    """Everything that is due, in the order of its time. A timer that comes due again and again at one Event is put off, so that
    no plan, however wrong, holds up the pipe."""
    timers = run.state.timers
    met: Counter[tuple[TimerKind, str]] = Counter()
    while (due := timers.take(run.journal, run.now)) is not None:
        kind, name, _ = due
        met[kind, name] += 1
        if met[kind, name] > _MOST_AT_ONCE:
            timers.set(run.journal, kind, name, run.now + _PUT_OFF)
            continue
        match kind:
            case "rota":
                gaps.look_ahead(run, name)
            case "group":
                groups.fire(run, name)
            case "recipient":
                storm.release(run, name)
            case "window":
                look_at_window(run, name)
            case "forget":
                forget_subject(run, name)
            case "message":
                forget_message(run, name)
            case "escalation":
                chain.due(run, name)
            case "fallback":
                fall_back(run, name)
            case "lost":
                give_up(run, name)
            case "ticket":
                look_at_ticket(run, name)
