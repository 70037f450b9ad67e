"""The effects of time: shelves end, old memories are dropped, cleared alarms become history."""

from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.alarms.limits import end_limits
from actors.correlator.draft import Draft
from actors.correlator.events.clock_jumps import redate
from actors.correlator.memories import RedateMemory
from actors.correlator.operator_tables import emit_pending_nodes
from actors.correlator.resources import placement, silent_devices
from actors.correlator.resources.onts import end_replaced
from actors.correlator.resources.renames import move_renamed
from actors.correlator.state import State
from actors.elapsed import cutoff
from protocols.change import AlarmForgotten, ArchiveDue

ARCHIVE_EVERY = timedelta(hours=1)
AT_MOST = 2_000
"""Alarms handled in one tick. The others wait for the next one, so that a tick never holds up the traps."""

FADE_AT_MOST = 20_000
"""Memories dropped in one tick, of each kind."""
KEEP_CLEARS = timedelta(minutes=2)
"""How long a clear is remembered: longer than a report can be delayed, and longer than the ticks that move renamed alarms
take."""


def fold_tick(draft: Draft) -> None:
    """One tick of the clock, at the ledger's time."""
    redate(draft)
    move_renamed(draft)
    end_replaced(draft)
    placement.settle(draft)
    _end_shelves(draft)
    _let_go(draft)
    _archive(draft)
    end_limits(draft)
    silent_devices.begin(draft)
    emit_pending_nodes(draft)
    settings = draft.state.settings
    draft.on_commit(_fade, draft.state.informs, draft.at - draft.state.spans.inform_window)
    draft.on_commit(_fade_keys, draft.state, draft.at - timedelta(hours=settings.idempotency_hours))
    draft.on_commit(_fade_clears, draft.state.ended, draft.at - KEEP_CLEARS)


def _end_shelves(draft: Draft) -> None:
    due = sorted((until, alarm_id) for alarm_id, until in draft.state.shelved.items() if until <= draft.at)
    for _until, alarm_id in due[:AT_MOST]:
        alarm = draft.state.alarms[alarm_id]
        text = f"shelved until {alarm.shelved_until:%Y-%m-%d %H:%M:%S} UTC: over"
        draft.put(moved(alarm, shelved_until=None, shelved_by=None), "unshelved", "faultd:clock", text)


def _let_go(draft: Draft) -> None:
    state = draft.state
    settings = state.settings
    before = draft.at - timedelta(hours=settings.keep_cleared_hours)
    redated = state.memory(RedateMemory).originals
    surplus = len(state.cleared) - settings.keep_cleared_max
    # A share of the surplus, whatever its size: otherwise raises and clears that come faster than ticks drop them would grow it
    # for ever.
    at_most = max(AT_MOST, surplus // 8)
    for number, (alarm_id, since) in enumerate(islice(state.cleared.items(), at_most)):
        if since > before and number >= surplus:
            break
        draft.emit(AlarmForgotten(draft.offset, alarm_id))
        draft.on_commit(state.forget, alarm_id)
        if redated:
            draft.drop(redated, alarm_id)


def _archive(draft: Draft) -> None:
    if draft.at - draft.state.archived >= ARCHIVE_EVERY:
        before = cutoff(draft.at, timedelta(days=draft.state.settings.archive_after_days), draft.state.jumps)
        draft.emit(ArchiveDue(draft.offset, before))
        draft.on_commit(setattr, draft.state, "archived", draft.at)


def _fade(memory: dict[str, Any], before: Any) -> None:
    """Memories are in the order of their times, so the old ones are in front."""
    for key in [key for key, _at in takewhile(lambda item: item[1] < before, islice(memory.items(), FADE_AT_MOST))]:
        del memory[key]


def _fade_keys(state: State, before: datetime) -> None:
    for key in [key for key, _at in takewhile(lambda item: item[1] < before, islice(state.keys.items(), FADE_AT_MOST))]:
        del state.keys[key]
        state.bodies.pop(key, None)


def _fade_clears(memory: dict[Any, Any], before: Any) -> None:
    for key in [key for key, _ in takewhile(lambda item: item[1][0] < before, islice(memory.items(), FADE_AT_MOST))]:
        del memory[key]
