"""A jump of the clock: what lasts keeps the time that it has lasted, and nothing is breached or closed because of the jump.

An outage that lasts moves along with the jump, and so do the clocks of alarms that have not ended. What a jump back leaves in
the future moves as well. Everything else is a date, and stays.
"""

from msgspec.structs import replace

from actors.sla_clock.limits.clock_facts import put_facts
from actors.sla_clock.run import FoldRun
from actors.sla_clock.work import WalkThese
from protocols.event import ClockJumped
from protocols.sla.changes import SlaOutageChanged
from protocols.sla.clock_facts import AlarmTimes
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage

JUMPED = "the clock jumped"


def fold_clock_jumped(run: FoldRun, event: ClockJumped) -> None:
    """Move the state to the time that is believed after the jump."""
    state, journal = run.state, run.journal
    before, after = instant_at(event.before), instant_at(event.after)
    by = after - before
    for outage in list(state.outages.values()):
        moved = _outage(outage, by, after)
        if moved is not outage:
            state.put_outage(journal, moved)
            if moved.id in state.recorded:
                run.emit(SlaOutageChanged(run.offset, moved, JUMPED))
    for alarm_id, facts in list(state.clocks.by_id.items()):
        if facts.ended is None or (by < 0 and facts.ended > after):
            put_facts(run, alarm_id, replace(facts, times=_times(facts.times, by)), JUMPED)
    state.aside.move(journal, by)
    run.evidence.forget()
    waiting = [state.instances.id_at(row) for row, _ in state.deadlines.rows()]
    state.put_work(journal, WalkThese(tuple(dict.fromkeys((*state.accounts.ids(), *waiting))), JUMPED))


def _outage(outage: SlaOutage, by: int, after: int) -> SlaOutage:
    if outage.end is None:
        return replace(outage, start=outage.start + by, moved=outage.moved + by)
    if by < 0 and outage.end > after:
        return replace(outage, start=outage.start + by, end=outage.end + by, moved=outage.moved + by)
    return outage


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
