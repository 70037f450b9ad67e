"""A breach: a promise of an instance that was not kept, with the instant at which that became true."""

from typing import Literal, get_args

from msgspec import Struct

BreachType = Literal["availability", "response_time", "resolution_time", "latency", "packet_loss", "bandwidth"]
BREACH_TYPES: tuple[BreachType, ...] = get_args(BreachType)


class SlaBreach(Struct, frozen=True, kw_only=True):
    """Instants in microseconds since 1970 UTC. ``target`` and ``actual`` are whole numbers in the unit of the type:
    parts of a billion (availability), microseconds (times, latency), lost packets in a million, bit/s.
    """

    id: str
    """``SB`` and the offset of the Event that opened it; further ones of the same Event have ``.1``, ``.2`` … behind it."""
    instance_id: str
    tenant_id: str
    definition_id: str
    definition_version: int
    customer_id: str
    service_id: str
    type: BreachType
    period_start: int
    """Begin of the period that it belongs to."""
    start: int
    """The first instant at which it was true."""
    end: int | None = None
    """Availability: when the outage that broke the budget ended, or the period did. Time limits: acknowledgement or clear.
    Performance: the end of the violation."""
    target: int
    actual: int
    """As far as is known at the last change of this record."""
    alarm_id: str = ""
    """``id`` of the alarm, which is the root cause where there is one."""
    alarm_name: str = ""
    alarms: tuple[str, ...] = ()
    """``id`` of every alarm that contributed, at most 20."""
    ticket_id: str = ""
    credit: int = 0
    """Sum of the credit lines that name this breach, in minor units."""
    currency: str = ""
    minor_digits: int = 2
    resolved: bool = False
    """``end`` is known: what broke the promise is over. Also when the breach is withdrawn, then with or without an ``end``."""
    withdrawn: bool = False
    """A later correction shows that the promise was kept."""
    reason: str = ""
    """How it comes about, for a reader."""
    revision: int = 1
