"""The outages of an instance in a period, each with the time that it counts and the reason why not all of it does."""

from collections.abc import Iterator
from typing import Final

from actors.sla_clock.books.breaches import root_of
from actors.sla_clock.books.figures import SlaFigures
from actors.sla_clock.evidence.outages import STOPPED
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.report.applied_exclusions import ExclusionTimes
from protocols.decimal_text import seconds
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, Timeline, intersection, total, union
from protocols.sla.outage import OutageEffect, SlaOutage
from protocols.sla.report import OutageTreatment, ReportedOutage

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
    ``figures.counted``, whose sum is the downtime."""
    contract = figures.shares.contract
    state = reader.state
    known = [*reader.concerning(instance), *(state.outages[each] for each in state.outages_at.get("", ()))]
    found = []
    for span in figures.outages:
        inside = intersection([span], contract)
        if inside:
            found.append(_outage(reader, known, figures, times, span, inside, as_of, minimum))
    for span in figures.shares.unknown:
        alarms = list(_during(known, span, "unknown"))
        counted = total(intersection([span], figures.counted))
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
    return sorted(found, key=lambda each: (each.start, each.counted))


def _outage(
    reader: EvidenceReader,
    known: list[SlaOutage],
    figures: SlaFigures,
    times: ExclusionTimes,
    span: Interval,
    inside: Timeline,
    as_of: int,
    minimum: int,
) -> ReportedOutage:
    alarms = list(_during(known, span, "outage"))
    root = root_of(reader.state, alarms, max(span[0], inside[0][0]))
    counted, length = total(intersection(inside, figures.counted)), total(inside)
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
    covered = [(total(intersection(inside, timeline)), treatment, text) for treatment, text, timeline in sources]
    parts = [f"{seconds(amount)} s within {text}" for amount, _, text in covered if amount]
    reason = f"{' and '.join(parts)} {'do' if len(parts) > 1 else 'does'} not count" if parts else ""
    if counted:
        return "counted", reason
    return max(covered, key=lambda each: each[0])[1], reason


def _during(known: list[SlaOutage], span: Interval, effect: OutageEffect) -> Iterator[SlaOutage]:
    for each in known:
        if each.effect == effect and each.start < span[1] and (each.end is None or each.end > span[0]):
            yield each


def _goes_on(alarms: list[SlaOutage], as_of: int) -> bool:
    return any(each.end is None or each.end > as_of for each in alarms)


def _names(alarms: list[SlaOutage]) -> tuple[str, ...]:
    """Time in which faultd did not run has no alarm."""
    return tuple(dict.fromkeys(each.alarm_name or each.alarm_id for each in alarms if each.alarm_id != STOPPED))[:MOST_ALARMS]
