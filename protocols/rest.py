"""Bodies of the REST API, in and out: what OpenAPI shows is generated from these.

Unknown fields are refused. Text is bounded and holds no NUL (PostgreSQL cannot keep one). Times are RFC 3339 with an
offset from UTC; a time without one is refused.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from protocols.alarm import Alarm, Source, Status, TimelineEntry, is_own_name
from protocols.command import NoteType
from protocols.event import NetworkEventType
from protocols.optical_power import BLINDING, DARK, Measurement, is_optical_power
from protocols.principal import Role
from protocols.query import DeviceEventRow, UnknownTrapCount, UnknownTrapRow
from protocols.rest_fields import (
    Count,
    Line,
    Name,
    Names,
    OptionalLine,
    OptionalName,
    RaisedSeverity,
    SomeText,
    Tags,
    Text,
    Time,
    check_metadata,
    check_time,
)
from protocols.severity import Severity


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body: unknown fields refused."""


class AlarmCreate(Body, frozen=True, kw_only=True):
    """A new alarm by hand or by another system. An active alarm of the same identity (tenant, resource, alarm type,
    qualifier) counts one more occurrence instead."""

    alarm_type: Annotated[Name, Meta(description="What kind of problem, e.g. `ont.los`")]
    severity: RaisedSeverity
    title: Line
    resource_type: Annotated[Name, Meta(description="e.g. `olt`, `pon_port`, `ont`, `service`")]
    resource_id: Name
    resource_name: OptionalLine = ""
    tenant_id: Annotated[Name | None, Meta(description="Left out: the token's tenant, or the default tenant")] = None
    qualifier: Annotated[OptionalName, Meta(description="Tells problems of one type on one resource apart")] = ""
    source: Source = "api"
    event_type: OptionalName = "other"
    probable_cause: OptionalName = "other"
    description: Text = ""
    recommended_action: Text = ""
    alarm_id: Annotated[
        Name | None, Meta(description="External id, unique among the tenant's open alarms; left out: faultd counts, `A7`")
    ] = None
    customer_id: Annotated[Name | None, Meta(description="One more customer whom it affects")] = None
    customer_ids: Names = ()
    service_ids: Names = ()
    subscriber_count: Count | None = None
    correlation_id: Name | None = None
    parent_alarm_id: Name | None = None
    is_root_cause: bool = False
    at: Annotated[Time | None, Meta(description="When it happened; left out: now")] = None
    tags: Tags = ()
    metadata: dict[str, Any] = {}

    def __post_init__(self) -> None:
        check_time("at", self.at)
        check_metadata("metadata", self.metadata)
        if self.alarm_id is not None and is_own_name(self.alarm_id):
            raise ValueError(f"alarm_id: {self.alarm_id} is a name that faultd gives; choose one of another form")


class AlarmEdit(Body, frozen=True, kw_only=True):
    """Fields of an alarm to change; what is left out stays. ``metadata`` and ``tags`` replace what was there."""

    severity: RaisedSeverity | UnsetType = UNSET
    title: Line | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    probable_cause: OptionalName | UnsetType = UNSET
    recommended_action: Text | UnsetType = UNSET
    assigned_to: Name | UnsetType | None = UNSET
    ticket_id: Name | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise ValueError(f"nothing to change: give at least one of {', '.join(self.__struct_fields__)}")
        if self.metadata is not UNSET:
            check_metadata("metadata", self.metadata)


class ActionNote(Body, frozen=True, kw_only=True):
    """An optional remark for the alarm's timeline. The whole body may be left out."""

    note: Text = ""


class Assignment(Body, frozen=True, kw_only=True):
    """Who takes the alarm; ``null`` takes it from whoever had it."""

    assigned_to: Name | None
    note: Text = ""


class Shelving(Body, frozen=True, kw_only=True):
    """Until when the alarm is kept out of sight: ``until``, or ``minutes`` from now (one of the two)."""

    until: Time | None = None
    minutes: Annotated[int, Meta(ge=1, le=527_040)] | None = None
    reason: Text = ""

    def __post_init__(self) -> None:
        if (self.until is None) == (self.minutes is None):
            raise ValueError("until: give either until or minutes")
        check_time("until", self.until)


