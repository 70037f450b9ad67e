"""Tickets: lists from PostgreSQL, or what the dispatcher holds while that is away; changes go to the desk too."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, patch
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET

from actors.api.access import allow
from actors.api.alarm_lookup import STALE, AlarmLookup, answer
from actors.api.alarm_reads import DEGRADED
from actors.api.answers import DISPATCH
from actors.api.command_resource import CommandResource
from actors.api.entity_tags import Condition, expected
from actors.api.openapi import PROBLEM, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, IfMatch, resource, tagged
from actors.api.sql.tickets import ANY, EQUAL, LATEST, get_ticket, list_tickets
from actors.api.submitter import Submitter
from actors.postgres import DatabaseUnavailable
from protocols.dispatch.actions import ChangeTicket
from protocols.dispatch.ticket import Ticket
from protocols.dispatch.view import DispatchView
from protocols.principal import Principal
from protocols.query import Page
from protocols.rest_tickets import TicketEdited, TicketPage, TicketShown, TicketsQuery, ticket_shown

TicketId = Annotated[
    str, PathParameter(description="The ticket's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9.]+$")
]
HELD_ONLY = (
    "PostgreSQL is away. This list has the tickets that the dispatcher holds: those that are not closed, and some that were "
    "closed lately. Older history is missing"
)


class TicketLookup:
    """Tickets of the dispatcher and of PostgreSQL, and commands about them."""

    def __init__(self, submitter: Submitter, view: DispatchView, alarms: AlarmLookup) -> None:
        self._commands, self._view, self.alarms = CommandResource(submitter, DISPATCH), view, alarms

    async def listed(self, by: Principal, query: TicketsQuery) -> tuple[Page[Ticket], bool, bool]:
        """A page; whether it shows the caller's own writes, and whether it is of held tickets alone."""
        stored = self.alarms.stored
        try:
            database = stored.database
            fresh = await stored.caught_up(by, newest=True)
            alarm_id = await self.alarms.id_of(by, query.alarm_id)
            return await list_tickets(database, query, alarm_id, tenant=by.tenant), fresh, False
        except DatabaseUnavailable:
            return self._held(by, query), True, True

    async def one(self, by: Principal, name: str) -> tuple[Ticket, bool]:
        """The ticket of this id, and whether it is as the caller's own writes left it. ProblemError 404 when the caller sees
        none."""
        held = self._view.ticket(name)
        if held is not None and by.sees(held.tenant_id):
            return held, True
        database = self.alarms.database
        fresh = await self.alarms.stored.caught_up(by)
        found = await get_ticket(database, name, tenant=by.tenant)
        if found is None:
            raise ProblemError(404, "unknown_ticket", f"no ticket {name!r}")
        return found, fresh

    async def change(self, by: Principal, action: ChangeTicket, if_match: Condition | None) -> Ticket:
        """The ticket after the change. ProblemError when it was refused."""
        before, _ = await self.one(by, action.ticket_id)
        await self._commands.submit(by, action, expected=expected(if_match, action.ticket_id, before.revision))
        return (await self.one(by, action.ticket_id))[0]

    def _held(self, by: Principal, query: TicketsQuery) -> Page[Ticket]:
        """A page of what the dispatcher holds, in the order and with the cursors of PostgreSQL. Raises ``BadCursor``."""
        held = None if query.alarm_id is None else self.alarms.held(by, query.alarm_id)
        alarm_id = query.alarm_id if held is None else held.id
        found = [each for each in self._view.tickets() if by.sees(each.tenant_id) and _meets(each, query, alarm_id)]
        found.sort(key=_place, reverse=True)
        return LATEST.page(found, _place, query.limit, query.cursor)


@get("/tickets", summary="List tickets", operation_class=documented(TicketsQuery), opt=allow("viewer", query=TicketsQuery))
async def list_all_tickets(request: Request[Any, Any, Any], tickets: Given[TicketLookup], by: By) -> Response[TicketPage]:
    """Tickets, the latest first, with what is still to be done in the desk.

    While PostgreSQL is away, those that the dispatcher holds are listed, and `degraded` says so.
    """
    query = read_query(request, TicketsQuery)
    page, fresh, held_only = await tickets.listed(by, query)
    items = tuple(ticket_shown(each) for each in page.items)
    if held_only:
        return Response(TicketPage(items, page.next_cursor, HELD_ONLY), headers={DEGRADED: "true"})
    return answer(TicketPage(items, page.next_cursor), fresh)


@get("/tickets/{ticket_id:str}", summary="Show a ticket", operation_class=TaggedOperation, opt=allow("viewer"))
async def get_one_ticket(tickets: Given[TicketLookup], by: By, ticket_id: TicketId) -> Response[TicketShown]:
    """One ticket."""
    found, fresh = await tickets.one(by, ticket_id)
    return tagged(ticket_shown(found), found.revision, headers={} if fresh else {STALE: "true"})


@patch(
    "/tickets/{ticket_id:str}",
    summary="Change a ticket",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def change_ticket(
    tickets: Given[TicketLookup], by: By, ticket_id: TicketId, if_match: IfMatch, data: JSONBody[TicketEdited]
) -> Response[TicketShown]:
    """Close it or open it again, comment on it, or try the tasks again that were given up. The desk is told."""
    action = ChangeTicket(
        ticket_id=ticket_id,
        state=None if data.state is UNSET else data.state,
        comment="" if data.comment is UNSET else data.comment,
        retry=data.retry,
    )
    found = await tickets.change(by, action, if_match)
    return tagged(ticket_shown(found), found.revision)


def routes(submitter: Submitter, alarms: AlarmLookup, view: DispatchView) -> Router:
    """Tickets."""
    handlers = [list_all_tickets, get_one_ticket, change_ticket]
    return resource("tickets", handlers, tickets=TicketLookup(submitter, view, alarms))


def _place(found: Ticket) -> tuple[Any, ...]:
    return found.opened_at, found.id


def _meets(found: Ticket, query: TicketsQuery, alarm_id: str | None) -> bool:
    """As PostgreSQL chooses."""
    return (
        all(getattr(query, name) in (None, getattr(found, name)) for name in EQUAL)
        and all(not getattr(query, name) or getattr(found, name) in getattr(query, name) for name in ANY)
        and (alarm_id is None or alarm_id in found.alarm_ids)
        and (query.circuit is None or query.circuit in found.circuits)
        and (query.since is None or found.opened_at >= query.since)
        and (query.before is None or found.opened_at < query.before)
    )
