"""Events that faultd could not process, kept for a retry."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.alarm_lookup import answer
from actors.api.answers import ALARM, event_result
from actors.api.command_resource import CommandResource
from actors.api.openapi import PROBLEM, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_parameter
from actors.api.routes import By, Given, resource
from actors.api.sql.quarantine import list_quarantined
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from protocols.command import DiscardQuarantined, RetryQuarantined
from protocols.ledger import QuarantinedEvent
from protocols.rest_body import PageQuery
from protocols.rest_events import EventResult
from protocols.rest_quarantine import DiscardBody, QuarantinePage, StageQuery

EventLookup = Callable[[int], Awaitable[Sequence[QuarantinedEvent]]]
"""The Event in quarantine at an offset, once for each stage that could not fold it."""
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
    after, _, stage = query.cursor.partition(".") if query.cursor is not None else ("", "", "")
    offset = _offset("cursor", after) if query.cursor is not None else -1
    fresh = await stored.caught_up(by)
    rows = await list_quarantined(stored.database, offset, stage, query.limit + 1)
    shown = rows[: query.limit]
    last = f"{shown[-1].offset}.{shown[-1].stage}" if len(rows) > query.limit else None
    return answer(QuarantinePage(shown, last), fresh)


@post(
    "/quarantine/{offset:str}/retry",
    summary="Process an Event again",
    status_code=200,
    operation_class=documented(StageQuery),
    responses={409: PROBLEM, 422: PROBLEM},
    opt=allow("admin", every_tenant=True, query=StageQuery),
)
async def retry_quarantined_event(
    request: Request[Any, Any, Any],
    commands: Given[CommandResource],
    quarantined: Given[EventLookup],
    by: By,
    offset: EventOffset,
) -> EventResult:
    """After an update of faultd or of a profile. 422 with the error when it still cannot be processed."""
    kept = await _kept(request, quarantined, _offset("offset", offset))
    action = RetryQuarantined(kept.offset, kept.event, kept.stage, kept.changes)
    return event_result((await commands.submit(by, action)).answer)


@post(
    "/quarantine/{offset:str}/discard",
    summary="Give up an Event",
    status_code=200,
    operation_class=documented(StageQuery),
    opt=allow("admin", every_tenant=True, query=StageQuery),
    responses={409: PROBLEM, 422: PROBLEM},
)
async def discard_quarantined_event(
    request: Request[Any, Any, Any],
    commands: Given[CommandResource],
    quarantined: Given[EventLookup],
    by: By,
    offset: EventOffset,
    data: JSONBody[DiscardBody],
) -> EventResult:
    """The Event will not be processed. The reason and the token's name stay in the timeline of its alarm and as a device event
    `event.discarded`."""
    kept = await _kept(request, quarantined, _offset("offset", offset))
    done = (await commands.submit_many(by, DiscardQuarantined(kept.offset, data.reason, kept.stage), ())).answer
    if done.refusals:
        raise _not_in_quarantine(kept.offset)
    return event_result(done)


async def _kept(request: Request[Any, Any, Any], quarantined: EventLookup, offset: int) -> QuarantinedEvent:
    """The Event in the quarantine of the stage that the request names, or of the only one that has it."""
    stage = read_query(request, StageQuery).stage
    found = [kept for kept in await quarantined(offset) if stage in (None, kept.stage)]
    if not found:
        raise _not_in_quarantine(offset)
    if len(found) > 1:
        raise invalid_parameter(
            "stage", f"is needed: Event {offset} is in quarantine for {', '.join(each.stage for each in found)}"
        )
    return found[0]


def _not_in_quarantine(offset: int) -> ProblemError:
    return ProblemError(404, "not_in_quarantine", f"no Event {offset} is in quarantine")


def _offset(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > _LARGEST:
        raise invalid_parameter(name, f"{text[:40]!r} is no offset")
    return int(text)


def routes(submitter: Submitter, stored: Stored, quarantined: EventLookup) -> Router:
    """The quarantine."""
    handlers: list[Any] = [list_quarantine, retry_quarantined_event, discard_quarantined_event]
    commands = CommandResource(submitter, ALARM)
    return resource("traps and devices", handlers, stored=stored, commands=commands, quarantined=quarantined)
