"""The clocks of one instance: an :class:`AlarmTimes` for each alarm that people work on, derived from the facts of alarms.

People work on the root cause. So the alarms that concern an instance count for the alarm at the top of theirs: its *cause*. Its
clock for the instance counts

- from the earliest first evidence of the alarms that concern the instance, also where the cause was found later;
- until the last of them is cleared. That the cause was cleared before changes nothing for a customer whose alarm is open;
- with the severity that was in force for the earliest of them: its own, and while it is attached, that of the alarm above;
- with every acknowledgement and pause of these alarms, and of the cause while they are attached to it.

An alarm that is detached takes along what happened while it was attached. So its clock goes on without a break.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from actors.sla_clock.alarm_facts import DEEPEST, AlarmFactTable
from actors.sla_clock.books.period_choice import Period, contract_of, period_of
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.planned_work import excused_time
from actors.sla_clock.evidence.stated import stated_times
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.clock_facts import EFFECTS, has_limits
from actors.sla_clock.state import SlaState
from protocols.severity import Severity
from protocols.sla.business_time import DAY
from protocols.sla.clock_facts import AlarmTimes, AttachedSpan, ClockPause, EndedSpan, PauseReason, SeverityChange
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.exclusion import ExclusionCategory
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, difference, union
from protocols.sla.local_time import SECOND
from protocols.sla.outage import SlaOutage

AHEAD = 31 * DAY * SECOND
"""How far ahead planned work is looked for. A clock is examined when it is due, so work behind it comes in time."""
ALWAYS: Interval = (-NEVER, NEVER)
REASONS: Final[Mapping[ExclusionCategory, PauseReason]] = {
    "customer": "waiting_for_customer",
    "supplier": "waiting_for_supplier",
    "force_majeure": "force_majeure",
    "agreed": "agreed",
}
"""The reason of the pause that an exclusion is."""


class InstanceClock(NamedTuple):
    """``alarm_id``: the cause. ``alarms``: it, and those below it that concern the instance. ``definition``: the version that
    was in force when the clock began."""

    alarm_id: str
    alarms: tuple[str, ...]
    times: AlarmTimes
    definition: SlaDefinition


def clocks_of(
    evidence: EvidenceReader, instance: SlaInstance, period: Period, now: int, decided: Collection[str] | None = None
) -> list[InstanceClock]:
    """Every clock of an instance that is known, the earliest first. With ``decided``, the alarms about which something was
    decided: without the others that were over before any limit could be exceeded, however often an alarm comes and goes."""
    table = evidence.state.clocks.by_id
    found = [each for each in evidence.concerning(instance) if each.effect in EFFECTS and each.alarm_id in table]
    if not found:
        return []
    start, end = contract_of(instance)
    # Services below one cause share everything but their exclusions.
    key = None
    if start <= period.start <= found[0].start and not decided:
        key = tuple(each.id for each in found), period.definition.id, period.definition.version, end, decided is None
    shared: list[_SharedClock] | None = evidence.clocks.get(key) if key is not None else None
    if shared is None:
        shared = list(_shared(evidence.state, instance, period, found, decided))
        if key is not None:
            evidence.clocks[key] = shared
    clocks = []
    for clock, opened in shared:
        raised = clock.times.raised
        pauses = _exclusions(evidence, instance, (raised, max(now, raised) + AHEAD), clock.definition, opened)
        if pauses:
            clock = clock._replace(times=replace(clock.times, pauses=(*clock.times.pauses, *pauses)))
        clocks.append(clock)
    return clocks


class _SharedClock(NamedTuple):
    """A clock without the exclusions of the instance, and the timeline in which its alarms were open."""

    clock: InstanceClock
    opened: Sequence[Interval]


def _shared(
    state: SlaState,
    instance: SlaInstance,
    period: Period,
    outages: Sequence[SlaOutage],
    decided: Collection[str] | None,
) -> Iterator[_SharedClock]:
    spans: dict[str, list[SlaOutage]] = {}
    for outage in outages:
        spans.setdefault(outage.alarm_id, []).append(outage)
    causes: dict[str, list[str]] = {}
    for alarm_id in spans:
        causes.setdefault(state.clocks.top_of(alarm_id), []).append(alarm_id)
    start, end = contract_of(instance)
    for cause, members in causes.items():
        began = max(start, spans[members[0]][0].start)
        definition = period.definition if period.start <= began else (period_of(state, instance, began) or period).definition
        if began >= end or not has_limits(definition):
            continue
        if definition.terms.customer_power == "excluded":
            # The customer's own power: nobody is waited for.
            members = [each for each in members if not spans[each][-1].customer_power]
        opened = union((each.start, NEVER if each.end is None else each.end) for one in members for each in spans[one])
        if not opened:
            continue
        alarms = tuple(dict.fromkeys([cause, *_chain(state.clocks, members)]))
        if decided is not None and _is_brief(definition.terms, opened) and not any(each in decided for each in alarms):
            continue
        times = _times(state.clocks, members, max(start, opened[0][0]), opened, end)
        yield _SharedClock(InstanceClock(cause, alarms, times, definition), opened)


def _is_brief(terms: SlaTerms, opened: Sequence[Interval]) -> bool:
    """True when so little time has passed from raise to end that no limit can be exceeded."""
    return opened[-1][1] - opened[0][0] <= min([*terms.response.values(), *terms.resolution.values()])


def severity_at(times: AlarmTimes, at: int) -> Severity:
    """The severity in force at an instant."""
    return _in_force([SeverityChange(times.raised, times.severity), *times.changes], at)


def _exclusions(
    evidence: EvidenceReader, instance: SlaInstance, span: Interval, definition: SlaDefinition, opened: Sequence[Interval]
) -> list[ClockPause]:
    """Exclusions that operators stated, and work that was planned before the alarm was raised."""
    stated, terms = stated_times(evidence.state, instance, definition.id, span), definition.terms
    pauses = [ClockPause(each.exclusion.id, REASONS[each.exclusion.category], each.start, each.end) for each in stated]
    if terms.exclude_maintenance:
        planned = evidence.maintenance.planned(instance, span, terms.maintenance_notice)
        pauses += [ClockPause("", "maintenance", *each) for each in excused_time(planned, opened)]
    return pauses


def _times(
    table: AlarmFactTable, members: Sequence[str], raised: int, opened: Sequence[Interval], contract_end: int
) -> AlarmTimes:
    first, *later = _severities(table, members[0])
    last = min(opened[-1][1], contract_end)
    ended = [EndedSpan(*each) for each in difference([(raised, last)], opened)] if last > raised else []
    if last < NEVER:
        ended.append(EndedSpan(max(raised, last)))
    acknowledged = [at for each in members for at in _acknowledgements(table, each)]
    pauses = dict.fromkeys(pause for each in members for pause in _pauses(table, each))
    return AlarmTimes(
        raised=raised,
        severity=first.severity,
        changes=tuple(later),
        acknowledged=min(acknowledged, default=None),
        ended=tuple(ended),
        pauses=tuple(sorted(pauses, key=lambda pause: (pause.start, pause.id))),
    )


def _severities(table: AlarmFactTable, alarm_id: str, window: Interval = ALWAYS, depth: int = 0) -> list[SeverityChange]:
    """The severity in force for an alarm from each instant of ``window`` on: that of the alarm above while it is attached."""
    times = table.by_id[alarm_id].times
    own = [SeverityChange(times.raised, times.severity), *times.changes]
    found, cursor = own[:1], times.raised
    for span, within in _attached(table, times, window, depth):
        above = _severities(table, span.parent_id, within, depth + 1)
        found += [each for each in own[1:] if cursor <= each.at < span.start]
        found.append(SeverityChange(span.start, _in_force(above, span.start)))
        cursor = NEVER if span.end is None else span.end
        found += [each for each in above[1:] if span.start < each.at < cursor]
        if span.end is not None:
            found.append(SeverityChange(span.end, _in_force(own, span.end)))
    found += [each for each in own[1:] if each.at >= cursor]
    return _distinct(found)


def _in_force(changes: Sequence[SeverityChange], at: int) -> Severity:
    severity = changes[0].severity
    for change in changes:
        if change.at <= at:
            severity = change.severity
    return severity


def _distinct(changes: Iterable[SeverityChange]) -> list[SeverityChange]:
    """Without changes to the severity that is in force already."""
    found: list[SeverityChange] = []
    for change in changes:
        if found and len(found) > 1 and found[-1].at == change.at:
            found.pop()
        if not found or found[-1].severity != change.severity:
            found.append(change)
    return found


def _acknowledgements(table: AlarmFactTable, alarm_id: str, window: Interval = ALWAYS, depth: int = 0) -> list[int]:
    """Facts of the alarm, of the one above, and of a former one above while the alarm was attached to it."""
    times = table.by_id[alarm_id].times
    found = [] if times.acknowledged is None else [times.acknowledged]
    for span, within in _attached(table, times, window, depth):
        above = _acknowledgements(table, span.parent_id, within, depth + 1)
        found += [at for at in above if span.end is None or span.start <= at < span.end]
    return found


def _pauses(table: AlarmFactTable, alarm_id: str, window: Interval = ALWAYS, depth: int = 0) -> list[ClockPause]:
    """Facts of the alarm, of the one above, and of a former one above while the alarm was attached to it."""
    times = table.by_id[alarm_id].times
    found = list(times.pauses)
    for span, within in _attached(table, times, window, depth):
        for pause in _pauses(table, span.parent_id, within, depth + 1):
            if span.end is None:
                found.append(pause)
            elif pause.start < span.end and (pause.end is None or pause.end > span.start):
                until = span.end if pause.end is None else min(pause.end, span.end)
                found.append(replace(pause, start=max(pause.start, span.start), end=until))
    return found


def _attached(
    table: AlarmFactTable, times: AlarmTimes, window: Interval, depth: int
) -> Iterator[tuple[AttachedSpan, Interval]]:
    """The spans within ``window`` of which the alarm above is known, each with what of the window it leaves. Since the windows
    shrink, alarms that took turns in being above one another are followed once for each turn."""
    for span in times.attached:
        within = max(window[0], span.start), min(window[1], NEVER if span.end is None else span.end)
        if within[0] < within[1] and span.parent_id in table.by_id and depth < DEEPEST:
            yield span, within


def _chain(table: AlarmFactTable, members: Iterable[str]) -> Iterable[str]:
    """The members and what lies between them and the cause."""
    for alarm_id in members:
        for _ in range(DEEPEST):
            yield alarm_id
            facts = table.get(alarm_id)
            if facts is None or facts.parent not in table.by_id:
                break
            alarm_id = facts.parent
