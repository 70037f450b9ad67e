"""Queries of the stored alarms and their results: filters, sort orders, pages, statistics."""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, get_args

import msgspec
from msgspec import Struct

from protocols.alarm import Source, Status
from protocols.severity import Severity

T = TypeVar("T")

AlarmSort = Literal[
    "last_occurrence",
    "-last_occurrence",
    "first_occurrence",
    "-first_occurrence",
    "severity",
    "-severity",
    "occurrence_count",
    "-occurrence_count",
    "subscriber_count",
    "-subscriber_count",
]
"""Ascending, or descending with a minus. ``severity`` has the worst first, each severity's latest first."""
ALARM_SORTS: tuple[AlarmSort, ...] = get_args(AlarmSort)


View = Literal["all", "causes"]
"""``causes`` are alarms that are attributed to no other."""


class Place(Struct, frozen=True):
    """A part of the network. An alarm is there when its resource or its device is one of ``nodes``, or when its resource's id
    lies within one of ``roots`` (``ROOT/POSITION``)."""

    nodes: frozenset[str]
    roots: tuple[str, ...] = ()


class AlarmFilter(Struct, frozen=True, kw_only=True):
    """The alarm filter: an alarm must meet all given criteria; in a tuple, one of the values. None and ``()`` are no
    criterion."""

    severity: tuple[Severity, ...] = ()
    status: tuple[Status, ...] = ()
    source: tuple[Source, ...] = ()
    alarm_type: tuple[str, ...] = ()
    tenant_id: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    places: tuple[Place, ...] = ()
    """In every one of them."""
    tag: tuple[str, ...] = ()
    customer_id: str | None = None
    service_id: str | None = None
    assigned_to: str | None = None
    ticket_id: str | None = None
    parent_alarm_id: str | None = None
    correlation_id: str | None = None
    is_root_cause: bool | None = None
    since: datetime | None = None
    """Last occurrence at or after this time ..."""
    before: datetime | None = None
    """... and before this one."""
    raised_from: datetime | None = None
    """First occurrence at or after this time ..."""
    raised_to: datetime | None = None
    """... and before this one."""
    acknowledged: bool | None = None
    view: View = "all"
    archived: bool = False
    """Archived alarms too."""
    text: str | None = None
    """Words that must each occur in the title, description, resource id, resource name or external id, in any case."""


class Page(Struct, Generic[T], frozen=True):
    """Some rows in order, and the cursor of those that follow (None on the last page)."""

    items: tuple[T, ...]
    next_cursor: str | None = None


Bucket = Literal["hour", "day", "week"]

COUNTED: dict[str, str] = {
    "total": "all",
    "open": "open",
    "by_status": "all",
    "by_severity": "open",
    "by_severity_and_status": "all",
    "by_type": "open",
    "by_resource_type": "open",
    "root_causes": "open",
    "oldest_active": "active",
    "affected_customers": "open",
    "affected_subscribers": "open",
    "buckets": "all",
}
"""The alarms that are counted: all that pass the filter, the open ones among them, or the active ones."""


class CountedSpan(Struct, frozen=True, kw_only=True):
    """Counts of one period. Later changes of the alarms do not matter."""

    start: datetime
    raised: int
    """First occurrences."""
    cleared: int
    raised_by_severity: dict[Severity, int]


class Statistics(Struct, frozen=True, kw_only=True):
    """Counts of stored alarms. *Open* is neither cleared nor resolved."""

    total: int
    open: int
    by_status: dict[Status, int]
    by_severity: dict[Severity, int]
    """Open alarms."""
    by_severity_and_status: dict[Severity, dict[Status, int]]
    by_type: dict[str, int]
    """Open alarms of the most frequent types (at most 100), most first."""
    by_resource_type: dict[str, int]
    """Open alarms."""
    root_causes: int
    """Open alarms that are root causes."""
    oldest_active: datetime | None
    """First occurrence of the oldest active alarm."""
    affected_customers: int
    """Different customers behind open alarms."""
    affected_subscribers: int
    """Sum over open alarms without a parent, so that a cause and its consequences do not count twice."""
    buckets: tuple[CountedSpan, ...] | None = None
    """With `bucket`: what was raised and cleared in each span, the oldest first."""
    counted: dict[str, str] = msgspec.field(default_factory=COUNTED.copy)
    """The alarms that are counted: `all` that pass the filter, the `open` ones, or the `active` ones."""


class UnknownTrapRow(Struct, frozen=True, kw_only=True):
    """A trap in the inbox. ``trap`` is whole and readable: octets hexadecimal, with their text where they are text."""

    offset: int
    at: datetime
    tenant_id: str
    device_id: str
    trap_oid: str
    source: str
    reason: str
    trap: dict[str, Any]


class UnknownTrapCount(Struct, frozen=True, kw_only=True):
    """Number of unknown traps of one kind from a tenant's devices."""

    tenant_id: str
    trap_oid: str
    traps: int
    first_at: datetime
    last_at: datetime


class DeviceEventRow(Struct, frozen=True, kw_only=True):
    """A device event: a report of a device that is not an alarm."""

    offset: int
    number: int
    at: datetime
    tenant_id: str
    device_id: str
    resource_type: str
    resource_id: str
    event_name: str
    """The event's name, such as ``reboot`` or ``sequence.gap``."""
    event_type: str
    """Equal to ``event_name``: the older name of this field. It is not the event type of X.733."""
    severity: Severity
    title: str
    detail: dict[str, Any]
