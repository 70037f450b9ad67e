"""An outage interval: for how long one alarm says that a resource has no service, or that faultd cannot see it."""

from typing import Literal

from msgspec import Struct

from protocols.severity import Severity

OutageEffect = Literal["outage", "unknown", "degraded"]


class SlaOutage(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """``start`` (first evidence, by event time) until before ``end``; None: it lasts. Microseconds since 1970 UTC.

    An alarm that is re-opened has several intervals: ``number`` counts them from 0, and ``id`` is ``ALARM.NUMBER``.
    ``resource_id`` is "" for an interval that concerns everything: faultd itself did not run.
    """

    id: str
    number: int
    alarm_id: str
    """The alarm's ``id``; "" when there is no alarm."""
    alarm_name: str
    """The alarm's external name."""
    alarm_type: str
    title: str
    tenant_id: str
    """"": it concerns services of every tenant, since the resource is a shared node of the topology."""
    resource_id: str
    services: tuple[str, ...] = ()
    """Services that the report itself names, where the resource is no node of the topology."""
    customers: tuple[str, ...] = ()
    """Customers that the report names, where it names no service."""
    effect: OutageEffect
    severity: Severity
    parent_alarm_id: str | None = None
    customer_power: bool = False
    """The ONT reported the loss of its own electrical power, and no fault of the network explains it."""
    start: int
    end: int | None = None
    moved: int = 0
    """Jumps of the clock by which it was moved: ``start`` is the alarm's time and this."""
    corrected: bool = False
    """An operator stated the begin or the end: what the alarm says of it counts no more."""
