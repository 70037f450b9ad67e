"""Queries that choose alarms: the filter of lists, statistics and bulk actions."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from protocols.alarm import Source, Status
from protocols.query import AlarmSort, Bucket, View
from protocols.rest_body import Body, Cursor, Limit
from protocols.rest_fields import ListFormat, Name, Time, check_time
from protocols.severity import Severity

_RENAMED = {"since": "from", "before": "to"}
AlarmId = Annotated[Name | None, Meta(description="Alarms attributed to this one: its `id` or its `alarm_id`")]


class AlarmFilterBody(Body, frozen=True, kw_only=True, rename=_RENAMED):
    """Which alarms: all the criteria given must hold; of a list, any value."""

    severity: tuple[Severity, ...] = ()
    status: tuple[Status, ...] = ()
    source: tuple[Source, ...] = ()
    alarm_type: tuple[Name, ...] = ()
    tag: tuple[Name, ...] = ()
    tenant_id: Name | None = None
    resource_type: Name | None = None
    resource_id: Annotated[Name | None, Meta(description="The resource itself, not what lies below it")] = None
    device_id: Annotated[
        Name | None, Meta(description="The device (id or address), its ports and cards, and what hangs below it")
    ] = None
    subtree: Annotated[Name | None, Meta(description="A node of the topology (a site, a port ...) and what hangs below it")] = (
        None
    )
    area: Annotated[Name | None, Meta(description="The nodes of an area, and what hangs below them")] = None
    customer_id: Annotated[Name | None, Meta(description="Alarms that affect this customer")] = None
    service_id: Annotated[Name | None, Meta(description="Alarms that affect this service")] = None
    assigned_to: Name | None = None
    ticket_id: Name | None = None
    parent_alarm_id: AlarmId = None
    correlation_id: Name | None = None
    is_root_cause: bool | None = None
    acknowledged: Annotated[bool | None, Meta(description="Whether somebody has acknowledged it")] = None
    since: Annotated[Time | None, Meta(description="Last occurrence at or after this time")] = None
    before: Annotated[Time | None, Meta(description="Last occurrence before this time")] = None
    from_date: Annotated[Time | None, Meta(description="The same as `from`")] = None
    to_date: Annotated[Time | None, Meta(description="The same as `to`")] = None
    raised_from: Annotated[Time | None, Meta(description="First occurrence at or after this time")] = None
    raised_to: Annotated[Time | None, Meta(description="First occurrence before this time")] = None
    view: Annotated[View, Meta(description="`causes`: only alarms that are attributed to no other")] = "all"
    text: Annotated[Name | None, Meta(description="Words in title, description, resource and external id")] = None

    def __post_init__(self) -> None:
        for name, other in (("from", "from_date"), ("to", "to_date")):
            if self.time(name) is not None and getattr(self, other) is not None:
                raise ValueError(f"{other}: give either {name} or {other}")
        for name in ("from", "to", "from_date", "to_date", "raised_from", "raised_to"):
            check_time(name, self.time(name))
        for start, end in (("from", "to"), ("from_date", "to_date"), ("raised_from", "raised_to")):
            since, before = self.time(start), self.time(end)
            if since is not None and before is not None and since >= before:
                raise ValueError(f"{end}: is not after {start}")

    def time(self, name: str) -> datetime | None:
        """A time by the name that it has in the query."""
        found: datetime | None = getattr(self, {"from": "since", "to": "before"}.get(name, name))
        return found


class StatisticsQuery(AlarmFilterBody, frozen=True, kw_only=True, rename=_RENAMED):
    """The query of the statistics."""

    bucket: Annotated[Bucket | None, Meta(description="Count also by spans of time")] = None


class AlarmsQuery(AlarmFilterBody, frozen=True, kw_only=True, rename=_RENAMED):
    """The query of the list of alarms."""

    format: Annotated[ListFormat, Meta(description="`csv`: all of them as a file, up to 100,000")] = "json"
    archived: Annotated[bool, Meta(description="Archived alarms too")] = False
    sort: Annotated[AlarmSort, Meta(description="With a minus: descending")] = "-last_occurrence"
    limit: Limit = 100
    cursor: Cursor = None
