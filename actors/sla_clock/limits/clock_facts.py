"""The facts of alarms, from the Changes of the correlator: raise, severity, acknowledgement, clear, re-opening, attachment."""

from collections.abc import Iterable

from msgspec.structs import replace

from actors.sla_clock.alarm_facts import AlarmFacts
from actors.sla_clock.run import FoldRun
from actors.sla_clock.time_limit import acknowledge, change_severity, end, reopen
from actors.sla_clock.work import WalkBelow, WalkThese
from protocols.alarm import Alarm
from protocols.sla.business_time import DAY
from protocols.sla.changes import SlaClockChanged
from protocols.sla.clock_facts import AlarmTimes, AttachedSpan
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.periods import PeriodRule

EFFECTS = ("outage", "degraded")
"""Effects on service with which an alarm has clocks."""
_UNIT_DAYS = {"month": 31, "quarter": 92, "year": 366}
_SHORT = DAY * SECOND
"""How long the facts of a cleared alarm are kept that concerned no instance with time limits."""


def note_clock(run: FoldRun, alarm: Alarm) -> None:
    """Bring the facts of an alarm to what the alarm says now, and have the instances examined whose clocks differ."""
    clocks = run.state.clocks
    known = clocks.get(alarm.id)
    if known is None:
        if (alarm.service_effect in EFFECTS or alarm.is_root_cause) and alarm.cleared_at is None:
            put_facts(run, alarm.id, _first_facts(alarm), "")
        return
    times = _with_attachment(_with_severity(run, known.times, alarm), run.now, alarm.parent_alarm_id or "")
    if alarm.acknowledged_at is not None and times.acknowledged is None:
        times = acknowledge(times, instant_at(alarm.acknowledged_at))
    if alarm.cleared_at is not None:
        times = end(times, max(times.raised, instant_at(alarm.cleared_at)))
    elif known.ended is not None:
        times = reopen(times, max(known.ended, instant_at(alarm.last_occurrence)))
    facts = replace(known, times=times, ticket_id=alarm.ticket_id or "")
    if facts != known:
        put_facts(run, alarm.id, facts, f"{alarm.alarm_id} changed")
        # Begin and end of an outage have the instances of this alarm examined already.
        plain = replace(times, ended=known.times.ended) != known.times or facts.ticket_id != known.ticket_id
        walk(run, clocks.family(alarm.id) if plain else _below(run, alarm.id), f"{alarm.alarm_id} changed")


def put_facts(run: FoldRun, alarm_id: str, facts: AlarmFacts, why: str) -> None:
    """Keep the facts of an alarm. Those of a cleared alarm are forgotten later."""
    state = run.state
    state.clocks.put(run.journal, alarm_id, facts)
    run.readings.clear()
    ended = facts.ended
    state.deadlines.set(run.journal, "clock", alarm_id, None if ended is None else max(ended, run.now) + _SHORT)
    if facts.recorded:
        run.emit(SlaClockChanged(run.offset, alarm_id, facts.tenant_id, facts.times, why))


def record_clock(run: FoldRun, alarm_id: str) -> None:
    """The alarm concerns an instance with time limits: its facts are emitted, once."""
    facts = run.state.clocks.get(alarm_id)
    if facts is not None and not facts.recorded:
        run.state.clocks.put(run.journal, alarm_id, replace(facts, recorded=True))
        run.emit(SlaClockChanged(run.offset, alarm_id, facts.tenant_id, facts.times))


def walk(run: FoldRun, alarms: Iterable[str], why: str, since: int | None = None) -> None:
    """Have the instances examined that these alarms concern. ``since``: the earliest instant at which a figure of a closed
    period can differ."""
    state = run.state
    nodes: dict[str, None] = {}
    named: dict[str, None] = {}
    for alarm_id in alarms:
        known = state.outages_of.get(alarm_id)
        if known is None:
            continue
        outage = state.outages[known[-1]]
        nodes[outage.resource_id] = None
        for key in (*(f"service:{one}" for one in outage.services), *(f"customer:{one}" for one in outage.customers)):
            named.update(dict.fromkeys(state.instances.at(key)))
    reach = {} if since is None else {"since": since}
    if nodes:
        state.put_work(run.journal, WalkBelow(tuple(nodes)[::-1], why, **reach))
    if named:
        state.put_work(run.journal, WalkThese(tuple(named), why, **reach))


def forget_clock(run: FoldRun, alarm_id: str) -> None:
    """Forget a cleared alarm once the period in which it ended and the next one are over, for every definition."""
    state = run.state
    facts = state.clocks.get(alarm_id)
    if facts is None or facts.ended is None:
        return
    keep = _SHORT if not facts.recorded else 2 * _longest_period(run)
    if run.now < facts.ended + keep:
        state.deadlines.set(run.journal, "clock", alarm_id, facts.ended + keep)
        return
    state.clocks.drop(run.journal, alarm_id)
    run.readings.clear()


def _longest_period(run: FoldRun) -> int:
    rules: list[PeriodRule] = [each.terms.period for versions in run.state.definitions.values() for each in versions]
    return max((_UNIT_DAYS.get(rule.unit, rule.days) for rule in rules), default=1) * _SHORT


def _below(run: FoldRun, alarm_id: str) -> list[str]:
    return [each for each in run.state.clocks.family(alarm_id) if each != alarm_id]


def _first_facts(alarm: Alarm) -> AlarmFacts:
    raised = instant_at(alarm.first_occurrence)
    times = AlarmTimes(
        raised=raised,
        severity=alarm.severity,
        acknowledged=None if alarm.acknowledged_at is None else instant_at(alarm.acknowledged_at),
        attached=(AttachedSpan(alarm.parent_alarm_id, raised),) if alarm.parent_alarm_id else (),
    )
    return AlarmFacts(times, alarm.tenant_id, alarm.alarm_id, alarm.ticket_id or "")


def _with_severity(run: FoldRun, times: AlarmTimes, alarm: Alarm) -> AlarmTimes:
    in_force = times.changes[-1].severity if times.changes else times.severity
    return times if alarm.severity == in_force else change_severity(times, max(run.now, times.raised), alarm.severity)


def _with_attachment(times: AlarmTimes, now: int, parent_id: str) -> AlarmTimes:
    spans = times.attached
    last = spans[-1] if spans and spans[-1].end is None else None
    if (last.parent_id if last is not None else "") == parent_id:
        return times
    if last is not None:
        spans = (*spans[:-1], replace(last, end=max(now, last.start)))
    if parent_id:
        spans = (*spans, AttachedSpan(parent_id, now))
    return replace(times, attached=spans)
