"""Clocks and fault reports as the REST API reads them (:class:`protocols.sla.limits_view.LimitsView`)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.clock_breaches import KINDS, limits_of, terms_of
from actors.sla_clock.limits.instance_clocks import InstanceClock, clocks_of, severity_at
from actors.sla_clock.limits.marks import ClockMark
from actors.sla_clock.state import SlaState
from actors.sla_clock.time_limit import read_clock
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import SlaInstance
from protocols.sla.limits_view import ClockedAlarm, LiveClock
from protocols.sla.local_time import instant_at

MOST_INSTANCES = 20_000


class LimitsCatalogue:
    """Reads the state that ``state`` gives: a start replaces it."""

    def __init__(self, state: Callable[[], SlaState]) -> None:
        self._state = state

    def alarm(self, alarm_id: str) -> ClockedAlarm | None:
        clocks = self._state().clocks
        facts = clocks.get(alarm_id)
        if facts is None:
            return None
        return ClockedAlarm(
            id=alarm_id,
            name=facts.name,
            tenant_id=facts.tenant_id,
            cause_id=clocks.top_of(alarm_id),
            pauses=facts.times.pauses,
        )

    def instance(self, instance_id: str) -> SlaInstance | None:
        return self._state().instances.get(instance_id)

    def instances_of(self, alarm_id: str) -> Sequence[str]:
        state = self._state()
        found: dict[str, None] = {}
        for one in state.clocks.family(alarm_id):
            for instance_id in _concerned(state, one):
                found[instance_id] = None
                if len(found) >= MOST_INSTANCES:
                    return sorted(found)
        return sorted(found)

    def clocks(self, instance_id: str, now: datetime, alarm_id: str = "") -> Sequence[LiveClock]:
        state, at = self._state(), instant_at(now)
        instance = state.instances.get(instance_id)
        period = None if instance is None else period_of(state, instance, at)
        if instance is None or period is None:
            return []
        found = clocks_of(EvidenceReader(state), instance, period, at)
        return [
            live for clock in found if not alarm_id or alarm_id in clock.alarms for live in _live(state, instance, clock, at)
        ]

    def reports(self) -> Sequence[FaultReport]:
        return list(self._state().reports.values())

    def report(self, report_id: str) -> FaultReport | None:
        return self._state().reports.get(report_id)


def _live(state: SlaState, instance: SlaInstance, clock: InstanceClock, now: int) -> Iterator[LiveClock]:
    marks = state.clock_marks.get(instance.id, ())
    mark = next((each for each in marks if each.alarm_id == clock.alarm_id), ClockMark(clock.alarm_id))
    for kind in KINDS:
        if not limits_of(clock, kind):
            continue
        result = read_clock(kind, clock.times, terms_of(clock, kind), now)
        breach = state.breaches.get(mark.response if kind == "response" else mark.resolution)
        yield LiveClock(
            instance=instance,
            definition_id=clock.definition.id,
            definition_version=clock.definition.version,
            alarm_id=clock.alarm_id,
            alarm_name=state.clocks.by_id[clock.alarm_id].name,
            kind=kind,
            state=result.state,
            severity=severity_at(clock.times, now),
            raised=clock.times.raised,
            elapsed=result.elapsed,
            limit=result.limit,
            due_at=result.due_at,
            warning_at=result.warning_at,
            breach_at=result.breach_at,
            stopped_at=result.stopped_at,
            paused_by=result.paused_by,
            breach_id="" if breach is None or breach.withdrawn else breach.id,
        )


def _concerned(state: SlaState, alarm_id: str) -> Iterator[str]:
    """Ids of the instances at and below the resource of an alarm, or that it names."""
    known = state.outages_of.get(alarm_id)
    if known is None:
        return
    outage = state.outages[known[-1]]
    for key in (*(f"service:{one}" for one in outage.services), *(f"customer:{one}" for one in outage.customers)):
        yield from state.instances.at(key)
    seen, waiting = {outage.resource_id}, [outage.resource_id]
    while waiting:
        node = waiting.pop()
        yield from state.instances.at(node)
        for child in state.plant.children.get(node, ()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
