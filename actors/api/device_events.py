"""Device events: reports of devices that are not alarms."""

from typing import Any

from litestar import Request, Response, Router, get

from actors.api.access import allow
from actors.api.alarm_lookup import answer
from actors.api.openapi import documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, resource
from actors.api.sql import device_events as stored_events
from actors.api.stored import Stored
from protocols.rest_device_events import DeviceEventPage, DeviceEventsQuery


@get(
    "/device-events",
    summary="Device events: reports of devices that are not alarms",
    operation_class=documented(DeviceEventsQuery),
    opt=allow("viewer", query=DeviceEventsQuery),
)
async def list_device_events(request: Request[Any, Any, Any], stored: Given[Stored], by: By) -> Response[DeviceEventPage]:
    """Reboots, registrations, gaps in a vendor's numbering; latest first."""
    query = read_query(request, DeviceEventsQuery)
    fresh = await stored.caught_up(by)
    page = await stored_events.list_device_events(
        stored.database,
        device_id=query.device_id,
        event_name=query.event_name or query.event_type,
        since=query.since,
        before=query.before,
        limit=query.limit,
        cursor=query.cursor,
        tenant=by.tenant,
    )
    return answer(DeviceEventPage(page.items, page.next_cursor), fresh)


def routes(stored: Stored) -> Router:
    """Device events."""
    return resource("traps and devices", [list_device_events], stored=stored)
