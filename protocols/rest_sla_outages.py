"""Queries, bodies and answers about outage intervals."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import Line, Name, Time, check_time
from protocols.severity import Severity
from protocols.sla.local_time import SECOND, utc_time
from protocols.sla.outage import OutageEffect, SlaOutage


class OutagesQuery(PageQuery, frozen=True, kw_only=True, rename={"since": "from", "before": "to"}):
    """The query of the list of outages."""

    resource_id: Name | None = None
    alarm_id: Annotated[Name | None, Meta(description="`id` or `alarm_id` of the alarm")] = None
    effect: tuple[OutageEffect, ...] = ()
    lasting: Annotated[bool | None, Meta(description="Whether it has no end yet")] = None
    since: Annotated[Time | None, Meta(description="Begun at or after this time")] = None
    before: Annotated[Time | None, Meta(description="Begun before this time")] = None

    def __post_init__(self) -> None:
        check_time("from", self.since)
        check_time("to", self.before)


class OutageCorrection(Body, frozen=True, kw_only=True):
    """The true begin or end of an outage. A field that is left out keeps its value."""

    start_time: Time | UnsetType = UNSET
    end_time: Time | UnsetType = UNSET
    reason: Annotated[Line, Meta(description="Who or what says so; it is shown with each figure that changes")]

    def __post_init__(self) -> None:
        if self.start_time is UNSET and self.end_time is UNSET:
            raise ValueError("start_time: give a start_time, an end_time, or both")
        for name in ("start_time", "end_time"):
            at = getattr(self, name)
            if at is not UNSET:
                check_time(name, at)


class SlaOutageShown(Struct, frozen=True, kw_only=True):
    """For how long one alarm says that a resource has no service, or that faultd cannot see it. ``duration`` in seconds, of one
    that lasts until now. ``corrected``: an operator stated its begin or end."""

    id: str
    alarm_id: str
    alarm_name: str
    alarm_type: str
    title: str
    tenant_id: str
    resource_id: str
    service_ids: tuple[str, ...]
    customer_ids: tuple[str, ...]
    effect: OutageEffect
    severity: Severity
    parent_alarm_id: str | None
    customer_power: bool
    start_time: datetime
    end_time: datetime | None
    duration: float
    corrected: bool


class SlaOutagePage(Struct, frozen=True, kw_only=True):
    """Outages, the latest first, and the cursor of the next page (null on the last)."""

    items: tuple[SlaOutageShown, ...]
    next_cursor: str | None = None


def outage_shown(outage: SlaOutage, now: int) -> SlaOutageShown:
    """An outage as REST shows it at ``now``."""
    return SlaOutageShown(
        id=outage.id,
        alarm_id=outage.alarm_id,
        alarm_name=outage.alarm_name,
        alarm_type=outage.alarm_type,
        title=outage.title,
        tenant_id=outage.tenant_id,
        resource_id=outage.resource_id,
        service_ids=outage.services,
        customer_ids=outage.customers,
        effect=outage.effect,
        severity=outage.severity,
        parent_alarm_id=outage.parent_alarm_id,
        customer_power=outage.customer_power,
        start_time=utc_time(outage.start),
        end_time=None if outage.end is None else utc_time(outage.end),
        duration=((now if outage.end is None else outage.end) - outage.start) / SECOND,
        corrected=outage.corrected,
    )
