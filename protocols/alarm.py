"""The alarm: one row per problem, with independent axes and one derived status (X.733, RFC 8632).

Times are aware UTC datetimes with microseconds. ``severity`` is the last severity that was raised; being
cleared is an axis of its own and leaves it as it was.
"""

from datetime import datetime
from typing import Any, Literal, get_args

from msgspec import Struct

from protocols.service_effect import ServiceEffect
from protocols.severity import Severity
from protocols.symptom import Symptom

Source = Literal["network_device", "monitoring", "cpe", "service", "system", "api"]
SOURCES: tuple[Source, ...] = get_args(Source)
Status = Literal["active", "acknowledged", "suppressed", "cleared", "resolved"]
STATUSES: tuple[Status, ...] = get_args(Status)
SuppressionKind = Literal["rule", "window", "parent", "flapping"]


def is_own_name(name: str) -> bool:
    """True for an external name in faultd's own form (``A7``). Callers may not give such names."""
    return name.startswith("A") and name[1:].replace(".", "", 1).isdecimal()


class Identity(Struct, frozen=True, order=True, array_like=True, gc=False):
    """The identity of an alarm (RFC 8632): two reports with the same tenant, resource, alarm type and qualifier are about one
    alarm."""

    tenant_id: str
    resource_id: str
    alarm_type: str
    qualifier: str = ""


class Suppression(Struct, frozen=True):
    """The reason for which an alarm is held back. ``kind``: rule, window, parent or flapping; ``by``: its id."""

    kind: SuppressionKind
    by: str
    since: datetime
    reason: str = ""


class Alarm(Struct, frozen=True, kw_only=True, gc=False):
    """One problem of one resource. Frozen: every change is a new value, so it can be shared between actors.

    ``id`` is a UUID string derived from the ledger's id and the offset of the Event that raised it; ``alarm_id``
    is the short external name shown to people. ``revision`` grows by one with every change, repeats included.
    """

    id: str
    alarm_id: str
    tenant_id: str
    source: Source
    alarm_type: str
    qualifier: str = ""
    event_type: str = "other"
    probable_cause: str = "other"
    severity: Severity
    status: Status = "active"
    title: str
    description: str = ""
    recommended_action: str = ""
    resource_type: str
    resource_id: str
    resource_name: str = ""
    device_id: str = ""
    affected_customers: tuple[str, ...] = ()
    affected_services: tuple[str, ...] = ()
    subscriber_count: int = 0
    correlation_id: str | None = None
    parent_alarm_id: str | None = None
    is_root_cause: bool = False
    first_occurrence: datetime
    last_occurrence: datetime
    received_at: datetime
    """Time at which faultd received the report that raised it. ``first_occurrence`` may be the device's own time."""
    occurrence_count: int = 1
    cleared_at: datetime | None = None
    cleared_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    shelved_until: datetime | None = None
    shelved_by: str | None = None
    suppressed_by: tuple[Suppression, ...] = ()
    assigned_to: str | None = None
    ticket_id: str | None = None
    metadata: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    revision: int = 1
    service_effect: ServiceEffect = "none"
    """The effect on service that its type had when the alarm was raised, or last re-opened."""
    symptom: Symptom = "none"
    """The symptom that its type had then. Correlation uses the symptom that the type has now."""
    reopened_at: datetime | None = None
    """Event time of the last re-opening; None: it was never re-opened."""

    @property
    def opened_at(self) -> datetime:
        """Event time at which the problem last began. It lasts until ``cleared_at``, or still."""
        return self.first_occurrence if self.reopened_at is None else self.reopened_at

    @property
    def identity(self) -> Identity:
        """The key under which a later raise or clear finds this alarm."""
        return Identity(self.tenant_id, self.resource_id, self.alarm_type, self.qualifier)


class TimelineEntry(Struct, frozen=True, kw_only=True, gc=False):
    """One line of an alarm's history: what happened, who or which rule did it, and why.

    ``number`` counts the entries of one Event, so (``offset``, ``number``) is unique over the whole timeline.
    """

    alarm_id: str
    """The alarm's ``id`` (UUID), not its external name."""
    tenant_id: str
    offset: int
    number: int
    at: datetime
    action: str
    """raised, severity_changed, cleared, reopened, acknowledged, unacknowledged, assigned, shelved, unshelved, noted,
    resolved, edited, confirmed, clear_ignored, cleared_before_raise, text_changed, severity_kept, notification_requested,
    notification_not_needed, resource_renamed, clock_jumped, notified, notification_failed, ticket_opened, ticket_changed,
    ticket_failed."""
    actor: str
    """A person (``user:NAME``), a device (``device:ID``) or a decision of faultd (``faultd:RULE``)."""
    text: str = ""
    detail: dict[str, Any] = {}
