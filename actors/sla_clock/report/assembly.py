"""Assembly of the report of one instance and period. Pure: the same state gives the same report.

Every figure is that of ``books/figures.py``. :func:`protocols.sla.report_check.require_consistent` accepts what is made here.
"""

from typing import Final

from actors.sla_clock.books.figures import SlaFigures
from actors.sla_clock.books.period_choice import Period, contract_of
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.report.applied_exclusions import applied_exclusions, exclusion_times
from actors.sla_clock.report.reported_clocks import reported_clocks
from actors.sla_clock.report.reported_outages import reported_outages
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import clip, difference, total, union
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import ShareTotals, SlaReport, share_timeline

MOST_SPANS: Final = 20_000
"""Spans of a timeline that is kept."""


def report_of(
    reader: EvidenceReader,
    instance: SlaInstance,
    period: Period,
    figures: SlaFigures,
    *,
    as_of: int,
    made_at: int,
    breaches: tuple[str, ...] = (),
    revision: int = 1,
    reason: str = "",
    previous: PeriodFigures | None = None,
) -> SlaReport:
    """The report of ``period``. ``figures`` are those at ``as_of``, which is within the period; at its end the report is that
    of a closed period. ``breaches``: ids, withdrawn ones among them. Without the name of the operator."""
    state, terms = reader.state, period.definition.terms
    contract = clip(union([period.interval]), contract_of(instance))
    budget_time = None if figures.budget is None else total(difference(contract, figures.exclusions))
    credit = state.credits.get((instance.id, period.start))
    found = figures.shares
    timeline = share_timeline(found.up, found.down, found.excluded, found.unknown)
    times = exclusion_times(reader, instance, period)
    standing = [breach for each in breaches if (breach := state.breaches.get(each)) is not None and not breach.withdrawn]
    return SlaReport(
        operator="",
        tenant_id=instance.tenant_id,
        customer_id=instance.customer_id,
        customer_name=instance.customer_name,
        instance_id=instance.id,
        service_id=instance.service_id,
        definition_name=terms.name,
        definition_version=period.definition.version,
        target=terms.availability_target,
        zone=terms.period.zone,
        period_start=period.start,
        period_end=period.end,
        as_of=as_of,
        made_at=made_at,
        closed=as_of == period.end,
        revision=revision,
        revision_reason=reason,
        previous=previous,
        contract_start=instance.start,
        contract_end=None if contract_of(instance)[1] == NEVER else instance.end,
        contract_time=total(contract),
        shares=ShareTotals(found.time_up, total(found.down), total(found.excluded), total(found.unknown)),
        unknown_counts_as=terms.unknown_counts_as,
        downtime=figures.down,
        availability=figures.availability,
        outage_minimum=terms.outage_minimum,
        budget_time=budget_time,
        budget=figures.budget,
        budget_left=None if figures.budget is None else figures.budget - figures.down,
        timeline=timeline if len(timeline) <= MOST_SPANS else (),
        outages=tuple(reported_outages(reader, instance, figures, times, as_of, terms.outage_minimum)),
        exclusions=tuple(applied_exclusions(reader, instance, times, contract)),
        clocks=reported_clocks(reader, instance, period, as_of),
        breaches=tuple(sorted(standing, key=lambda breach: (breach.start, breach.id))),
        credits=() if credit is None else credit.lines,
        currency=instance.currency if credit is None else credit.currency,
        minor_digits=instance.minor_digits if credit is None else credit.minor_digits,
    )
