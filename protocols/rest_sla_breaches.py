"""Queries and answers about breaches of service level agreements."""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from protocols.rest_body import PageQuery
from protocols.rest_fields import Name, Time, check_time
from protocols.sla.breach import BreachType, SlaBreach
from protocols.sla.local_time import utc_time

BreachUnit = Literal["fraction", "minutes", "ms", "percent", "mbps"]
UNITS: Final[dict[BreachType, tuple[BreachUnit, int]]] = {
    "availability": ("fraction", 1_000_000_000),
    "response_time": ("minutes", 60_000_000),
    "resolution_time": ("minutes", 60_000_000),
    "latency": ("ms", 1_000),
    "packet_loss": ("percent", 10_000),
    "bandwidth": ("mbps", 1_000_000),
}
"""For each type the unit of its values in REST, which is that of the definition's field, and how many of the unit in which the
breach is kept make one."""


class BreachesQuery(PageQuery, frozen=True, kw_only=True, rename={"since": "from", "before": "to"}):
    """The query of the list of breaches."""

    sla_instance_id: Name | None = None
    customer_id: Name | None = None
    service_id: Name | None = None
    sla_definition_id: Name | None = None
    tenant_id: Name | None = None
    breach_type: tuple[BreachType, ...] = ()
    alarm_id: Annotated[Name | None, Meta(description="`id` or `alarm_id` of the alarm behind it")] = None
    resolved: Annotated[bool | None, Meta(description="Whether what broke the promise is over")] = None
    withdrawn: Annotated[bool, Meta(description="true: breaches that a later correction withdrew; else those that stand")] = (
        False
    )
    since: Annotated[Time | None, Meta(description="Begun at or after this time")] = None
    before: Annotated[Time | None, Meta(description="Begun before this time")] = None

    def __post_init__(self) -> None:
        check_time("from", self.since)
        check_time("to", self.before)


class BreachShown(Struct, frozen=True, kw_only=True):
    """A breach. ``duration`` in seconds, of one that lasts until now. ``target_value`` and ``actual_value`` are in ``unit``:
    a fraction, minutes, ms, per cent, or Mbit/s. ``deviation_percent``: by how much the actual value differs from the target;
    null for a target of 0. ``credit_amount`` in major units of ``currency``."""

    id: str
    sla_instance_id: str
    tenant_id: str
    customer_id: str
    service_id: str
    sla_definition_id: str
    definition_version: int
    breach_type: BreachType
    period_start: datetime
    breach_start: datetime
    breach_end: datetime | None
    duration: float
    unit: BreachUnit
    target_value: float
    actual_value: float
    deviation_percent: float | None
    credit_amount: float
    currency: str
    alarm_id: str | None
    """The alarm's `id`, the root cause where there is one."""
    alarm_name: str | None
    """Its external id."""
    alarms: tuple[str, ...]
    """`id` of every alarm that contributed, at most 20."""
    ticket_id: str | None
    resolved: bool
    withdrawn: bool
    reason: str
    revision: int


class BreachPage(Struct, frozen=True):
    """Breaches, the latest first, and the cursor of the next page (null on the last)."""

    items: tuple[BreachShown, ...]
    next_cursor: str | None = None
    degraded: str | None = None
    """Set while PostgreSQL is away: which breaches the list has then."""


def shown(breach: SlaBreach, now: int) -> BreachShown:
    """A breach as REST shows it at ``now`` (microseconds)."""
    unit, size = UNITS[breach.type]
    # A breach that was withdrawn while it was open has no end, and has lasted no time.
    lasts_until = breach.start if breach.withdrawn else now
    length = max(0, (lasts_until if breach.end is None else breach.end) - breach.start)
    return BreachShown(
        id=breach.id,
        sla_instance_id=breach.instance_id,
        tenant_id=breach.tenant_id,
        customer_id=breach.customer_id,
        service_id=breach.service_id,
        sla_definition_id=breach.definition_id,
        definition_version=breach.definition_version,
        breach_type=breach.type,
        period_start=utc_time(breach.period_start),
        breach_start=utc_time(breach.start),
        breach_end=None if breach.end is None else utc_time(breach.end),
        duration=length / 1_000_000,
        unit=unit,
        target_value=breach.target / size,
        actual_value=breach.actual / size,
        deviation_percent=round((breach.actual - breach.target) * 100 / breach.target, 6) if breach.target else None,
        credit_amount=breach.credit / 10**breach.minor_digits,
        currency=breach.currency,
        alarm_id=breach.alarm_id or None,
        alarm_name=breach.alarm_name or None,
        alarms=breach.alarms,
        ticket_id=breach.ticket_id or None,
        resolved=breach.resolved,
        withdrawn=breach.withdrawn,
        reason=breach.reason,
        revision=breach.revision,
    )
