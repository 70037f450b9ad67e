"""Dispatch read back from PostgreSQL, to begin a new ledger when the old one is lost: rows as the Changes that wrote them."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import msgspec

from actors.postgres import Connection
from actors.store.dispatch_tables import DISPATCH_TABLES
from protocols.dispatch.changes import (
    ContactChanged,
    DispatchChange,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)

_PREFETCH: Final = 5_000
_WANTED: Final[dict[type, tuple[str, Callable[[Any], DispatchChange]]]] = {
    ContactChanged: ("true ORDER BY created_at, length(id), id", lambda row: ContactChanged(0, row.id, row)),
    RotaChanged: ("true ORDER BY created_at, length(id), id", lambda row: RotaChanged(0, row.id, row)),
    NotificationPolicyChanged: (
        "true ORDER BY created_at, length(id), id",
        lambda row: NotificationPolicyChanged(0, row.id, row),
    ),
    TicketUpdated: ("state <> 'closed' ORDER BY number, id", lambda row: TicketUpdated(0, row)),
    NotificationChanged: (
        "status IN ('pending', 'failed') ORDER BY created_at, length(id), id",
        lambda row: NotificationChanged(0, row),
    ),
}
"""For each type of Change the rows that are read, and the Change of a row. In the order in which the stage needs them: contacts
before rotas, and these before policies."""


async def read_dispatch(connection: Connection) -> list[DispatchChange]:
    """Contacts, rotas, policies, the tickets that are not closed and the notifications that wait, within the caller's
    transaction. Raises ``msgspec.ValidationError`` for a row that this version cannot read."""
    return [
        make(row)
        for kind, (which, make) in _WANTED.items()
        async for row in _rows(connection, DISPATCH_TABLES[kind].name, DISPATCH_TABLES[kind].row, which)
    ]


async def _rows(connection: Connection, table: str, kind: type[Any], which: str) -> AsyncIterator[Any]:
    decode = msgspec.json.Decoder(kind).decode
    sql = f"SELECT to_jsonb(t)::text AS row FROM (SELECT * FROM {table} WHERE {which}) AS t"
    async for each in connection.cursor(sql, prefetch=_PREFETCH):
        yield decode(each["row"])
