"""Traps that no profile knows: the inbox."""

from typing import Any, Final

import trio
from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.alarm_lookup import answer
from actors.api.openapi import ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, resource
from actors.api.sql import unknown_traps as stored_traps
from actors.api.stored import Stored
from protocols.profile_trial import ProfileDraft, ProfileTried, TriedTrap, TryProfile
from protocols.readable_trap import trap_of
from protocols.rest_unknown_traps import UnknownTrapCounts, UnknownTrapPage, UnknownTrapsQuery

TRIED: Final = 100
"""Traps that a draft is tried on."""


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


@post(
    "/traps/unknown/try",
    summary="Try a profile on unknown traps",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def try_profile(
    stored: Given[Stored], trial: Given[TryProfile], by: By, data: JSONBody[ProfileDraft]
) -> Response[ProfileTried]:
    """Compile a draft of a vendor profile, and say what it makes of the newest 100 unknown traps that the caller sees.
    Nothing is kept: save it as a file of `[profiles] extra`. Communities are masked, so fields of a community are empty."""
    fresh = await stored.caught_up(by)
    page = await stored_traps.list_unknown_traps(stored.database, trap_oid=data.trap_oid, limit=TRIED, tenant=by.tenant)
    traps = [trap_of(row.trap, row.at) for row in page.items]
    mistakes, readings = await trio.to_thread.run_sync(trial, data.text, traps)
    tried = tuple(
        TriedTrap(
            offset=row.offset,
            at=row.at,
            source=row.source,
            trap_oid=row.trap_oid,
            findings=reading.findings,
            reason=reading.reason,
            lines=reading.lines,
        )
        for row, reading in zip(page.items, readings, strict=bool(readings))
    )
    return answer(ProfileTried(mistakes, tried), fresh)


def routes(stored: Stored, trial: TryProfile) -> Router:
    """The inbox."""
    return resource("traps and devices", [list_unknown_traps, count_unknown_traps, try_profile], stored=stored, trial=trial)
