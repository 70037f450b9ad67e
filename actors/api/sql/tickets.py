"""Tickets in PostgreSQL."""

from typing import Final

from actors.api.keyset import TIME, Order, SortKey
from actors.api.sql.rows import columns_of, list_rows, row_as
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.dispatch.ticket import Ticket
from protocols.query import Page
from protocols.rest_tickets import TicketsQuery

LATEST: Final = Order("tickets", (SortKey("opened_at", TIME, True), SortKey("id", str, True)))
EQUAL: Final = ("tenant_id", "key", "team", "customer_id", "sla_breach_id")
ANY: Final = ("state", "desk", "priority")
_LISTED: Final = columns_of(Ticket)


async def list_tickets(
    database: Postgres, query: TicketsQuery, alarm_id: str | None = None, *, tenant: str | None = None
) -> Page[Ticket]:
    """Tickets that pass the query, the latest first. ``alarm_id`` is the ``id`` of the alarm that the query names."""
    where = Where()
    where.equal("tenant_id", tenant)
    for name in EQUAL:
        where.equal(name, getattr(query, name))
    for name in ANY:
        where.any_of(name, getattr(query, name))
    if alarm_id is not None:
        where.conditions.append(f"alarm_ids @> {where.texts((alarm_id,))}")
    if query.circuit is not None:
        where.conditions.append(f"circuits @> {where.texts((query.circuit,))}")
    where.between("opened_at", query.since, query.before)
    return await list_rows(
        database, "tickets", _LISTED, where, LATEST, query.cursor, query.limit, lambda row: row_as(row, Ticket)
    )


async def get_ticket(database: Postgres, name: str, *, tenant: str | None = None) -> Ticket | None:
    """The ticket of this id; None when there is none in the scope."""
    where = Where()
    where.equal("id", name)
    where.equal("tenant_id", tenant)
    row = await database.fetchrow(f"SELECT {_LISTED} FROM tickets WHERE {where.sql()}", *where.args)
    return None if row is None else row_as(row, Ticket)
