"""The report of a closed period in which nothing happened: it follows from its figures. Pure."""

from protocols.sla.definition import SlaTerms
from protocols.sla.intervals import clip, union
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import ShareTotals, SlaReport, share_timeline


def untouched_report(figures: PeriodFigures, terms: SlaTerms) -> SlaReport:
    """The whole contract time of the period was up. ``terms``: those of the version that applies to it."""
    contract = union([(figures.start, figures.end)])
    if figures.contract_start:
        end = figures.end if figures.contract_end is None else figures.contract_end
        contract = clip(contract, (figures.contract_start, max(figures.contract_start, end)))
    return SlaReport(
        operator="",
        tenant_id=figures.tenant_id,
        customer_id=figures.customer_id,
        customer_name=figures.customer_name,
        instance_id=figures.instance_id,
        service_id=figures.service_id,
        definition_name=terms.name,
        definition_version=figures.definition_version,
        target=terms.availability_target,
        zone=terms.period.zone,
        period_start=figures.start,
        period_end=figures.end,
        as_of=figures.end,
        made_at=figures.made_at,
        closed=True,
        revision=figures.revision,
        revision_reason=figures.reason if figures.revision > 1 else "",
        contract_start=figures.contract_start,
        contract_end=figures.contract_end,
        contract_time=figures.contract,
        shares=ShareTotals(up=figures.up),
        unknown_counts_as=terms.unknown_counts_as,
        downtime=0,
        availability=figures.availability,
        outage_minimum=terms.outage_minimum,
        budget_time=None if figures.budget is None else figures.contract,
        budget=figures.budget,
        budget_left=figures.budget,
        timeline=share_timeline(contract, (), (), ()),
        currency=figures.currency,
        minor_digits=figures.minor_digits,
    )
