"""Traps that no profile knows: the inbox."""

from typing import Any

from litestar import Request, Response, Router, get

from actors.api.access import allow
from actors.api.alarm_lookup import answer
from actors.api.openapi import ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, resource
from actors.api.sql import unknown_traps as stored_traps
from actors.api.stored import Stored
from protocols.rest_unknown_traps import UnknownTrapCounts, UnknownTrapPage, UnknownTrapsQuery


@get(
    "/traps/unknown",
    summary="Traps that no profile knows",
    operation_class=documented(UnknownTrapsQuery),
    opt=allow("viewer", query=UnknownTrapsQuery),
)
async def list_unknown_traps(request: Request[Any, Any, Any], stored: Given[Stored], by: By) -> Response[UnknownTrapPage]:
    """The inbox, latest first, each trap whole, its community masked. Raw datagrams are shown to admins only."""
    query = read_query(request, UnknownTrapsQuery)
    fresh = await stored.caught_up(by)
    page = await stored_traps.list_unknown_traps(
        stored.database,
        trap_oid=query.trap_oid,
        limit=query.limit,
        cursor=query.cursor,
        tenant=by.tenant,
        raw=by.may("admin"),
    )
    return answer(UnknownTrapPage(page.items, page.next_cursor), fresh)


@get("/traps/unknown/counts", summary="Unknown traps by OID", operation_class=ApiOperation, opt=allow("viewer"))
async def count_unknown_traps(stored: Given[Stored], by: By) -> Response[UnknownTrapCounts]:
    """The number of each unknown trap, the most frequent first: candidates for a profile."""
    fresh = await stored.caught_up(by)
    return answer(UnknownTrapCounts(await stored_traps.count_unknown_traps(stored.database, tenant=by.tenant)), fresh)


def routes(stored: Stored) -> Router:
    """The inbox."""
    return resource("traps and devices", [list_unknown_traps, count_unknown_traps], stored=stored)
