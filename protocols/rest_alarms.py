"""Bodies and answers about alarms."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from protocols.alarm import Alarm, Source, is_own_name
from protocols.rest_body import Body
from protocols.rest_fields import (
    Count,
    Line,
    Name,
    Names,
    OptionalLine,
    OptionalName,
    RaisedSeverity,
    Tags,
    Text,
    Time,
    check_metadata,
    check_time,
)
from protocols.service_effect import ServiceEffect


class AlarmCreate(Body, frozen=True, kw_only=True):
    """A new alarm of an operator or of another system. An active alarm of the same identity (tenant, resource, alarm type,
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
    service_effect: Annotated[
        ServiceEffect | None, Meta(description="Effect on what depends on the resource; left out: that of the alarm type")
    ] = None
    tags: Tags = ()
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_time("at", self.at)
        check_metadata("metadata", self.metadata)
        if self.alarm_id is not None and is_own_name(self.alarm_id):
            raise ValueError(f"alarm_id: {self.alarm_id} is a name that faultd gives; choose one of another form")


class AlarmEdit(Body, frozen=True, kw_only=True):
    """Fields of an alarm to change. A field that is left out keeps its value; ``metadata`` and ``tags`` are replaced whole."""

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
    """The assignee of the alarm; ``null`` removes the assignment."""

    assigned_to: Name | None
    note: Text = ""


class Shelving(Body, frozen=True, kw_only=True):
    """The end of the shelving: ``until``, or ``minutes`` from now (one of the two)."""

    until: Time | None = None
    minutes: Annotated[int, Meta(ge=1, le=527_040)] | None = None
    reason: Text = ""

    def __post_init__(self) -> None:
        if (self.until is None) == (self.minutes is None):
            raise ValueError("until: give either until or minutes")
        check_time("until", self.until)


class AlarmPage(Struct, frozen=True):
    """Alarms, and the cursor of the next page (null on the last)."""

    items: tuple[Alarm, ...]
    next_cursor: str | None = None
    held_back: int | None = None
    """With `view=causes`, on the first page: alarms that pass the other criteria and are attributed to another alarm. 100,000
    stands for as many or more."""
    degraded: str | None = None
    """Why this list is not whole: PostgreSQL is away. Null: it is whole."""
