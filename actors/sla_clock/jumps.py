"""A jump of the clock: what lasts keeps the time that it has lasted, and nothing is breached or closed because of the jump.

An outage that lasts moves along with the jump, and so do the clocks of alarms that have not ended. What a jump back leaves in
the future moves as well. A jump forward that puts the clock right moves it again, with what ended while the clock was wrong.
Everything else is a date, and stays. The correlator corrects the dates of its alarms later, alarm by alarm: the stage does not
wait for that.
"""

from msgspec.structs import replace

from actors.sla_clock.evidence.outages import put_outage
from actors.sla_clock.limits.clock_facts import put_facts
from actors.sla_clock.run import FoldRun
from actors.sla_clock.work import WalkThese
from protocols.event import ClockJumped
from protocols.sla.changes import SlaOutageChanged
from protocols.sla.clock_facts import AlarmTimes
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage

JUMPED = "the clock jumped"
MOST_EARLIER = 15
"""Jumps that are kept besides the last one."""


def fold_clock_jumped(run: FoldRun, event: ClockJumped) -> None:
    """Move the state to the time that is believed after the jump."""
    state, journal = run.state, run.journal
    before, after = instant_at(event.before), instant_at(event.after)
    by = after - before
    since, back = state.last_jump
    # As the correlator has it: the jump is longer than the time since the jump back.
    undone = back if back < 0 and before - since < by else 0
    shifts: dict[str, int] = {}
    for outage in list(state.outages.values()):
        shift = _shift(outage, before, after, since, undone)
        if not shift:
            continue
        shifts[outage.alarm_id] = shift
        if outage.end is not None:
            moved = replace(outage, start=outage.start + shift, end=outage.end + shift, moved=outage.moved + shift)
            put_outage(run, moved, JUMPED)
            continue
        moved = replace(outage, start=outage.start + shift, moved=outage.moved + shift)
        state.put_outage(journal, moved)
        if moved.id in state.recorded:
            run.emit(SlaOutageChanged(run.offset, moved, JUMPED))
    for alarm_id, facts in list(state.clocks.by_id.items()):
        lasts = facts.ended is None or (by < 0 and facts.ended > after)
        shift = by if lasts else shifts.get(alarm_id, 0)
        if shift:
            put_facts(run, alarm_id, replace(facts, times=_times(facts.times, shift)), JUMPED)
    if back:
        journal.set(state, "earlier_jumps", (*state.earlier_jumps, (since, back))[-MOST_EARLIER:])
    journal.set(state, "last_jump", (after, by))
    state.aside.move(journal, by)
    run.evidence.forget()
    waiting = [state.instances.id_at(row) for row, _ in state.deadlines.rows()]
    state.put_work(journal, WalkThese(tuple(dict.fromkeys((*state.accounts.ids(), *waiting))), JUMPED))


def _shift(outage: SlaOutage, before: int, after: int, since: int, undone: int) -> int:
    """By how much a jump moves an interval. ``undone``: the jump back to ``since`` that it undoes; 0: none."""
    by = after - before
    if outage.end is None:
        return by
    if by < 0:
        return by if outage.end > after else 0
    if undone and since <= outage.end <= before:
        return by
    was_moved = undone and outage.moved <= undone and since + undone < outage.end < since
    return -undone if was_moved else 0


def _times(times: AlarmTimes, by: int) -> AlarmTimes:
    return replace(
        times,
        raised=times.raised + by,
        changes=tuple(replace(each, at=each.at + by) for each in times.changes),
        acknowledged=None if times.acknowledged is None else times.acknowledged + by,
        ended=tuple(
            replace(each, start=each.start + by, end=None if each.end is None else each.end + by) for each in times.ended
        ),
        pauses=tuple(
            replace(each, start=each.start + by, end=None if each.end is None else each.end + by) for each in times.pauses
        ),
        attached=tuple(
            replace(each, start=each.start + by, end=None if each.end is None else each.end + by) for each in times.attached
        ),
    )
