"""The fold: state × Event → state × Changes. Deterministic: the same Events give the same Changes, byte for byte."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from actors.correlator.alarms.commands import fold_command
from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft, Numbers
from actors.correlator.events.clock_jumps import fold_clock_jumped
from actors.correlator.events.dispatch_outcomes import (
    fold_message_failed,
    fold_message_sent,
    fold_ticket_changed,
    fold_ticket_failed,
    fold_ticket_opened,
)
from actors.correlator.events.network_events import fold_network
from actors.correlator.events.operator_data import fold_operator_data_restored
from actors.correlator.events.refused_sources import fold_source_refused
from actors.correlator.events.stage_quarantine import (
    clear_quarantined,
    fold_stage_quarantine,
    note_discarded,
    raise_quarantined,
)
from actors.correlator.events.ticks import fold_tick
from actors.correlator.events.topology_changes import fold_topology, fold_topology_changed
from actors.correlator.events.traps import fold_trap
from actors.correlator.operator_tables import fold_seed_tables
from actors.correlator.polling.contact import fold_poll_answered, fold_poll_missed, fold_poll_stopped
from actors.correlator.polling.levels import fold_level_crossed
from actors.correlator.polling.requests import note_traps_lost
from actors.correlator.polling.states import fold_polled_states
from actors.correlator.pon.symptom_change import change_symptoms
from actors.correlator.profiles import compile
from actors.correlator.resources import silent_devices
from actors.correlator.rules.plugins import fold_stopped
from actors.correlator.rules.rule_changes import fold_rules
from actors.correlator.state import State, policy_of
from actors.correlator.strategies.run_strategies import fire_timers, run_strategies
from actors.error_text import error_text
from protocols.change import Answer, Change, Quarantined, Refusal, Released
from protocols.command import FIRST_STAGE, Command, DiscardQuarantined, RetryQuarantined
from protocols.dispatch.actions import DispatchAction
from protocols.dispatch.outcomes import MessageFailed, MessageSent, TicketChanged, TicketFailed, TicketOpened
from protocols.event import (
    ClockJumped,
    CountAlarms,
    DispatchDataRestored,
    DispatchLoaded,
    Event,
    NetworkEvent,
    OperatorDataRestored,
    PluginStopped,
    PolicyLoaded,
    ProfilesLoaded,
    RulesLoaded,
    SeedTables,
    SlaDataRestored,
    SlaWork,
    SourceRefused,
    StageQuarantine,
    SystemReport,
    Tick,
    TopologyChanged,
    TopologyLoaded,
    Trap,
    kind,
)
from protocols.poll.contact import PollAnswered, PollMissed, PollStopped
from protocols.poll.states import LevelCrossed, PolledStates
from protocols.sla.actions import SlaAction

_event_decoder = msgspec.msgpack.Decoder(Event)


def fold(state: State, offset: int, at: datetime, event: Event) -> list[Change]:
    """Fold one Event, stamped ``at``. An Event that makes it raise is quarantined: the State is then as before, and the
    Changes are the quarantine's own alarm. Never raises."""
    changes: list[Change] = []
    numbers: Numbers | None = None
    # A jump has to move the timers before any of them may say that it is due.
    if state.timers.first <= at and type(event) is not ClockJumped:
        numbers = Numbers()
        changes = fire_timers(state, offset, at, numbers)
    draft = Draft(state, offset, at, numbers)
    try:
        _FOLDS[type(event)](draft, event)
        touched = draft.touched()
        repeated = draft.repeated() if state.counts_repeats else []
        changes += draft.commit()
    except Exception as error:  # noqa: BLE001 - whatever a fold trips over, the Events behind it must not wait for it
        draft = _quarantine(state, offset, at, event, error, draft.numbers)
        touched, repeated = draft.touched(), []
        changes += draft.commit()
    if touched or repeated:
        changes += run_strategies(state, offset, at, draft.numbers, touched, repeated)
    state.offset, state.at = offset, at
    return changes


def _use_policy(draft: Draft, event: PolicyLoaded) -> None:
    settings = policy_of(event)
    silent_devices.note_settings(draft, settings)
    draft.on_commit(draft.state.use_policy, event, settings)


def _use_profiles(draft: Draft, event: ProfilesLoaded) -> None:
    translator = compile(event.profiles)
    change_symptoms(draft, translator.symptoms)
    draft.on_commit(draft.state.use_profiles, event, translator)


