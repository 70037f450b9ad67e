"""The effect that a maintenance window would have on service level agreements."""

from msgspec import Struct

from protocols.maintenance import MaintenanceWindow
from protocols.sla.instance import InstanceStatus


class PreviewedInstance(Struct, frozen=True, kw_only=True):
    """One instance in one of its periods, if the service is down for as long as the window is open and nothing else happens.
    Durations in microseconds."""

    instance_id: str
    customer_id: str
    customer_name: str
    service_id: str
    definition_id: str
    definition_name: str
    period_start: int
    period_end: int
    planned: int
    """Time of the window that counts on neither side."""
    unplanned: int
    """Time of the window that counts as downtime: it was announced too late, or the definition excludes no maintenance."""
    budget_before: int | None
    """Budget left without the window; None without a target."""
    budget_after: int | None
    before: InstanceStatus
    after: InstanceStatus
    reason: str


class WindowPreview(Struct, frozen=True, kw_only=True):
    """``instances``: the worst first, at most as many as were asked for. ``customers``, ``services`` and the counts are of all
    that were examined; ``examined_all`` is False when the window covers more than are examined."""

    customers: int
    services: int
    window: MaintenanceWindow
    """The window that the plan means."""
    breached: int
    """Instances that the window would breach."""
    at_risk: int
    """Instances that it would put at risk."""
    examined_all: bool
    instances: tuple[PreviewedInstance, ...]
