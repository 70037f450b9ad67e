"""The facts of alarms, from the Changes of the correlator: raise, severity, acknowledgement, clear, re-opening, attachment."""

from collections.abc import Iterable

from msgspec.structs import replace

from actors.sla_clock.alarm_facts import POWER_OUTAGE, AlarmFacts
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.run import FoldRun
from actors.sla_clock.time_limit import acknowledge, change_severity, end, reopen
from actors.sla_clock.work import WalkBelow, WalkThese
from protocols.alarm import Alarm
from protocols.sla.business_time import DAY
from protocols.sla.changes import SlaClockChanged
from protocols.sla.clock_facts import AlarmTimes, AttachedSpan, EndedSpan
from protocols.sla.definition import SlaDefinition
from protocols.sla.local_time import SECOND, instant_at

EFFECTS = ("outage", "degraded")
"""Effects on service with which an alarm has clocks."""
_KEEP = DAY * SECOND
"""How long the facts of a cleared alarm are kept that concerns no instance with time limits."""


def note_clock(run: FoldRun, alarm: Alarm, moved: int = 0) -> None:
    """Bring the facts of an alarm to what the alarm says now, and have the instances examined whose clocks differ. ``moved``:
    the jumps of the clock (microseconds) since it was opened, where that is new."""
    clocks = run.state.clocks
    known = clocks.get(alarm.id)
    if known is None:
        lasted = alarm.cleared_at is None or alarm.cleared_at > alarm.opened_at
        if lasted and (alarm.service_effect in EFFECTS or alarm.is_root_cause):
            put_facts(run, alarm.id, _first_facts(alarm, moved), "")
        return
    times = _with_attachment(_with_severity(run, known.times, alarm), run.now, alarm.parent_alarm_id or "")
    if alarm.acknowledged_at is not None and times.acknowledged is None:
        times = acknowledge(times, instant_at(alarm.acknowledged_at))
    if alarm.cleared_at is not None:
        times = end(times, max(times.raised, instant_at(alarm.cleared_at)))
    elif known.ended is not None:
        times = reopen(times, max(known.ended, instant_at(alarm.opened_at) + moved))
    facts = replace(known, times=times, ticket_id=alarm.ticket_id or "")
    if facts != known:
        put_facts(run, alarm.id, facts, f"{alarm.alarm_id} changed")
        # Begin and end of an outage have the instances of this alarm examined already.
        ticket = facts.ticket_id != known.ticket_id
        plain = replace(times, ended=known.times.ended) != known.times or ticket
        if plain or clocks.has_below(alarm.id):
            concerned = clocks.family(alarm.id) if plain else clocks.below(alarm.id)
            walk(run, concerned, f"{alarm.alarm_id} changed", unlimited=ticket)  # a breach of availability shows it as well


def has_limits(definition: SlaDefinition) -> bool:
    """True when the definition promises a time limit."""
    return bool(definition.terms.response or definition.terms.resolution)


def put_facts(run: FoldRun, alarm_id: str, facts: AlarmFacts, why: str) -> None:
    """Keep the facts of an alarm."""
    state = run.state
    state.clocks.put(run.journal, alarm_id, facts)
    run.evidence.forget_limits()
    forget_at = None if facts.ended is None or facts.recorded else run.now + _KEEP
    state.deadlines.set(run.journal, "clock", alarm_id, forget_at)
    if facts.recorded:
        run.emit(clock_changed(run.offset, alarm_id, facts, why))


def clock_changed(offset: int, alarm_id: str, facts: AlarmFacts, why: str = "") -> SlaClockChanged:
    """The facts of an alarm as a Change of the Event at ``offset``."""
    return SlaClockChanged(offset, alarm_id, facts.tenant_id, facts.times, why, facts.name, facts.ticket_id)


def record_clock(run: FoldRun, alarm_id: str) -> None:
    """The alarm concerns an instance with time limits: its facts are emitted, once."""
    facts = run.state.clocks.get(alarm_id)
    if facts is not None and not facts.recorded:
        run.state.clocks.put(run.journal, alarm_id, replace(facts, recorded=True))
        run.emit(clock_changed(run.offset, alarm_id, facts))


def walk(run: FoldRun, alarms: Iterable[str], why: str, since: int = NEVER, *, unlimited: bool = False) -> None:
    """Have the instances examined that these alarms concern. ``since``: the earliest instant at which a figure of a closed
    period can differ. ``unlimited``: also where no definition has a time limit."""
    state = run.state
    if not unlimited and not any(has_limits(each) for versions in state.definitions.values() for each in versions):
        return
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
    if nodes:
        state.put_work(run.journal, WalkBelow(tuple(nodes)[::-1], why, since=since))
    if named:
        state.put_work(run.journal, WalkThese(tuple(named), why, since=since))


def forget_clock(run: FoldRun, alarm_id: str) -> None:
    """Forget a cleared alarm that concerned no instance with time limits. The others go with their period."""
    facts = run.state.clocks.get(alarm_id)
    if facts is not None and facts.ended is not None and not facts.recorded:
        run.state.clocks.drop(run.journal, alarm_id)


def forget_clocks(run: FoldRun, horizon: int) -> None:
    """Forget the alarms that ended before ``horizon``, and what was decided about them."""
    state, journal = run.state, run.journal
    for alarm_id in [each for each, facts in state.clocks.by_id.items() if facts.ended is not None and facts.ended < horizon]:
        state.clocks.drop(journal, alarm_id)
    for instance_id, marks in list(state.clock_marks.items()):
        left = tuple(mark for mark in marks if mark.alarm_id in state.clocks.by_id)
        if not left:
            journal.drop(state.clock_marks, instance_id)
        elif left != marks:
            journal.put(state.clock_marks, instance_id, left)


def _first_facts(alarm: Alarm, moved: int) -> AlarmFacts:
    raised = instant_at(alarm.first_occurrence) + moved
    times = AlarmTimes(
        raised=raised,
        severity=alarm.severity,
        acknowledged=None if alarm.acknowledged_at is None else max(raised, instant_at(alarm.acknowledged_at)),
        ended=() if alarm.cleared_at is None else (EndedSpan(instant_at(alarm.cleared_at)),),
        attached=(AttachedSpan(alarm.parent_alarm_id, raised),) if alarm.parent_alarm_id else (),
    )
    return AlarmFacts(
        times,
        alarm.tenant_id,
        alarm.alarm_id,
        alarm.ticket_id or "",
        is_power_outage=alarm.alarm_type == POWER_OUTAGE,
    )


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
