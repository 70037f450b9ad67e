"""Counts of alarms."""

from typing import Any

from litestar import Request, Response, Router, get

from actors.api.access import allow
from actors.api.alarm_lookup import AlarmLookup, answer
from actors.api.openapi import documented
from actors.api.parameters import read_query
from actors.api.problems import invalid_parameter
from actors.api.routes import By, Given, Now, resource
from actors.api.sql.statistics import statistics
from protocols.query import Statistics
from protocols.rest_filter import StatisticsQuery


@get(
    "/alarms/statistics",
    summary="Count alarms",
    operation_class=documented(StatisticsQuery),
    opt=allow("viewer", query=StatisticsQuery),
)
async def count_alarms(
    request: Request[Any, Any, Any], alarms: Given[AlarmLookup], clock: Given[Now], by: By
) -> Response[Statistics]:
    """Counts over the alarms that pass the filter (all by default), as of one moment; `counted` says which alarms each count
    is of. With `bucket` also how many were raised and cleared in each hour, day or week of UTC between `raised_from` and
    `raised_to` (left out: up to now)."""
    query = read_query(request, StatisticsQuery)
    wanted = alarms.filter_of(by, query)
    database = alarms.database
    fresh = await alarms.stored.caught_up(by)
    try:
        found = await statistics(database, wanted, tenant=by.tenant, bucket=query.bucket, now=clock())
    except ValueError as error:
        field, _, text = str(error).partition(": ")
        raise invalid_parameter(field, text) from error
    return answer(found, fresh)


def routes(alarms: AlarmLookup, clock: Now) -> Router:
    """Counts of alarms."""
    return resource("alarms", [count_alarms], alarms=alarms, clock=clock)