def _system(draft: Draft, report: SystemReport) -> None:
    if fold_system(draft, report):
        note_traps_lost(draft, report)


def _command(draft: Draft, command: Command) -> None:
    action = command.action
    if isinstance(action, SlaAction | DispatchAction):
        return  # the stage sla_clock answers, or the dispatcher
    if isinstance(action, RetryQuarantined | DiscardQuarantined):
        if action.stage != FIRST_STAGE:
            return  # that stage answers
        if isinstance(action, RetryQuarantined):
            _retry(draft, action)
        else:
            _discard(draft, command.by.name, action)
    else:
        fold_command(draft, command)


def _retry(draft: Draft, action: RetryQuarantined) -> None:
    if not _in_quarantine(draft, action.offset):
        return
    event = _event_decoder.decode(action.event)
    _FOLDS[type(event)](draft, event)
    if not isinstance(event, Command | NetworkEvent):  # those answer for themselves
        draft.emit(Answer(offset=draft.offset))
    _release(draft, action.offset, "folded by a retry", "faultd:self")


def _discard(draft: Draft, by: str, action: DiscardQuarantined) -> None:
    if not _in_quarantine(draft, action.offset):
        return
    draft.emit(Answer(offset=draft.offset))
    note_discarded(draft, FIRST_STAGE, action.offset, by, action.reason)
    _release(draft, action.offset, f"discarded: {action.reason}", f"user:{by}")


def _in_quarantine(draft: Draft, offset: int) -> bool:
    """Whether the Event is there; refused otherwise. Two who ask at the same time both saw it, and it must not count twice."""
    if offset in draft.state.quarantined:
        return True
    refusal = Refusal(str(offset), "wrong_state", f"Event {offset} is not in quarantine")
    draft.emit(Answer(offset=draft.offset, refusals=(refusal,)))
    return False


def _release(draft: Draft, offset: int, why: str, by: str) -> None:
    draft.on_commit(draft.state.quarantined.discard, offset)
    draft.emit(Released(draft.offset, offset))
    clear_quarantined(draft, FIRST_STAGE, offset, why, by)


def _quarantine(state: State, offset: int, at: datetime, event: Event, error: Exception, numbers: Numbers) -> Draft:
    draft = Draft(state, offset, at, numbers)
    text = error_text(error)
    if isinstance(event, Command) and isinstance(event.action, RetryQuarantined):
        refusal = Refusal(str(event.action.offset), "invalid", f"Event {event.action.offset} still cannot be folded: {text}")
        draft.emit(Answer(offset=offset, refusals=(refusal,)))
        return draft
    raise_quarantined(draft, FIRST_STAGE, offset, text)
    draft.emit(Quarantined(offset, at, kind(event), text))
    draft.on_commit(state.quarantine, offset)
    if isinstance(event, Command | NetworkEvent):
        draft.emit(Answer(offset=offset))
    return draft


_FOLDS: Final[dict[type[Any], Callable[[Draft, Any], None]]] = {
    Trap: fold_trap,
    NetworkEvent: fold_network,
    Command: _command,
    Tick: lambda draft, _event: fold_tick(draft),
    OperatorDataRestored: fold_operator_data_restored,
    SeedTables: lambda draft, _event: fold_seed_tables(draft),
    CountAlarms: lambda draft, _event: draft.on_commit(draft.state.count_alarms, draft.offset),
    SystemReport: _system,
    SourceRefused: fold_source_refused,
    ClockJumped: fold_clock_jumped,
    ProfilesLoaded: _use_profiles,
    TopologyLoaded: fold_topology,
    TopologyChanged: fold_topology_changed,
    RulesLoaded: fold_rules,
    PluginStopped: fold_stopped,
    PolicyLoaded: _use_policy,
    StageQuarantine: fold_stage_quarantine,
    SlaDataRestored: lambda _draft, _event: None,
    SlaWork: lambda _draft, _event: None,
    PollMissed: fold_poll_missed,
    PollAnswered: fold_poll_answered,
    PollStopped: fold_poll_stopped,
    PolledStates: fold_polled_states,
    LevelCrossed: fold_level_crossed,
    DispatchLoaded: lambda _draft, _event: None,
    DispatchDataRestored: lambda _draft, _event: None,
    MessageSent: fold_message_sent,
    MessageFailed: fold_message_failed,
    TicketOpened: fold_ticket_opened,
    TicketChanged: fold_ticket_changed,
    TicketFailed: fold_ticket_failed,
}
