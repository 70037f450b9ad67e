"""The fold: state × Event → state × Changes. Deterministic: the same Events give the same Changes, byte for byte."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from actors.correlator import silence
from actors.correlator.commands import fold_command
from actors.correlator.draft import Draft, Numbers
from actors.correlator.housekeeping import fold_tick
from actors.correlator.network import fold_network
from actors.correlator.own import fold_system
from actors.correlator.ponder import beat, ponder
from actors.correlator.profiles import compile
from actors.correlator.refused_sources import fold_source_refused
from actors.correlator.replant import fold_topology, fold_topology_changed
from actors.correlator.rules.book import fold_rules
from actors.correlator.rules.force import counts_repeats
from actors.correlator.rules.plugins import fold_stopped
from actors.correlator.state import State, policy_of
from actors.correlator.traps import fold_trap
from protocols.change import Answer, Change, Quarantined, Refusal, Released
from protocols.command import Command, RetryQuarantined
from protocols.event import (
    Event,
    NetworkEvent,
    PluginStopped,
    PolicyLoaded,
    ProfilesLoaded,
    RulesLoaded,
    SourceRefused,
    SystemReport,
    Tick,
    TopologyChanged,
    TopologyLoaded,
    Trap,
    kind,
)

_event_decoder = msgspec.msgpack.Decoder(Event)

QUARANTINE_ALARMS = 1_000
"""Events in quarantine that have an alarm each; those beyond share one."""
THE_OTHERS = "more"
"""Qualifier of that one."""


def fold(state: State, offset: int, at: datetime, event: Event) -> list[Change]:
    """Fold one Event, stamped ``at``. An Event that makes it raise is quarantined: the State is then as before, and the
    Changes are the quarantine's own alarm. Never raises."""
    numbers = Numbers()
    changes = beat(state, offset, at, numbers) if state.timers.first <= at else []
    draft = Draft(state, offset, at, numbers)
    try:
        _decide(draft, event)
        touched = draft.touched()
        repeated = draft.repeated() if counts_repeats(state) else []
        changes += draft.commit()
    except Exception as error:  # noqa: BLE001 - whatever a fold trips over, the Events behind it must not wait for it
        draft = _quarantine(state, offset, at, event, error, numbers)
        touched, repeated = draft.touched(), []
        changes += draft.commit()
    if touched or repeated:
        changes += ponder(state, offset, at, numbers, touched, repeated)
    state.offset, state.at = offset, at
    return changes


def _decide(draft: Draft, event: Event) -> None:
    _FOLDS[type(event)](draft, event)


def _use_policy(draft: Draft, event: PolicyLoaded) -> None:
    settings = policy_of(event)
    silence.note_settings(draft, settings)
    draft.later(draft.state.use_policy, event, settings)


def _command(draft: Draft, command: Command) -> None:
    if isinstance(command.action, RetryQuarantined):
        _retry(draft, command.action)
    else:
        fold_command(draft, command)


def _retry(draft: Draft, action: RetryQuarantined) -> None:
    if action.offset not in draft.state.quarantined:
        # Two who ask at the same time both saw it there; folded twice it would count twice.
        refusal = Refusal(str(action.offset), "wrong_state", f"Event {action.offset} is not in quarantine")
        draft.emit(Answer(offset=draft.offset, refusals=(refusal,)))
        return
    draft.later(draft.state.quarantined.discard, action.offset)
    event = _event_decoder.decode(action.event)
    _decide(draft, event)
    draft.emit(Released(draft.offset, action.offset))
    if not isinstance(event, Command | NetworkEvent):  # those answer for themselves
        draft.emit(Answer(offset=draft.offset))
    fold_system(draft, _quarantine_report(action.offset, "", active=False))
    if len(draft.state.quarantined) == 1:
        fold_system(draft, _quarantine_report(action.offset, "", active=False, shared=True))


def _quarantine_report(offset: int, error: str, *, active: bool, shared: bool = False) -> SystemReport:
    return SystemReport(
        alarm_type="event.quarantined",
        active=active,
        severity="major",
        qualifier=THE_OTHERS if shared else str(offset),
        title=f"faultd could not fold Event {offset}{' and others' if shared else ''}; kept in quarantine",
        description=error or "folded by a retry",
    )


def _quarantine(state: State, offset: int, at: datetime, event: Event, error: Exception, numbers: Numbers) -> Draft:
    draft = Draft(state, offset, at, numbers)
    text = f"{type(error).__name__}: {error}"
    if isinstance(event, Command) and isinstance(event.action, RetryQuarantined):
        refusal = Refusal(str(event.action.offset), "invalid", f"Event {event.action.offset} still cannot be folded: {text}")
        draft.emit(Answer(offset=offset, refusals=(refusal,)))
        return draft
    fold_system(draft, _quarantine_report(offset, text, active=True, shared=len(state.quarantined) >= QUARANTINE_ALARMS))
    draft.emit(Quarantined(offset, at, kind(event), text))
    draft.later(state.quarantine, offset)
    if isinstance(event, Command | NetworkEvent):
        draft.emit(Answer(offset=offset))
    return draft


_FOLDS: Final[dict[type[Any], Callable[[Draft, Any], None]]] = {
    Trap: fold_trap,
    NetworkEvent: fold_network,
    Command: _command,
    Tick: lambda draft, _event: fold_tick(draft),
    SystemReport: fold_system,
    SourceRefused: fold_source_refused,
    ProfilesLoaded: lambda draft, event: draft.later(draft.state.use_profiles, event, compile(event.profiles)),
    TopologyLoaded: fold_topology,
    TopologyChanged: fold_topology_changed,
    RulesLoaded: fold_rules,
    PluginStopped: fold_stopped,
    PolicyLoaded: _use_policy,
}
