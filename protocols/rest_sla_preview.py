"""The answer of ``POST /maintenance-windows/preview``. Durations are seconds."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from protocols.sla.instance import InstanceStatus
from protocols.sla.local_time import SECOND, utc_time
from protocols.sla.preview import PreviewedInstance, WindowPreview


class PreviewedService(Struct, frozen=True, kw_only=True):
    """One instance in the period in which the window begins, if the service is down while the window is open and nothing else
    happens. ``planned`` counts on neither side; ``unplanned`` is downtime, ``reason`` says why."""

    sla_instance_id: str
    customer_id: str
    customer_name: str
    service_id: str
    sla_definition_id: str
    definition_name: str
    period_start: datetime
    period_end: datetime
    planned: float
    unplanned: float
    error_budget_before: float | None
    error_budget_after: float | None
    status_before: InstanceStatus
    status_after: InstanceStatus
    reason: str


class PreviewedWindow(Struct, frozen=True, kw_only=True):
    """``items``: the worst first. The counts are of every instance examined; ``complete`` is false when the window covers more
    than are examined."""

    customers: int
    services: int
    would_breach: int
    would_be_at_risk: int
    complete: bool
    items: tuple[PreviewedService, ...]
    warnings: tuple[str, ...] = ()
    """Why the window may concern other services than was meant."""


def previewed(found: WindowPreview, warnings: Sequence[str]) -> PreviewedWindow:
    """As REST shows it."""
    return PreviewedWindow(
        customers=found.customers,
        services=found.services,
        would_breach=found.breached,
        would_be_at_risk=found.at_risk,
        complete=found.examined_all,
        items=tuple(_service(each) for each in found.instances),
        warnings=tuple(warnings),
    )


def _service(each: PreviewedInstance) -> PreviewedService:
    return PreviewedService(
        sla_instance_id=each.instance_id,
        customer_id=each.customer_id,
        customer_name=each.customer_name,
        service_id=each.service_id,
        sla_definition_id=each.definition_id,
        definition_name=each.definition_name,
        period_start=utc_time(each.period_start),
        period_end=utc_time(each.period_end),
        planned=each.planned / SECOND,
        unplanned=each.unplanned / SECOND,
        error_budget_before=None if each.budget_before is None else each.budget_before / SECOND,
        error_budget_after=None if each.budget_after is None else each.budget_after / SECOND,
        status_before=each.before,
        status_after=each.after,
        reason=each.reason,
    )
