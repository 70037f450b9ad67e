"""Breaches of service level agreements: from the SLA clock while it holds them; history from PostgreSQL."""

from collections.abc import Sequence
from heapq import nlargest
from typing import Annotated, Any

import trio
from litestar import Request, Response, Router, get
from litestar.params import Parameter

from actors.api.access import allow
from actors.api.alarm_lookup import STALE, answer
from actors.api.alarm_reads import DEGRADED
from actors.api.openapi import TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, Now, resource, tagged
from actors.api.sql import sla_breaches as stored_breaches
from actors.api.sql.sla_breaches import LATEST
from actors.api.stored import Stored
from actors.postgres import DatabaseUnavailable
from protocols.principal import Principal
from protocols.query import Page
from protocols.rest_sla_breaches import BreachesQuery, BreachPage, BreachShown, shown
from protocols.sla.breach import SlaBreach
from protocols.sla.breach_filter import BreachFilter, meets
from protocols.sla.local_time import instant_at, utc_time
from protocols.sla.report_view import SlaReportView

BreachId = Annotated[str, Parameter(description="`id` of the breach, such as `SB17`")]
HELD_ONLY = (
    "PostgreSQL is away. This list has the breaches that the SLA clock holds: those of running periods and of the periods "
    "before. Older history is missing"
)
_STEP = 1_000
"""Breaches looked at between two checkpoints."""


@get(
    "/sla-breaches",
    summary="List breaches of service level agreements",
    operation_class=documented(BreachesQuery),
    opt=allow("viewer", query=BreachesQuery),
)
async def list_sla_breaches(
    request: Request[Any, Any, Any], stored: Given[Stored], agreements: Given[SlaReportView], clock: Given[Now], by: By
) -> Response[BreachPage]:
    """A page of the breaches that pass the filter, the latest first.

    Breaches that a later correction withdrew are listed with `withdrawn=true`. While PostgreSQL is away the breaches that the
    SLA clock holds are listed, and `degraded` says so.
    """
    query = read_query(request, BreachesQuery)
    wanted, now = _filter_of(by, query), instant_at(clock())
    try:
        database = stored.database
        # Ticks open breaches, not only the caller's own writes.
        fresh = await stored.caught_up(by, newest=True)
        page = await stored_breaches.list_breaches(database, wanted, limit=query.limit, cursor=query.cursor, tenant=by.tenant)
    except DatabaseUnavailable:
        page = await _held(agreements.breaches(), wanted, by.tenant, query)
        items = tuple(shown(each, now) for each in page.items)
        return Response(BreachPage(items, page.next_cursor, HELD_ONLY), headers={DEGRADED: "true"})
    return answer(BreachPage(tuple(shown(each, now) for each in page.items), page.next_cursor), fresh)


@get("/sla-breaches/{breach_id:str}", summary="One breach", operation_class=TaggedOperation, opt=allow("viewer"))
async def get_sla_breach(
    stored: Given[Stored], agreements: Given[SlaReportView], clock: Given[Now], by: By, breach_id: BreachId
) -> Response[BreachShown]:
    """The breach: as the SLA clock has it, in the period that it is of and the one after; then from PostgreSQL."""
    held, fresh = agreements.breach(breach_id), True
    found = held if held is not None and by.sees(held.tenant_id) else None
    if found is None:
        database = stored.database
        fresh = await stored.caught_up(by)
        found = await stored_breaches.get_breach(database, breach_id, tenant=by.tenant)
    if found is None:
        raise ProblemError(404, "unknown_breach", f"no breach {breach_id!r}")
    return tagged(shown(found, instant_at(clock())), found.revision, headers={} if fresh else {STALE: "true"})


def routes(stored: Stored, agreements: SlaReportView, clock: Now) -> Router:
    """Breaches."""
    handlers = [list_sla_breaches, get_sla_breach]
    return resource("service level agreements", handlers, stored=stored, agreements=agreements, clock=clock)


def _filter_of(by: Principal, query: BreachesQuery) -> BreachFilter:
    return BreachFilter(
        tenant_id=query.tenant_id,
        instance_id=query.sla_instance_id,
        customer_id=query.customer_id,
        service_id=query.service_id,
        definition_id=query.sla_definition_id,
        types=query.breach_type,
        resolved=query.resolved,
        withdrawn=query.withdrawn,
        alarm=query.alarm_id,
        since=None if query.since is None else instant_at(query.since),
        before=None if query.before is None else instant_at(query.before),
    )


async def _held(
    breaches: Sequence[SlaBreach], wanted: BreachFilter, tenant: str | None, query: BreachesQuery
) -> Page[SlaBreach]:
    """A page of ``breaches``, in the order and with the cursors of PostgreSQL. Raises ``BadCursor``."""
    after = None if query.cursor is None else LATEST.decode(query.cursor)
    last = None if after is None else (instant_at(after[0]), after[1])
    best: list[SlaBreach] = []
    for start in range(0, len(breaches), _STEP):
        found = [
            each
            for each in breaches[start : start + _STEP]
            if tenant in (None, each.tenant_id) and meets(each, wanted) and (last is None or _place(each) < last)
        ]
        best = nlargest(query.limit + 1, [*best, *found], key=_place)
        await trio.lowlevel.checkpoint()
    shown_ones = best[: query.limit]
    more = LATEST.encode((utc_time(shown_ones[-1].start), shown_ones[-1].id)) if len(best) > query.limit else None
    return Page(tuple(shown_ones), more)


def _place(breach: SlaBreach) -> tuple[int, str]:
    return breach.start, breach.id
