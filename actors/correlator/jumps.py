"""A jump of the clock: every deadline and every memory moves along with it, so that nothing ends, begins or is forgotten by it.

A stamp that the State reckons with is a length of time before or after now, and moves by the jump. What is a date stays:

- the times that alarms, timelines, rules and windows show are records: they tell the time that was believed then. Only a date
  that would lie in the future is impossible, and moves (``_redate``);
- a device's own time is the device's;
- a maintenance window is planned by the calendar, so it opens and closes by the time that is believed from here on. Its timer
  is due at once, and finds out.

What each memory is, is listed in docs/decisions/0037-trusted-time.md. A memory that is new moves along unless it is named here.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.lifecycle import moved
from actors.correlator.memories import RedateMemory
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.saved import Mark
from actors.correlator.state import State
from actors.correlator.timers import Timers
from actors.correlator.windows.memory import WindowMemory
from actors.correlator.windows.strategy import NAME as WINDOWS
from actors.elapsed import shifted, with_jump
from protocols.alarm import Alarm
from protocols.event import ClockJumped, Trap

ACTOR: Final = "faultd:clock"
ACTION: Final = "clock_jumped"
RECORDS: Final = (RuleMemory.__name__, WindowMemory.__name__, RedateMemory.__name__)
"""Memories whose times are dates."""
AT_MOST: Final = 2_000
"""Alarms whose dates one tick puts right."""
_DATES: Final = ("first_occurrence", "last_occurrence", "received_at", "cleared_at", "acknowledged_at", "resolved_at")


def fold_clock_jumped(draft: Draft, event: ClockJumped) -> None:
    """Take the State over to the time that is believed from here on."""
    state, by = draft.state, event.after - event.before
    _redate_all(draft)
    for alarm_id in list(state.shelved):
        alarm = draft.alarm(alarm_id)
        if alarm.shelved_until is not None:
            until = shifted(alarm.shelved_until, by)
            text = f"shelved until {until:%Y-%m-%d %H:%M:%S} UTC now: {_said(by)}"
            draft.put(moved(alarm, shelved_until=until), ACTION, ACTOR, text)
    if by < timedelta(0):
        ahead = [alarm.id for alarm in state.alarms.values() if _is_ahead(alarm, event.after)]
        if ahead:
            memory = RedateMemory(event.after, by // timedelta(microseconds=1), dict.fromkeys(ahead))
            draft.later(state.remember, memory)
    draft.later(_rebase, state, event.before, event.after)


def redate(draft: Draft) -> None:
    """Put the dates of some alarms right that a jump back left in the future."""
    memory = draft.state.memory(RedateMemory)
    if memory.alarms:
        _redate(draft, memory, list(islice(memory.alarms, AT_MOST)))


def received_as(trap: Trap, state: State, at: datetime) -> Trap:
    """``trap`` with its receipt on the present scale: it may have waited for its commit while the clock jumped."""
    if state.jumps:
        last = state.jumps[-1]
        late = last.by > 0 and trap.received < last.at
        if late or (last.by < 0 and trap.received > at):
            return replace(trap, received=min(at, shifted(trap.received, timedelta(microseconds=last.by))))
    return trap


def _redate_all(draft: Draft) -> None:
    memory = draft.state.memory(RedateMemory)
    if memory.alarms:
        _redate(draft, memory, list(memory.alarms))


def _redate(draft: Draft, memory: RedateMemory, alarm_ids: list[str]) -> None:
    by = timedelta(microseconds=memory.by)
    for alarm_id in alarm_ids:
        draft.later(memory.alarms.pop, alarm_id, None)
        alarm = draft.get(alarm_id)
        if alarm is None or not _is_ahead(alarm, draft.at):
            continue
        dates: dict[str, Any] = {}
        for name in _DATES:
            at = getattr(alarm, name)
            if at is not None and at > draft.at:
                dates[name] = min(shifted(at, by), draft.at)
        first = dates.get("first_occurrence", alarm.first_occurrence)
        dates = {name: max(at, first) if name not in ("first_occurrence", "received_at") else at for name, at in dates.items()}
        held = tuple(
            replace(each, since=min(shifted(each.since, by), draft.at)) if each.since > draft.at else each
            for each in alarm.suppressed_by
        )
        text = f"its dates were in the future and are put right: {_said(by)}"
        draft.put(moved(alarm, suppressed_by=held, **dates), ACTION, ACTOR, text)


def _is_ahead(alarm: Alarm, at: datetime) -> bool:
    return any((found := getattr(alarm, name)) is not None and found > at for name in _DATES)


def _said(by: timedelta) -> str:
    seconds = by / timedelta(seconds=1)
    return f"the clock jumped by {seconds:+.0f} s"


def _rebase(state: State, before: datetime, after: datetime) -> None:
    """Move everything that is reckoned with. All of it is made before any of it is put in place."""
    by = after - before

    def move(at: datetime) -> datetime:
        return shifted(at, by)

    windows = state.memory(WindowMemory)
    over = {window_id: move(at) for window_id, at in windows.over.items()}
    cleared = {alarm_id: move(at) for alarm_id, at in state.cleared.items()}
    marks = {alarm_id: _moved(mark, move) for alarm_id, mark in state.marks.items()}
    ended = {identity: (move(at), _moved(mark, move)) for identity, (at, mark) in state.ended.items()}
    informs = {key: move(at) for key, at in state.informs.items()}
    keys = {key: move(at) for key, at in state.keys.items()}
    timers = Timers(
        (after if name == WINDOWS and subject in windows.windows else move(at), name, subject)
        for at, name, subject in state.timers.entries()
    )
    memories = {
        name: msgspec.Raw(msgspec.msgpack.encode(_walked(msgspec.msgpack.decode(octets), move)))
        for name, octets in state.remembered().items()
        if name not in RECORDS
    }
    windows.over = over
    state.cleared, state.marks, state.ended, state.informs, state.keys = cleared, marks, ended, informs, keys
    state.timers, state.archived = timers, move(state.archived)
    state.jumps = with_jump(state.jumps, before, after)
    state.replace_memories(memories)


def _moved(mark: Mark, move: Callable[[datetime], datetime]) -> Mark:
    """``dated`` is the reporter's own time."""
    return replace(mark, received=move(mark.received))


def _walked(value: Any, move: Callable[[datetime], datetime]) -> Any:
    """``value``, of msgpack, with every time in it moved."""
    if isinstance(value, datetime):
        return move(value)
    if isinstance(value, dict):
        return {key: _walked(each, move) for key, each in value.items()}
    if isinstance(value, list):
        return [_walked(each, move) for each in value]
    return value
