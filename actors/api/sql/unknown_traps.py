"""Traps that no profile knows, in PostgreSQL: the inbox."""

from asyncpg.protocol import Record
from msgspec.structs import replace

from actors.api.keyset import INT64, TIME, Order, SortKey
from actors.api.sql.rows import columns_of, list_rows, row_as
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import Page, UnknownTrapCount, UnknownTrapRow

_INBOX = Order("unknown", (SortKey("at", TIME, True), SortKey('"offset"', INT64, True)))


async def list_unknown_traps(
    database: Postgres,
    *,
    trap_oid: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
    tenant: str | None = None,
    raw: bool = False,
) -> Page[UnknownTrapRow]:
    """The inbox, latest first. The trap listener has masked the communities. ``raw``: with the octets of the datagrams."""
    where = Where()
    where.equal("trap_oid", trap_oid)
    where.equal("tenant_id", tenant)

    def row_of(row: Record) -> UnknownTrapRow:
        found = row_as(row, UnknownTrapRow)
        return found if raw else replace(found, trap={name: value for name, value in found.trap.items() if name != "raw"})

    return await list_rows(database, "unknown_traps", columns_of(UnknownTrapRow), where, _INBOX, cursor, limit, row_of)


async def count_unknown_traps(
    database: Postgres, *, tenant: str | None = None, limit: int = 1_000
) -> tuple[UnknownTrapCount, ...]:
    """How often each unknown trap came, the most frequent first."""
    where = Where()
    where.equal("tenant_id", tenant)
    sql = (
        f"SELECT {columns_of(UnknownTrapCount)} FROM unknown_trap_counts WHERE {where.sql()} "
        f"ORDER BY traps DESC, tenant_id, trap_oid LIMIT {where.parameter(limit)}"
    )
    return tuple(row_as(row, UnknownTrapCount) for row in await database.fetch(sql, *where.args))
