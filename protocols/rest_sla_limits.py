"""Bodies of the REST API about time limits, measurements and fault reports."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import TEXT, Name, OptionalName, Text, Time, check_time
from protocols.severity import Severity
from protocols.sla.clock_facts import ClockKind, ClockState, PauseReason

Note = Annotated[str, Meta(max_length=500, pattern=TEXT)]


class PauseCreate(Body, frozen=True, kw_only=True):
    """A pause of the clocks of an alarm."""

    reason: PauseReason
    start_time: Annotated[Time | None, Meta(description="Also in the past; left out: now")] = None
    end_time: Annotated[Time | None, Meta(description="Left out: until it is ended")] = None
    note: Note = ""

    def __post_init__(self) -> None:
        check_time("start_time", self.start_time)
        check_time("end_time", self.end_time)


class PauseEdit(Body, frozen=True, kw_only=True):
    """Fields to change. An `end_time` of null takes the end away."""

    reason: PauseReason | UnsetType = UNSET
    start_time: Time | UnsetType = UNSET
    end_time: Time | UnsetType | None = UNSET
    note: Note | UnsetType = UNSET

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not UNSET]
        if not given:
            raise ValueError(f"nothing to change: give at least one of {', '.join(self.__struct_fields__)}")
        for name in ("start_time", "end_time"):
            if (at := getattr(self, name)) is not UNSET:
                check_time(name, at)


class PauseShown(Struct, frozen=True, kw_only=True):
    """A pause of the clocks of an alarm."""

    id: str
    reason: PauseReason
    start_time: datetime
    end_time: datetime | None
    note: str
    by: str


class ClockShown(Struct, frozen=True, kw_only=True):
    """A clock of one instance. Durations in seconds of business time."""

    sla_instance_id: str
    customer_id: str
    customer_name: str
    service_id: str
    sla_definition_id: str
    definition_version: int
    alarm_id: Annotated[str, Meta(description="The alarm that people work on: the root cause")]
    alarm_name: str
    clock: ClockKind
    state: ClockState
    severity: Severity
    raised_at: Annotated[datetime, Meta(description="First evidence of the alarms that concern this instance")]
    limit: Annotated[float | None, Meta(description="Null: this severity has no limit")]
    elapsed: float
    remaining: Annotated[float | None, Meta(description="Until the limit; 0 when it is used up")]
    due_at: Annotated[datetime | None, Meta(description="The last instant in time; null while a pause has no end")]
    warning_at: datetime | None
    breach_at: Annotated[datetime | None, Meta(description="When it was breached, or is if nothing changes")]
    stopped_at: datetime | None
    paused_by: tuple[PauseReason, ...]
    sla_breach_id: str | None


class AlarmClocks(Struct, frozen=True, kw_only=True):
    """The clocks that an alarm stands for, and its pauses."""

    alarm_id: str
    alarm_name: str
    cause_alarm_id: Annotated[
        str, Meta(description="The alarm whose acknowledgement and severity count: itself, or its root cause")
    ]
    instances: Annotated[int, Meta(description="Number of instances that the alarm or one below it concerns; 20,000 at most")]
    pauses: tuple[PauseShown, ...]
    items: tuple[ClockShown, ...]
    next_cursor: str | None = None


class ClocksQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the clocks of an alarm: `limit` counts instances."""


class InstanceClocks(Struct, frozen=True):
    """The clocks of an instance, the earliest first."""

    items: tuple[ClockShown, ...]


class MeasurementBody(Body, frozen=True, kw_only=True):
    """One measurement of a service, or of a resource that services have."""

    service_id: OptionalName = ""
    resource_id: OptionalName = ""
    at: Time
    latency_ms: Decimal | None = None
    packet_loss_percent: Decimal | None = None
    bandwidth_mbps: Decimal | None = None


class MeasurementsBody(Body, frozen=True, kw_only=True):
    """Measurements of one tenant's services."""

    items: Annotated[tuple[MeasurementBody, ...], Meta(min_length=1, max_length=1_000)]
    tenant_id: Annotated[Name | None, Meta(description="Left out: the token's tenant, or the default tenant")] = None


class RefusedMeasurement(Struct, frozen=True):
    """``index`` counts the items from 0."""

    index: int
    field: str
    message: str


class MeasurementsTaken(Struct, frozen=True, kw_only=True):
    """How many items were taken, and those that were not."""

    accepted: int
    refused: tuple[RefusedMeasurement, ...] = ()


class FaultReportCreate(Body, frozen=True, kw_only=True):
    """A fault that a customer reports."""

    customer_id: Name
    service_id: Annotated[OptionalName, Meta(description="Left out: every service of the customer")] = ""
    reported_at: Annotated[Time | None, Meta(description="Left out: now")] = None
    text: Text = ""
    tenant_id: Annotated[Name | None, Meta(description="Left out: the token's tenant, or the default tenant")] = None

    def __post_init__(self) -> None:
        check_time("reported_at", self.reported_at)


class FaultReportShown(Struct, frozen=True, kw_only=True):
    """A fault report. ``warnings``: what an operator may want to check."""

    id: str
    tenant_id: str
    customer_id: str
    service_id: str
    reported_at: datetime
    text: str
    sla_instances: Annotated[tuple[str, ...], Meta(description="Instances that it concerns")]
    created_at: datetime
    created_by: str
    warnings: tuple[str, ...] = ()


class FaultReportsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of fault reports."""

    customer_id: Name | None = None
    service_id: Name | None = None
    tenant_id: Name | None = None


class FaultReportPage(Struct, frozen=True):
    """Fault reports, and the cursor of the next page (null on the last)."""

    items: tuple[FaultReportShown, ...]
    next_cursor: str | None = None
