"""Reading alarms from PostgreSQL. While it is away these answer 503; commands and the stream go on."""

from typing import Any

from litestar import Request, Response, get

from actors.api import queries, reads
from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.context import By, Ctx
from actors.api.openapi import ApiOperation, documented
from actors.api.parameters import read_query
from protocols.alarm import Alarm
from protocols.query import Statistics
from protocols.rest import AlarmFilterBody, AlarmPage, AlarmsQuery, TimelinePage, TimelineQuery


@get("/alarms", summary="List alarms", operation_class=documented(AlarmsQuery), opt=allow("viewer", query=AlarmsQuery))
async def list_alarms(request: Request[Any, Any, Any], api: Ctx, by: By) -> Response[AlarmPage]:
    """A page of the alarms that pass the filter; `next_cursor` asks for the next, null on the last.

    Repeat a parameter, or separate its values by commas, for any of several. Archived alarms are not listed.
    """
    query = read_query(request, AlarmsQuery)
    wanted = reads.filter_of(query, by)
    fresh = await api.caught_up(by)
    page = await queries.list_alarms(
        api.database, wanted, sort=query.sort, limit=query.limit, cursor=query.cursor, tenant=by.tenant
    )
    return reads.answer(AlarmPage(page.items, page.next_cursor), fresh)


@get(
    "/alarms/statistics",
    summary="Count alarms",
    operation_class=documented(AlarmFilterBody),
    opt=allow("viewer", query=AlarmFilterBody),
)
async def statistics(request: Request[Any, Any, Any], api: Ctx, by: By) -> Response[Statistics]:
    """Counts over the alarms that pass the filter (all by default), as of one moment."""
    wanted = reads.filter_of(read_query(request, AlarmFilterBody), by)
    fresh = await api.caught_up(by)
    return reads.answer(await queries.statistics(api.database, wanted, tenant=by.tenant), fresh)


@get("/alarms/{alarm_id:str}", summary="One alarm", operation_class=ApiOperation, opt=allow("viewer"))
async def get_alarm(api: Ctx, by: By, alarm_id: AlarmName) -> Response[Alarm]:
    """The alarm, also from the archive."""
    fresh = await api.caught_up(by)
    return reads.answer(await reads.existing_alarm(api, by, alarm_id), fresh)


@get(
    "/alarms/{alarm_id:str}/timeline",
    summary="An alarm's history",
    operation_class=documented(TimelineQuery),
    opt=allow("viewer", query=TimelineQuery),
)
async def timeline(request: Request[Any, Any, Any], api: Ctx, by: By, alarm_id: AlarmName) -> Response[TimelinePage]:
    """What happened to it, who or which rule did it, and why."""
    query = read_query(request, TimelineQuery)
    fresh = await api.caught_up(by)
    alarm = await reads.existing_alarm(api, by, alarm_id)
    page = await queries.timeline(
        api.database, alarm.id, limit=query.limit, cursor=query.cursor, latest_first=query.latest_first, tenant=by.tenant
    )
    return reads.answer(TimelinePage(page.items, page.next_cursor), fresh)


HANDLERS: list[Any] = [list_alarms, statistics, get_alarm, timeline]
