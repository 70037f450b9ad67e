"""The exclusions of an instance within a period: planned maintenance, what operators stated, the customer's own power."""

from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.evidence.planned_work import excused_time
from actors.sla_clock.evidence.stated import stated_times
from actors.sla_clock.evidence.timelines import EvidenceReader, ServiceEvidence, excluded_power
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, union


def exclusions_of(
    reader: EvidenceReader, instance: SlaInstance, period: Period, evidence: ServiceEvidence
) -> tuple[Interval, ...]:
    """The timeline in which nothing counts, with future times that are known."""
    state = reader.state
    if not state.exclusions and not state.maintenance.named and not evidence.own_power:
        return ()
    terms = period.definition.terms
    found = [(each.start, each.end) for each in stated_times(state, instance, period.definition.id, period.interval)]
    if terms.exclude_maintenance:
        planned = reader.maintenance.planned(instance, period.interval, terms.maintenance_notice)
        found += excused_time(planned, evidence.down)
    return tuple(union([*found, *excluded_power(terms, evidence)]))
