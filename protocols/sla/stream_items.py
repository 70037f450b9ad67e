"""Instances and notification requests as the stream shows them. The names are those of REST."""

from datetime import datetime
from typing import Self

from msgspec import Struct

from protocols.sla.changes import SlaInstanceChanged, SlaNoticeKind, SlaNotificationRequested
from protocols.sla.instance import InstanceStatus
from protocols.sla.local_time import utc_time


class StreamedInstance(Struct, frozen=True, kw_only=True):
    """An instance with its status; ``GET /sla-instances/{id}`` has its figures. ``breaches_at``: the instant at which the
    budget ended, or ends if the outage under way lasts."""

    id: str
    tenant_id: str
    sla_definition_id: str
    customer_id: str
    customer_name: str
    service_id: str
    resources: tuple[str, ...]
    account_manager: str
    status: InstanceStatus
    reason: str
    """Why it has this status; empty while it is compliant."""
    breach_count: int
    breaches_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    revision: int

    @classmethod
    def of(cls, change: SlaInstanceChanged) -> Self:
        """As a Change has it."""
        instance = change.instance
        return cls(
            id=instance.id,
            tenant_id=instance.tenant_id,
            sla_definition_id=instance.definition_id,
            customer_id=instance.customer_id,
            customer_name=instance.customer_name,
            service_id=instance.service_id,
            resources=instance.resources,
            account_manager=instance.account_manager,
            status=change.status,
            reason=change.reason,
            breach_count=change.breach_count,
            breaches_at=_moment(change.breaches_at),
            period_start=_moment(change.period_start),
            period_end=_moment(change.period_end),
            revision=instance.revision,
        )


class StreamedRequest(Struct, frozen=True, kw_only=True):
    """A notification request. ``id`` names it for ever."""

    id: str
    at: datetime
    kind: SlaNoticeKind
    tenant_id: str
    sla_instance_id: str
    customer_id: str
    service_id: str
    breach_id: str | None
    alarm_id: str | None
    """The alarm's `id`."""
    reason: str

    @classmethod
    def of(cls, change: SlaNotificationRequested) -> Self:
        """As a Change has it."""
        return cls(
            id=f"{change.offset}.{change.number}",
            at=change.at,
            kind=change.kind,
            tenant_id=change.tenant_id,
            sla_instance_id=change.instance_id,
            customer_id=change.customer_id,
            service_id=change.service_id,
            breach_id=change.breach_id or None,
            alarm_id=change.alarm_id or None,
            reason=change.reason,
        )


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else utc_time(instant)
