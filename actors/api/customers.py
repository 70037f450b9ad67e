"""The customers that an alarm affects, with the data that the topology has of them now."""

from typing import Any

from litestar import Request, Response, Router, get
from msgspec import UNSET
from msgspec.structs import asdict

from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.alarm_lookup import AlarmLookup
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, resource
from protocols.alarm import Alarm
from protocols.customer import AlarmWithCustomers, CustomerPage
from protocols.rest_body import PageQuery
from protocols.topology_view import TopologyView

FIRST = 100
"""Customers in the answer for one alarm."""
_ORDER = Order("customers", (SortKey("position", INT64),))


def with_customers(topology: TopologyView, alarm: Alarm) -> AlarmWithCustomers:
    """The alarm with those of its first ``FIRST`` customers for whom the topology has more than an id."""
    known = tuple(each for each in topology.customers(alarm, alarm.affected_customers[:FIRST]) if each.told)
    return AlarmWithCustomers(**asdict(alarm), customers=known or UNSET)


@get(
    "/alarms/{alarm_id:str}/customers",
    summary="The customers of an alarm",
    operation_class=documented(PageQuery),
    opt=allow("viewer", query=PageQuery),
)
async def list_alarm_customers(
    request: Request[Any, Any, Any], alarms: Given[AlarmLookup], by: By, alarm_id: AlarmName
) -> Response[CustomerPage]:
    """A page of its customers, in the topology's order: name, phone, postal address and coordinates as the topology has them
    now."""
    query = read_query(request, PageQuery)
    if (alarm := alarms.held(by, alarm_id)) is None:
        await alarms.stored.caught_up(by)
        alarm = await alarms.existing(by, alarm_id)
    start = max(0, int(_ORDER.decode(query.cursor)[0])) if query.cursor is not None else 0
    wanted = alarm.affected_customers[start : start + query.limit]
    more = start + query.limit < len(alarm.affected_customers)
    found = alarms.topology.customers(alarm, wanted)
    return Response(CustomerPage(tuple(found), _ORDER.encode([start + query.limit]) if more else None))


def routes(alarms: AlarmLookup) -> Router:
    """Customers of alarms."""
    return resource("alarms", [list_alarm_customers], alarms=alarms)