class NoteText(Body, frozen=True, kw_only=True):
    """A remark for the alarm's timeline."""

    text: SomeText
    type: NoteType = "note"


Limit = Annotated[int, Meta(ge=1, le=1_000, description="At most so many items")]
Cursor = Annotated[
    Annotated[str, Meta(min_length=1, max_length=1_000)] | None, Meta(description="`next_cursor` of the page before this one")
]


class PageQuery(Body, frozen=True, kw_only=True):
    """The query of a list: how many, and from where on."""

    limit: Limit = 100
    cursor: Cursor = None


class TimelineQuery(PageQuery, frozen=True, kw_only=True):
    """The query of a timeline."""

    latest_first: bool = False


class UnknownTrapsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the inbox."""

    trap_oid: Annotated[str, Meta(pattern=r"^[0-9.]{1,1000}$")] | None = None


class DeviceEventsQuery(PageQuery, frozen=True, kw_only=True, rename={"since": "from", "before": "to"}):
    """The query of the device events."""

    device_id: Name | None = None
    event_type: Name | None = None
    since: Annotated[Time | None, Meta(description="At or after this time")] = None
    before: Annotated[Time | None, Meta(description="Before this time")] = None

    def __post_init__(self) -> None:
        check_time("from", self.since)
        check_time("to", self.before)


class Refused(Struct, frozen=True):
    """One alarm to which an action did not apply, or one event that raised none."""

    alarm_id: str
    reason: str
    text: str


class NetworkEventBody(Body, frozen=True, kw_only=True):
    """What another system reports. The types that end in ``up``, ``restored``, ``online`` and ``recovered`` clear what
    the others of their kind raised."""

    type: NetworkEventType
    resource_type: OptionalName = ""
    resource_id: OptionalName = ""
    tenant_id: Annotated[Name | None, Meta(description="Left out: the token's tenant, or the default tenant")] = None
    resource_name: OptionalLine = ""
    qualifier: Annotated[OptionalName, Meta(description="Tells problems of one resource apart, e.g. the check's name")] = ""
    severity: RaisedSeverity | None = None
    title: OptionalLine = ""
    description: Text = ""
    customer_ids: Names = ()
    service_ids: Names = ()
    subscriber_count: Count | None = None
    at: Annotated[Time | None, Meta(description="When it happened; left out: now")] = None
    key: Annotated[OptionalName, Meta(description="Idempotency key: the same key again changes nothing")] = ""
    source: Source | None = None
    metadata: dict[str, Any] = {}
    tags: Tags = ()
    light: Annotated[
        tuple[Measurement, ...], Meta(max_length=2, description="Optical power of an ONT: `ont_rx` or `olt_rx`, in dBm")
    ] = ()
    data: Annotated[
        dict[str, Any] | None,
        Meta(description="The same as an event bus has it: `device_id`, `device_name`, `affected_subscribers` ..."),
    ] = None

    def __post_init__(self) -> None:
        check_time("at", self.at)
        check_metadata("metadata", self.metadata)
        if self.data is None:
            for name in ("resource_type", "resource_id"):
                if not getattr(self, name):
                    raise ValueError(f"{name}: is missing (or give data)")
        for number, each in enumerate(self.light):
            if not is_optical_power(each.dbm):
                raise ValueError(f"light[{number}].dbm: {each.dbm:g} is no optical power: {DARK:g} to {BLINDING:g} dBm")
        if self.type == "optical.measured" and not self.light:
            raise ValueError("light: optical.measured needs at least one reading")


class DiscardBody(Body, frozen=True, kw_only=True):
    """Why an Event in quarantine is given up."""

    reason: Line


class EventResult(Struct, frozen=True, kw_only=True):
    """What one network event came to: ids of the alarms that it raised, repeated or cleared."""

    accepted: tuple[str, ...] = ()
    duplicate: bool = False
    refused: tuple[Refused, ...] = ()
    warnings: tuple[str, ...] = ()
    """What was not taken as it was given, and what was done instead: a time `at` that cannot be right, a label that was cut."""


class EventResults(Struct, frozen=True):
    """What each event of a batch came to, in the batch's order. ``warnings`` are about a notification as a whole."""

    results: tuple[EventResult, ...]
    warnings: tuple[str, ...] = ()


class AlertmanagerBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """The webhook body of Prometheus Alertmanager (version 4) or of a Grafana contact point (version 1). Only ``alerts`` has to
    be there: a list of objects with ``status``, ``labels``, ``annotations``, ``startsAt``, ``endsAt``,
    ``generatorURL`` and ``fingerprint``. Fields that are not used here are ignored."""

    alerts: Any
    version: Any = ""
    status: Any = ""
    receiver: Any = ""
    group_key: Any = ""
    external_url: Any = field(default="", name="externalURL")
    truncated_alerts: Any = 0


class AlarmPage(Struct, frozen=True):
    """Alarms, and the cursor of the next page (null on the last)."""

    items: tuple[Alarm, ...]
    next_cursor: str | None = None
    held_back: int | None = None
    """With `view=causes`, on the first page: alarms that pass the other criteria and are attributed to another alarm. 100,000
    stands for as many or more."""
    degraded: str | None = None
    """Why this list is not whole: PostgreSQL is away. Null: it is whole."""


class ChildOf(Struct, frozen=True):
    """An alarm attributed to another."""

    id: str
    alarm_id: str
    alarm_type: str
    severity: Severity
    status: Status
    title: str
    resource_id: str


class Children(Struct, frozen=True, kw_only=True):
    """Alarms attributed to one: how many, and the first of them, those still open before the others."""

    total: int
    open: int
    by_type: dict[str, int]
    first: tuple[ChildOf, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """Why an alarm is shown as it is."""

    alarm: Alarm
    causes: tuple[Alarm, ...]
    """The alarm to which it is attributed, the one to which that is, and so on: the last is the root."""
    children: Children
    decisions: tuple[TimelineEntry, ...]
    """What faultd decided about it: who (`faultd:RULE`), why in words, evidence and confidence in the detail. Oldest first."""
    truncated: bool = False
    """There are more decisions than are shown: ask for the timeline."""


class TimelinePage(Struct, frozen=True):
    """Entries of an alarm's timeline, and the cursor of the next page."""

    items: tuple[TimelineEntry, ...]
    next_cursor: str | None = None


class NoteShown(Struct, frozen=True, kw_only=True):
    """A note of an alarm."""

    id: str
    alarm_id: str
    """The alarm's `id`."""
    type: NoteType
    text: str
    by: str
    """`user:NAME`"""
    at: datetime


class NotePage(Struct, frozen=True):
    """Notes of an alarm, and the cursor of the next page."""

    items: tuple[NoteShown, ...]
    next_cursor: str | None = None


class UnknownTrapPage(Struct, frozen=True):
    """Traps that no profile knows, and the cursor of the next page."""

    items: tuple[UnknownTrapRow, ...]
    next_cursor: str | None = None


class UnknownTrapCounts(Struct, frozen=True):
    """Unknown traps by tenant and OID."""

    items: tuple[UnknownTrapCount, ...]


class DeviceEventPage(Struct, frozen=True):
    """Device events, and the cursor of the next page."""

    items: tuple[DeviceEventRow, ...]
    next_cursor: str | None = None


class QuarantinedRow(Struct, frozen=True, kw_only=True):
    """An Event that could not be processed: its offset on the ledger, its kind, and the error."""

    offset: int
    at: datetime
    kind: str
    error: str


class QuarantinePage(Struct, frozen=True):
    """Events in quarantine, and the cursor of the next page."""

    items: tuple[QuarantinedRow, ...]
    next_cursor: str | None = None


class Me(Struct, frozen=True):
    """Who the token stands for. ``tenant`` null means every tenant."""

    name: str
    role: Role
    tenant: str | None


class DaemonPart(Struct, frozen=True):
    """One part of the daemon as ``/readyz`` shows it."""

    status: Literal["ok", "degraded", "down"]
    detail: str = ""


class Readiness(Struct, frozen=True):
    """Whether traps are being taken (``ready``), and how each part does. A part that is degraded or down does not
    make faultd unready unless taking traps needs it."""

    ready: bool
    parts: dict[str, DaemonPart] = {}


class FieldError(Struct, frozen=True):
    """One thing that is wrong with a request. ``field`` is its path in the body or a parameter's name."""

    field: str
    message: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error, as RFC 9457 ``application/problem+json``."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
