"""Reading alarms: from the correlator while it holds them; history and timelines from PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, Router, get

from actors.api import held_alarms
from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.alarm_csv import CSV, exported
from actors.api.alarm_lookup import STALE, AlarmLookup, answer
from actors.api.customers import with_customers
from actors.api.keyset import alarm_order
from actors.api.openapi import TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, resource, tagged
from actors.api.sql import alarms as stored_alarms
from actors.api.sql.timeline import timeline
from actors.postgres import DatabaseUnavailable
from protocols.alarm import Alarm
from protocols.customer import AlarmWithCustomers
from protocols.principal import Principal
from protocols.query import AlarmFilter
from protocols.rest_alarms import AlarmPage
from protocols.rest_filter import AlarmsQuery
from protocols.rest_timeline import TimelinePage, TimelineQuery

DEGRADED = "Faultd-Degraded"


@get(
    "/alarms", summary="List alarms", operation_class=documented(AlarmsQuery, also=CSV), opt=allow("viewer", query=AlarmsQuery)
)
async def list_alarms(request: Request[Any, Any, Any], alarms: Given[AlarmLookup], by: By) -> Response[AlarmPage]:
    """A page of the alarms that pass the filter; `next_cursor` asks for the next, null on the last.

    Repeat a parameter, or separate its values by commas, for any of several. Archived alarms are listed with
    `archived=true`. With `format=csv`, or `Accept: text/csv`, all of them are a file. While PostgreSQL is away the alarms that
    the correlator holds are listed, and `degraded` says so.
    """
    query = read_query(request, AlarmsQuery)
    wanted = alarms.filter_of(by, query)
    if query.format == "csv" or request.headers.get("accept", "").partition(";")[0].strip() == CSV:
        database = alarms.database
        await alarms.stored.caught_up(by)
        return await exported(database, wanted, query.sort, by.tenant)  # type: ignore[return-value]
    try:
        database = alarms.database
        fresh = await alarms.stored.caught_up(by)
        page = await stored_alarms.list_alarms(
            database, wanted, sort=query.sort, limit=query.limit, cursor=query.cursor, tenant=by.tenant
        )
        held_back = None
        if wanted.view == "causes" and query.cursor is None:
            held_back = await stored_alarms.count_held_back(database, wanted, tenant=by.tenant)
    except DatabaseUnavailable:
        if not held_alarms.covers(wanted):
            raise
        return await _list_held(alarms.alarms.all(), by, query, wanted)
    return answer(AlarmPage(page.items, page.next_cursor, held_back), fresh)


async def _list_held(alarms: Sequence[Alarm], by: Principal, query: AlarmsQuery, wanted: AlarmFilter) -> Response[AlarmPage]:
    order = alarm_order(query.sort)
    page = await held_alarms.page_of(alarms, wanted, order, query.limit, query.cursor, by.tenant)
    held_back = None
    if wanted.view == "causes" and query.cursor is None:
        held_back = await held_alarms.count_held_back(alarms, wanted, by.tenant)
    found = AlarmPage(page.items, page.next_cursor, held_back, held_alarms.DEGRADED)
    return Response(found, headers={DEGRADED: "true"})


@get("/alarms/{alarm_id:str}", summary="One alarm", operation_class=TaggedOperation, opt=allow("viewer"))
async def get_alarm(alarms: Given[AlarmLookup], by: By, alarm_id: AlarmName) -> Response[AlarmWithCustomers]:
    """The alarm: as the correlator has it, while it is open and for some time after; then from PostgreSQL, also from the
    archive. `customers` has those of the first 100 customers for whom the topology has more than
    an id, as of now."""
    if (held := alarms.held(by, alarm_id)) is not None:
        return tagged(with_customers(alarms.topology, held), held.revision)
    fresh = await alarms.stored.caught_up(by)
    alarm = await alarms.existing(by, alarm_id)
    return tagged(with_customers(alarms.topology, alarm), alarm.revision, headers={} if fresh else {STALE: "true"})


@get(
    "/alarms/{alarm_id:str}/timeline",
    summary="An alarm's history",
    operation_class=documented(TimelineQuery),
    opt=allow("viewer", query=TimelineQuery),
)
async def list_alarm_timeline(
    request: Request[Any, Any, Any], alarms: Given[AlarmLookup], by: By, alarm_id: AlarmName
) -> Response[TimelinePage]:
    """Every change of the alarm: its time, the person, device or rule that made it, and the reason."""
    query = read_query(request, TimelineQuery)
    database = alarms.database
    fresh = await alarms.stored.caught_up(by, newest=True)
    alarm = await alarms.existing(by, alarm_id)
    page = await timeline(
        database, alarm.id, limit=query.limit, cursor=query.cursor, latest_first=query.latest_first, tenant=by.tenant
    )
    return answer(TimelinePage(page.items, page.next_cursor), fresh)


def routes(alarms: AlarmLookup) -> Router:
    """Reading alarms."""
    return resource("alarms", [list_alarms, get_alarm, list_alarm_timeline], alarms=alarms)
