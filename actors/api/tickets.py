"""Tickets: lists from PostgreSQL, or what the dispatcher holds while that is away; changes go to the desk too."""

from collections.abc import Iterable
from typing import Annotated, Any

from litestar import Request, Response, Router, get, patch
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET

from actors.api.access import allow
from actors.api.alarm_lookup import STALE, AlarmLookup
from actors.api.answers import DISPATCH
from actors.api.command_resource import CommandResource
from actors.api.dispatch_lookup import DispatchLookup
from actors.api.entity_tags import Condition, expected
from actors.api.openapi import PROBLEM, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, IfMatch, resource, tagged
from actors.api.sql.tickets import ANY, EQUAL, LATEST, get_ticket, list_tickets
from actors.api.submitter import Submitter
from actors.postgres import Postgres
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


class TicketLookup(DispatchLookup[Ticket, TicketsQuery]):
    """Tickets of the dispatcher and of PostgreSQL, and commands about them."""

    noun, latest, held_only = "ticket", LATEST, HELD_ONLY

    def __init__(self, submitter: Submitter, view: DispatchView, alarms: AlarmLookup) -> None:
        super().__init__(alarms)
        self._commands, self._view = CommandResource(submitter, DISPATCH), view

    async def change(self, by: Principal, action: ChangeTicket, if_match: Condition | None) -> Ticket:
        """The ticket after the change. ProblemError when it was refused."""
        before, _ = await self.one(by, action.ticket_id)
        await self._commands.submit(by, action, expected=expected(if_match, action.ticket_id, before.revision))
        return (await self.one(by, action.ticket_id))[0]

    def held(self, name: str) -> Ticket | None:
        return self._view.ticket(name)

    def all_held(self) -> Iterable[Ticket]:
        return self._view.tickets()

    async def stored_page(
        self, database: Postgres, query: TicketsQuery, alarm_id: str | None, tenant: str | None
    ) -> Page[Ticket]:
        return await list_tickets(database, query, alarm_id, tenant=tenant)

    async def stored_one(self, database: Postgres, name: str, tenant: str | None) -> Ticket | None:
        return await get_ticket(database, name, tenant=tenant)

    def meets(self, found: Ticket, query: TicketsQuery, alarm_id: str | None) -> bool:
        return (
            all(getattr(query, name) in (None, getattr(found, name)) for name in EQUAL)
            and all(not getattr(query, name) or getattr(found, name) in getattr(query, name) for name in ANY)
            and (alarm_id is None or alarm_id in found.alarm_ids)
            and (query.circuit is None or query.circuit in found.circuits)
            and (query.since is None or found.opened_at >= query.since)
            and (query.before is None or found.opened_at < query.before)
        )

    def place(self, found: Ticket) -> tuple[Any, ...]:
        return found.opened_at, found.id


@get("/tickets", summary="List tickets", operation_class=documented(TicketsQuery), opt=allow("viewer", query=TicketsQuery))
async def list_all_tickets(request: Request[Any, Any, Any], tickets: Given[TicketLookup], by: By) -> Response[TicketPage]:
    """Tickets, the latest first, with what is still to be done in the desk.

    While PostgreSQL is away, those that the dispatcher holds are listed, and `degraded` says so.
    """
    query = read_query(request, TicketsQuery)

    def page(rows: Page[Ticket], degraded: str | None) -> TicketPage:
        return TicketPage(tuple(map(ticket_shown, rows.items)), rows.next_cursor, degraded)

    return await tickets.answered(by, query, page)


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
