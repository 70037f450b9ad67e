"""The outages of an instance in a period, each with the time that it counts and the reason why not all of it does."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from actors.sla_clock.books.breaches import root_of
from actors.sla_clock.books.figures import SlaFigures
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.outages import STOPPED
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.evidence.unseen import UNSEEN
from actors.sla_clock.report.applied_exclusions import ExclusionTimes
from protocols.decimal_text import seconds
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, Timeline, intersection, total, union
from protocols.sla.outage import OutageEffect, SlaOutage
from protocols.sla.report import OutageTreatment, ReportedOutage

MOST_OUTAGES: Final = 2_000
MOST_ALARMS: Final = 20
"""Alarms that one outage names."""


def reported_outages(
    reader: EvidenceReader,
    instance: SlaInstance,
    figures: SlaFigures,
    times: ExclusionTimes,
    as_of: int,
    minimum: int,
) -> list[ReportedOutage]:
    """By start, without overlap. An outage that goes on behind ``as_of`` has no end. The time counted is that of
    ``figures.counted``, whose sum is the downtime. Of more than :data:`MOST_OUTAGES` the last stands for the rest."""
    contract, state = figures.shares.contract, reader.state
    concerning = reader.concerning(instance)
    down = [(span, inside) for span in figures.outages if (inside := intersection([span], contract))]
    unseen = [*concerning, *(state.outages[each] for each in state.outages_at.get("", ()))]
    found = [
        _outage(reader, alarms, figures, times, span, inside, as_of, minimum)
        for (span, inside), alarms in zip(down, _during(concerning, [span for span, _ in down], "outage"), strict=True)
    ]
    unknown = figures.shares.unknown
    for span, alarms in zip(unknown, _during(unseen, unknown, "unknown"), strict=True):
        counted = total(_within(figures.counted, span))
        found.append(
            ReportedOutage(
                start=span[0],
                end=None if span[1] >= as_of and _goes_on(alarms, as_of) else span[1],
                counted=counted,
                treatment="unknown",
                reason=f"no outage is known; it counts as {'down' if counted else 'up'}",
                alarms=_names(alarms),
                cause=alarms[0].title if alarms else "",
                resource=alarms[0].resource_id if alarms else "",
            )
        )
    return _bounded(sorted(found, key=lambda each: (each.start, each.counted)))


def _bounded(found: list[ReportedOutage]) -> list[ReportedOutage]:
    if len(found) <= MOST_OUTAGES:
        return found
    shown, rest = found[: MOST_OUTAGES - 1], found[MOST_OUTAGES - 1 :]
    counted = sum(each.counted for each in rest)
    text = f"{len(rest):,} outages, listed as one"
    last = ReportedOutage(start=rest[0].start, end=rest[-1].end, counted=counted, treatment="counted", reason=text)
    return [*shown, last]


def _outage(
    reader: EvidenceReader,
    alarms: list[SlaOutage],
    figures: SlaFigures,
    times: ExclusionTimes,
    span: Interval,
    inside: Timeline,
    as_of: int,
    minimum: int,
) -> ReportedOutage:
    root = root_of(reader.state, alarms, max(span[0], inside[0][0]))
    counted = total(intersection(inside, _within(figures.counted, span)))
    length = total(inside)
    treatment, reason = _treatment(times, span, inside, counted, length, as_of, minimum)
    return ReportedOutage(
        start=span[0],
        end=None if span[1] > as_of else span[1],
        counted=counted,
        treatment=treatment,
        reason=reason,
        alarms=_names(alarms),
        cause=root.title if root is not None else "",
        resource=root.resource_id if root is not None else "",
    )


def _treatment(
    times: ExclusionTimes, span: Interval, inside: Timeline, counted: int, length: int, as_of: int, minimum: int
) -> tuple[OutageTreatment, str]:
    """How the part of an outage within the contract and the period counts, and why less than all of it does."""
    if counted == length:
        return "counted", ""
    if not counted and min(span[1], as_of) - span[0] < minimum:
        return "too_short", f"shorter than {seconds(minimum)} s"
    sources: list[tuple[OutageTreatment, str, Timeline]] = [
        ("planned", "planned maintenance", times.maintenance),
        ("customer_power", "the loss of the customer's own power", times.own_power),
        ("excluded", "exclusions", union((each.start, each.end) for each in times.stated)),
    ]
    covered = [(total(intersection(inside, _within(timeline, span))), treatment, text) for treatment, text, timeline in sources]
    parts = [f"{seconds(amount)} s within {text}" for amount, _, text in covered if amount]
    reason = f"{' and '.join(parts)} {'do' if len(parts) > 1 else 'does'} not count" if parts else ""
    if counted:
        return "counted", reason
    return max(covered, key=lambda each: each[0])[1], reason


def _during(known: list[SlaOutage], spans: Timeline, effect: OutageEffect) -> Iterator[list[SlaOutage]]:
    """For each of ``spans`` the intervals of this effect that touch it, the earliest first."""
    waiting = sorted((each for each in known if each.effect == effect), key=lambda each: (each.start, each.id))
    lasting: list[SlaOutage] = []
    behind = 0
    for start, end in spans:
        while behind < len(waiting) and waiting[behind].start < end:
            lasting.append(waiting[behind])
            behind += 1
        lasting = [each for each in lasting if each.end is None or each.end > start]
        yield lasting


def _within(timeline: Timeline, span: Interval) -> Timeline:
    """The part of ``timeline`` within ``span``, found without a walk over all of it."""
    first = max(0, bisect_right(timeline, (span[0], NEVER)) - 1)
    return intersection(timeline[first : bisect_right(timeline, (span[1], 0))], [span])


def _goes_on(alarms: list[SlaOutage], as_of: int) -> bool:
    return any(each.end is None or each.end > as_of for each in alarms)


def _names(alarms: list[SlaOutage]) -> tuple[str, ...]:
    """Time in which faultd did not run or was blind has no alarm."""
    shown = (each for each in alarms if each.alarm_type not in (STOPPED, UNSEEN))
    return tuple(dict.fromkeys(each.alarm_name or each.alarm_id for each in shown))[:MOST_ALARMS]
