"""A jump of the clock: what lasts keeps the time that it has lasted, and nothing is breached or closed because of the jump.

An outage that lasts moves along with the jump, and so do the clocks of alarms that have not ended. What has ended is a date:
:mod:`~actors.sla_clock.clock_levels` says whether it stays. The correlator corrects the dates of its alarms later, alarm by
alarm: the stage does not wait for that. So time in which one outage had ended and another lasts counts once for each of them
when the jump moves the one and not the other.

A period that was reached too early is left. One that was closed too early is closed again when it ends.
"""

from msgspec.structs import replace

from actors.sla_clock.books.past_accounts import closed_through
from actors.sla_clock.books.period_choice import next_period_end
from actors.sla_clock.clock_levels import EndedDate, date_now, levels_of, put_right
from actors.sla_clock.deadlines import DeadlineKind
from actors.sla_clock.evidence.outages import put_outage
from actors.sla_clock.limits.clock_facts import put_facts
from actors.sla_clock.limits.performance_breaches import reopen_measurements
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.work import BookAgain, ForgetPast, WalkThese
from protocols.event import ClockJumped
from protocols.sla.changes import SlaOutageChanged
from protocols.sla.clock_facts import AlarmTimes
from protocols.sla.local_time import instant_at

JUMPED = "the clock jumped"
MOST_EARLIER = 15
"""Jumps that are kept besides the last one."""


def fold_clock_jumped(run: FoldRun, event: ClockJumped) -> None:
    """Move the state to the time that is believed after the jump."""
    state, journal = run.state, run.journal
    before, after = instant_at(event.before), instant_at(event.after)
    by = after - before
    if state.last_jump[1]:
        journal.set(state, "earlier_jumps", (*state.earlier_jumps, state.last_jump)[-MOST_EARLIER:])
    journal.set(state, "last_jump", (after, by))
    journal.set(state, "level", state.level + by)
    _move_deadlines(run, by)
    shifts = _move_outages(run, by)
    for alarm_id, facts in list(state.clocks.by_id.items()):
        lasts = facts.ended is None or facts.ended > after
        shift = shifts.get(alarm_id, by if lasts else 0)
        if shift:
            put_facts(run, alarm_id, replace(facts, times=_times(facts.times, shift)), JUMPED)
    again = _put_back(run, before, after) if by < 0 else []
    state.aside.move(journal, by)
    run.evidence.forget()
    waiting = [state.instances.id_at(row) for row, _ in state.deadlines.rows()]
    state.put_work(journal, WalkThese(tuple(dict.fromkeys((*state.accounts.ids(), *waiting, *again))), JUMPED))
    if wrong := _booked_wrongly(state, after):
        state.put_work(journal, BookAgain(wrong, JUMPED))


def _booked_wrongly(state: SlaState, after: int) -> tuple[tuple[str, int], ...]:
    """Periods whose breaches may be those of a wrong clock: those that have not begun any more; all of them where the clock is
    put right."""
    mended = put_right(levels_of(state.level, state.jumps))
    found: dict[tuple[str, int], None] = {}
    for each in state.breaches.values():
        if mended or (each.period_start > after and not each.withdrawn):
            found[each.instance_id, each.period_start] = None
    return tuple(found)


def _move_outages(run: FoldRun, by: int) -> dict[str, int]:
    """Move the intervals. Returns by how much the last one of each alarm moved, where there is one."""
    state, journal = run.state, run.journal
    levels, shifts = levels_of(state.level, state.jumps), {}
    for outage in list(state.outages.values()):
        if outage.end is None:
            shifts[outage.alarm_id] = by
            moved = replace(outage, start=outage.start + by, moved=outage.moved + by)
            state.put_outage(journal, moved)
            if moved.id in state.recorded:
                run.emit(SlaOutageChanged(run.offset, moved, JUMPED))
            continue
        ended = state.ended_dates.get(outage.id) or EndedDate(0, outage.end)
        shift = shifts[outage.alarm_id] = date_now(ended, levels, run.now) - outage.end
        if shift:
            moved = replace(outage, start=outage.start + shift, end=outage.end + shift, moved=outage.moved + shift)
            put_outage(run, moved, JUMPED)
            journal.put(state.ended_dates, outage.id, ended)
    return shifts


def _put_back(run: FoldRun, before: int, after: int) -> list[str]:
    """Periods that were closed and have not ended any more are closed again when they end. Nothing is forgotten by the time
    that was wrong. Returns the instances that were closed behind the present time."""
    state, journal = run.state, run.journal
    journal.set(state, "furthest", max(state.furthest, before))
    again = [instance_id for instance_id, account in state.closed.items() if account.period_end > after]
    for instance_id in again:
        if state.closed[instance_id].period_start > after:
            through = closed_through(state, instance_id)
            journal.drop(state.closed, instance_id)
            journal.put(state.closed_through, instance_id, through)
    for name, due in list(state.deadlines.due["period"].items()):
        state.deadlines.set(journal, "period", name, min(due, next_period_end(state, name, after)))
    for number in [number for number, item in state.work.items() if type(item) is ForgetPast]:
        state.drop_work(journal, number)
    reopen_measurements(run)
    return again


def _move_deadlines(run: FoldRun, by: int) -> None:
    """Facts and measurements are kept for as long as they were to be."""
    kinds: tuple[DeadlineKind, ...] = ("clock", "performance")
    for kind in kinds:
        for name, due in list(run.state.deadlines.due[kind].items()):
            run.state.deadlines.set(run.journal, kind, name, due + by)


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
