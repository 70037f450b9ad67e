"""Queries and answers about device events."""

from typing import Annotated

from msgspec import Meta, Struct

from protocols.query import DeviceEventRow
from protocols.rest_body import PageQuery
from protocols.rest_fields import Name, Time, check_time


class DeviceEventsQuery(PageQuery, frozen=True, kw_only=True, rename={"since": "from", "before": "to"}):
    """The query of the device events."""

    device_id: Name | None = None
    event_name: Annotated[Name | None, Meta(description="The event's name, such as reboot")] = None
    event_type: Annotated[Name | None, Meta(description="The older name of event_name")] = None
    since: Annotated[Time | None, Meta(description="At or after this time")] = None
    before: Annotated[Time | None, Meta(description="Before this time")] = None

    def __post_init__(self) -> None:
        check_time("from", self.since)
        check_time("to", self.before)


class DeviceEventPage(Struct, frozen=True):
    """Device events, and the cursor of the next page."""

    items: tuple[DeviceEventRow, ...]
    next_cursor: str | None = None
