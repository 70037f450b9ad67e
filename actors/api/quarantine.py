"""Events that faultd could not process, kept for a retry."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.alarm_lookup import answer
from actors.api.answers import ALARM, event_result
from actors.api.command_resource import CommandResource
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_parameter
from actors.api.routes import By, Given, resource
from actors.api.sql.quarantine import list_quarantined
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from protocols.command import DiscardQuarantined, RetryQuarantined
from protocols.rest_body import PageQuery
from protocols.rest_events import EventResult
from protocols.rest_quarantine import DiscardBody, QuarantinePage

EventLookup = Callable[[int], Awaitable[bytes | None]]
"""The msgpack of the quarantined Event at an offset, None when there is none."""
EventOffset = Annotated[str, PathParameter(description="The Event's offset")]
_LARGEST = 2**63 - 1


@get(
    "/quarantine",
    summary="Events not processed",
    operation_class=documented(PageQuery),
    opt=allow("admin", every_tenant=True, query=PageQuery),
)
async def list_quarantine(request: Request[Any, Any, Any], stored: Given[Stored], by: By) -> Response[QuarantinePage]:
    """Oldest first. For admins of every tenant: an Event in quarantine belongs to no tenant yet."""
    query = read_query(request, PageQuery)
    after = _offset("cursor", query.cursor) if query.cursor is not None else -1
    fresh = await stored.caught_up(by)
    rows = await list_quarantined(stored.database, after, query.limit + 1)
    shown = rows[: query.limit]
    return answer(QuarantinePage(shown, str(shown[-1].offset) if len(rows) > query.limit else None), fresh)


@post(
    "/quarantine/{offset:str}/retry",
    summary="Process an Event again",
    status_code=200,
    operation_class=ApiOperation,
    responses={409: PROBLEM, 422: PROBLEM},
    opt=allow("admin", every_tenant=True),
)
async def retry_quarantined_event(
    commands: Given[CommandResource], quarantined: Given[EventLookup], by: By, offset: EventOffset
) -> EventResult:
    """After an update of faultd or of a profile. 422 with the error when it still cannot be processed."""
    number = _offset("offset", offset)
    event = await quarantined(number)
    if event is None:
        raise ProblemError(404, "not_in_quarantine", f"no Event {number} is in quarantine")
    return event_result((await commands.submit(by, RetryQuarantined(number, event))).answer)


@post(
    "/quarantine/{offset:str}/discard",
    summary="Give up an Event",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("admin", every_tenant=True),
    responses={409: PROBLEM, 422: PROBLEM},
)
async def discard_quarantined_event(
    commands: Given[CommandResource], by: By, offset: EventOffset, data: JSONBody[DiscardBody]
) -> EventResult:
    """The Event will not be processed. The reason and the token's name stay in the timeline of its alarm and as a device event
    `event.discarded`."""
    number = _offset("offset", offset)
    done = (await commands.submit_many(by, DiscardQuarantined(number, data.reason), ())).answer
    if done.refusals:
        raise ProblemError(404, "not_in_quarantine", f"no Event {number} is in quarantine")
    return event_result(done)


def _offset(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > _LARGEST:
        raise invalid_parameter(name, f"{text[:40]!r} is no offset")
    return int(text)


def routes(submitter: Submitter, stored: Stored, quarantined: EventLookup) -> Router:
    """The quarantine."""
    handlers: list[Any] = [list_quarantine, retry_quarantined_event, discard_quarantined_event]
    commands = CommandResource(submitter, ALARM)
    return resource("traps and devices", handlers, stored=stored, commands=commands, quarantined=quarantined)
