"""The exclusions of an instance within a period: planned maintenance, and what operators stated."""

from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.evidence.stated import stated_times
from actors.sla_clock.state import SlaState
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval


def exclusions_of(state: SlaState, instance: SlaInstance, period: Period) -> list[Interval]:
    """Intervals in which nothing counts, also future ones that are known."""
    return [(each.start, each.end) for each in stated_times(state, instance, period.interval)]
