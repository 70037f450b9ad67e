"""The content of a report that raises an alarm."""

from typing import Any

from msgspec import Struct

from protocols.alarm import Identity, Source
from protocols.service_effect import ServiceEffect
from protocols.severity import Severity


class ReportedProblem(Struct, frozen=True, kw_only=True, gc=False):
    """The fields that a raise gives an alarm."""

    identity: Identity
    severity: Severity
    source: Source
    resource_type: str
    title: str
    device_id: str = ""
    event_type: str = "other"
    probable_cause: str = "other"
    description: str = ""
    recommended_action: str = ""
    resource_name: str = ""
    customers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    subscriber_count: int | None = None
    correlation_id: str | None = None
    parent_alarm_id: str | None = None
    is_root_cause: bool = False
    repeats_by_design: bool = False
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    why: str = ""
    alarm_id: str = ""
    """External name of a new alarm; empty: faultd gives it one."""
    service_effect: ServiceEffect | None = None
    """None: that of the alarm type."""
