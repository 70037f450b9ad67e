"""What was received and is no alarm: unknown traps, device events, and Events that faultd could not process."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import JSONBody, PathParameter

from actors.api import commands, queries, reads
from actors.api.access import allow
from actors.api.context import By, Ctx
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_parameter, unavailable
from protocols.command import Command, DiscardQuarantined, RetryQuarantined
from protocols.rest import (
    DeviceEventPage,
    DeviceEventsQuery,
    DiscardBody,
    EventResult,
    PageQuery,
    QuarantinePage,
    UnknownTrapCounts,
    UnknownTrapPage,
    UnknownTrapsQuery,
)

_LARGEST = 2**63 - 1


@get(
    "/traps/unknown",
    summary="Traps that no profile knows",
    operation_class=documented(UnknownTrapsQuery),
    opt=allow("viewer", query=UnknownTrapsQuery),
)
async def unknown_traps(request: Request[Any, Any, Any], api: Ctx, by: By) -> Response[UnknownTrapPage]:
    """The inbox, latest first, each trap whole, its community masked. Raw datagrams are shown to admins only."""
    query = read_query(request, UnknownTrapsQuery)
    fresh = await api.caught_up(by)
    page = await queries.list_unknown_traps(
        api.database,
        trap_oid=query.trap_oid,
        limit=query.limit,
        cursor=query.cursor,
        tenant=by.tenant,
        raw=by.may("admin"),
    )
    return reads.answer(UnknownTrapPage(page.items, page.next_cursor), fresh)


@get("/traps/unknown/counts", summary="Unknown traps by OID", operation_class=ApiOperation, opt=allow("viewer"))
async def unknown_trap_counts(api: Ctx, by: By) -> Response[UnknownTrapCounts]:
    """How often each unknown trap came, the most frequent first: what to write a profile for."""
    fresh = await api.caught_up(by)
    return reads.answer(UnknownTrapCounts(await queries.count_unknown_traps(api.database, tenant=by.tenant)), fresh)


@get(
    "/device-events",
    summary="What devices told that is no alarm",
    operation_class=documented(DeviceEventsQuery),
    opt=allow("viewer", query=DeviceEventsQuery),
)
async def device_events(request: Request[Any, Any, Any], api: Ctx, by: By) -> Response[DeviceEventPage]:
    """Reboots, registrations, gaps in a vendor's numbering; latest first."""
    query = read_query(request, DeviceEventsQuery)
    fresh = await api.caught_up(by)
    page = await queries.list_device_events(
        api.database,
        device_id=query.device_id,
        event_type=query.event_type,
        since=query.since,
        before=query.before,
        limit=query.limit,
        cursor=query.cursor,
        tenant=by.tenant,
    )
    return reads.answer(DeviceEventPage(page.items, page.next_cursor), fresh)


@get(
    "/quarantine",
    summary="Events not processed",
    operation_class=documented(PageQuery),
    opt=allow("admin", every_tenant=True, query=PageQuery),
)
async def quarantine(request: Request[Any, Any, Any], api: Ctx, by: By) -> Response[QuarantinePage]:
    """Oldest first. For admins of every tenant: an Event in quarantine belongs to no tenant yet."""
    query = read_query(request, PageQuery)
    after = _offset("cursor", query.cursor) if query.cursor is not None else -1
    fresh = await api.caught_up(by)
    rows = await reads.quarantine(api, after, query.limit + 1)
    shown = rows[: query.limit]
    return reads.answer(QuarantinePage(shown, str(shown[-1].offset) if len(rows) > query.limit else None), fresh)


@post(
    "/quarantine/{offset:str}/retry",
    summary="Process an Event again",
    status_code=200,
    operation_class=ApiOperation,
    responses={409: PROBLEM, 422: PROBLEM},
    opt=allow("admin", every_tenant=True),
)
async def retry(api: Ctx, by: By, offset: Annotated[str, PathParameter(description="The Event's offset")]) -> EventResult:
    """After an update of faultd or of a profile. 422 with the error when it still cannot be processed."""
    number = _offset("offset", offset)
    if api.quarantined is None:
        raise unavailable("quarantine_unavailable", "the quarantine cannot be read now", api.settings.retry_after_seconds)
    event = await api.quarantined(number)
    if event is None:
        raise ProblemError(404, "not_in_quarantine", f"no Event {number} is in quarantine")
    outcome = await api.submit(by, [Command(by, RetryQuarantined(number, event))])
    answer = commands.answers(outcome.changes, outcome.first, 1)[0]
    if answer.refusals and not answer.accepted:
        raise commands.refused(answer.refusals[0])
    return commands.event_result(answer)


@post(
    "/quarantine/{offset:str}/discard",
    summary="Give up an Event",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("admin", every_tenant=True),
    responses={409: PROBLEM, 422: PROBLEM},
)
async def discard(
    api: Ctx, by: By, offset: Annotated[str, PathParameter(description="The Event's offset")], data: JSONBody[DiscardBody]
) -> EventResult:
    """The Event will not be processed. The reason and the token's name stay in the timeline of its alarm and as a device event
    `event.discarded`."""
    number = _offset("offset", offset)
    outcome = await api.submit(by, [Command(by, DiscardQuarantined(number, data.reason))])
    answer = commands.answers(outcome.changes, outcome.first, 1)[0]
    if answer.refusals:
        raise ProblemError(404, "not_in_quarantine", f"no Event {number} is in quarantine")
    return commands.event_result(answer)


def _offset(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > _LARGEST:
        raise invalid_parameter(name, f"{text[:40]!r} is no offset")
    return int(text)


HANDLERS: list[Any] = [unknown_traps, unknown_trap_counts, device_events, quarantine, retry, discard]
