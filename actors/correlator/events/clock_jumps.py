"""A jump of the clock: every deadline and every memory moves along, so that nothing ends, begins or is forgotten because of it.

A stamp that the State calculates with is a distance from now, and moves by the jump. A date stays:

- the times of alarms, timelines, rules and windows are records of the time that was believed then. Only impossible dates move:
  those that a jump back leaves in the future, and those between it and a later jump forward (``redate``);
- a device's own time belongs to the device;
- a maintenance window is planned by the calendar, so it opens and closes by the time that is believed from now on. Its timer is
  made due at once and decides.

docs/decisions/0037-trusted-time.md lists each memory and its kind. A new memory moves along unless it is named here.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.draft import Draft
from actors.correlator.events.report_order import hundredths
from actors.correlator.memories import RedateMemory, saved_name
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.saved import ReportMark, SenderClock
from actors.correlator.state import State
from actors.correlator.timers import Timers
from actors.correlator.windows.memory import WindowMemory
from actors.correlator.windows.strategy import NAME as WINDOWS
from actors.elapsed import shifted, with_jump
from protocols.alarm import Alarm
from protocols.event import ClockJumped, Trap

ACTOR: Final = "faultd:clock"
ACTION: Final = "clock_jumped"
RECORDS: Final = (saved_name(RuleMemory), saved_name(WindowMemory), saved_name(RedateMemory))
"""Memories whose times are dates."""
AT_MOST: Final = 2_000
"""Number of alarms whose dates one tick corrects."""
_BEGIN: Final = {"first_occurrence", "received_at"}
_NAMES: Final = (
    "first_occurrence",
    "received_at",
    "last_occurrence",
    "reopened_at",
    "cleared_at",
    "acknowledged_at",
    "resolved_at",
)


def fold_clock_jumped(draft: Draft, event: ClockJumped) -> None:
    """Move the State to the time that is believed after the jump."""
    state, by = draft.state, event.after - event.before
    memory = state.memory(RedateMemory)
    _redate(draft, memory, list(memory.pending))
    # In an order that a State read from a snapshot has as well.
    for alarm_id in sorted(state.shelved):
        alarm = draft.alarm(alarm_id)
        if alarm.shelved_until is not None:
            until = shifted(alarm.shelved_until, by)
            text = f"shelved until {until:%Y-%m-%d %H:%M:%S} UTC now: {_said(by)}"
            draft.put(moved(alarm, shelved_until=until), ACTION, ACTOR, text)
    span = _wrong_span(state, event)
    wrong = (alarm for alarm in state.alarms.values() if any(_moves(at, event.after, span) for at in _dates(alarm).values()))
    pending = [alarm.id for alarm in wrong]
    draft.on_commit(memory.begin, by // timedelta(microseconds=1), span, [*memory.originals, *pending])
    draft.on_commit(_rebase, state, event.before, event.after)


def redate(draft: Draft) -> None:
    """Correct the dates of some alarms after a jump. A date that a jump back left in the future moves by the jump. A jump
    forward undoes that, and moves the dates from in between."""
    memory = draft.state.memory(RedateMemory)
    if memory.pending:
        _redate(draft, memory, list(islice(memory.pending, AT_MOST)))


def received_as(trap: Trap, state: State, at: datetime) -> Trap:
    """``trap`` with its time of receipt on the present scale: the clock may have jumped before its commit."""
    received = at_present(trap.received, state, at) if state.jumps else trap.received
    return trap if received is trap.received else replace(trap, received=received)


def at_present(measured: datetime, state: State, at: datetime) -> datetime:
    """The time that somebody measured by faultd's clock, on the present scale: the clock may have jumped before the commit of
    the Event. Never later than ``at``, the Event's time, after a jump back."""
    if state.jumps:
        last = state.jumps[-1]
        late = last.by > 0 and measured < last.at
        if late or (last.by < 0 and measured > at):
            return min(at, shifted(measured, timedelta(microseconds=last.by)))
    return measured


def _redate(draft: Draft, memory: RedateMemory, alarm_ids: list[str]) -> None:
    by = timedelta(microseconds=memory.by)
    for alarm_id in alarm_ids:
        draft.drop(memory.pending, alarm_id)
        alarm = draft.get(alarm_id)
        if alarm is None:
            draft.drop(memory.originals, alarm_id)
            continue
        known = memory.originals.get(alarm_id, {})
        before = _dates(alarm)
        dates, originals = dict(before), {}
        for name, at in before.items():
            original, became = known.get(name, (at, at))
            if became != at:
                original = at  # it has got another date since
            if _moves(at, draft.at, memory.span):
                dates[name] = min(shifted(at, by), draft.at)
            elif original <= draft.at:
                dates[name] = original
            if name not in _BEGIN:
                dates[name] = max(dates[name], dates["first_occurrence"])
            if name == "cleared_at" and "reopened_at" in dates:
                dates[name] = max(dates[name], dates["reopened_at"])
            if dates[name] < original:
                originals[name] = original, dates[name]
        if originals:
            draft.set(memory.originals, alarm_id, originals)
        else:
            draft.drop(memory.originals, alarm_id)
        if dates != before:
            were = {name: at.isoformat() for name, at in before.items() if dates[name] != at}
            draft.put(moved(alarm, **dates), ACTION, ACTOR, f"its dates moved: {_said(by)}", were=were)


def _wrong_span(state: State, event: ClockJumped) -> tuple[datetime, datetime] | None:
    """The time between a jump back and this jump, when this one undoes it: when it is longer than that time."""
    if state.jumps and state.jumps[-1].by < 0 and event.before - state.jumps[-1].at < event.after - event.before:
        return state.jumps[-1].at, event.before
    return None


def _moves(at: datetime, now: datetime, span: tuple[datetime, datetime] | None) -> bool:
    """True for a date from a wrong time: in the future, or between a jump back and the next jump."""
    return at > now or (span is not None and span[0] <= at <= span[1])


def _dates(alarm: Alarm) -> dict[str, datetime]:
    return {name: at for name in _NAMES if (at := getattr(alarm, name)) is not None}


def _said(by: timedelta) -> str:
    seconds = by / timedelta(seconds=1)
    return f"the clock jumped by {seconds:+.0f} s"


def _rebase(state: State, before: datetime, after: datetime) -> None:
    """Move every time that the State calculates with. All are made before any is put in place."""
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
    clocks = {sender: _clock_moved(clock, hundredths(by)) for sender, clock in state.clocks.items()}
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
    state.clocks, state.timers, state.archived = clocks, timers, move(state.archived)
    state.jumps = with_jump(state.jumps, before, after)
    state.replace_memories(memories)


def _moved(mark: ReportMark, move: Callable[[datetime], datetime]) -> ReportMark:
    """``dated`` is the reporter's own time."""
    return replace(
        mark,
        received=move(mark.received),
        text_at=None if mark.text_at is None else move(mark.text_at),
        counted=None if mark.counted is None else move(mark.counted),
    )


def _clock_moved(clock: SenderClock, by: int) -> SenderClock:
    earlier = tuple((start + by, seen + by) for start, seen in clock.earlier)
    restarted = None if clock.restarted is None else clock.restarted + by
    return replace(clock, start=clock.start + by, seen=clock.seen + by, earlier=earlier, restarted=restarted)


def _walked(value: Any, move: Callable[[datetime], datetime]) -> Any:
    """``value``, decoded from msgpack, with every time in it moved."""
    if isinstance(value, datetime):
        return move(value)
    if isinstance(value, dict):
        return {key: _walked(each, move) for key, each in value.items()}
    if isinstance(value, list):
        return [_walked(each, move) for each in value]
    return value
