"""Whom an alarm affects: its customers as the topology tells them now."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from msgspec import UNSET

from actors.api import reads
from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.context import By, Context, Ctx
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import documented
from actors.api.parameters import read_query
from protocols.alarm import Alarm
from protocols.customer import AlarmWithCustomers, Customer, CustomerPage
from protocols.rest import PageQuery

FIRST = 100
"""Customers that an alarm's own answer tells."""
_ORDER = Order("customers", (SortKey("position", INT64),))
_FIELDS = Alarm.__struct_fields__


def with_customers(ctx: Context, alarm: Alarm) -> AlarmWithCustomers:
    """The alarm, and those of its first customers of whom the topology tells more than the id."""
    told = tuple(each for each in _customers(ctx, alarm, alarm.affected_customers[:FIRST]) if each.told)
    return AlarmWithCustomers(**{name: getattr(alarm, name) for name in _FIELDS}, customers=told or UNSET)


@get(
    "/alarms/{alarm_id:str}/customers",
    summary="Whom an alarm affects",
    operation_class=documented(PageQuery),
    opt=allow("viewer", query=PageQuery),
)
async def list_customers(request: Request[Any, Any, Any], api: Ctx, by: By, alarm_id: AlarmName) -> Response[CustomerPage]:
    """A page of its customers, in the topology's order: name, phone, postal address and coordinates as the topology tells them
    now."""
    query = read_query(request, PageQuery)
    if (alarm := reads.held_alarm(api, by, alarm_id)) is None:
        await api.caught_up(by)
        alarm = await reads.existing_alarm(api, by, alarm_id)
    start = max(0, int(_ORDER.decode(query.cursor)[0])) if query.cursor is not None else 0
    wanted = alarm.affected_customers[start : start + query.limit]
    more = start + query.limit < len(alarm.affected_customers)
    told = _customers(api, alarm, wanted)
    return Response(CustomerPage(tuple(told), _ORDER.encode([start + query.limit]) if more else None))


def _customers(ctx: Context, alarm: Alarm, wanted: Sequence[str]) -> Sequence[Customer]:
    if ctx.topology is None:
        return [Customer(customer_id=each) for each in wanted]
    return ctx.topology.customers(alarm, wanted)


HANDLERS: list[Any] = [list_customers]
