"""The decisions about limits that were made for an instance: breaches that were opened, and warnings that people were given."""

from msgspec import Struct

from actors.sla_clock.performance import PerformanceState
from protocols.sla.clock_facts import ClockKind
from protocols.sla.performance_rule import PerformanceRule


class ClockMark(Struct, frozen=True, array_like=True, gc=False):
    """``response`` and ``resolution``: ids of the breaches of an instance by this alarm, also of withdrawn ones; "" for none.
    ``warned``: the clocks of which people were asked to hear that they are at risk."""

    alarm_id: str
    response: str = ""
    resolution: str = ""
    warned: tuple[ClockKind, ...] = ()


class MetricRecord(Struct, frozen=True, array_like=True, gc=False):
    """Measurements of one instance and metric by the ``rule`` that applies. ``breaches``: begin and breach id of each violation
    that is not settled."""

    rule: PerformanceRule
    state: PerformanceState = PerformanceState()
    breaches: tuple[tuple[int, str], ...] = ()
