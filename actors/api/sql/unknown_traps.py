"""Traps that no profile knows, in PostgreSQL: the inbox."""

from typing import Any

from asyncpg.protocol import Record
from msgspec.structs import replace

from actors.api.keyset import INT64, TIME, Order, SortKey
from actors.api.sql.rows import columns_of, list_rows, row_as
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import Page, UnknownTrapCount, UnknownTrapRow
from protocols.snmp.masking import MASK, masked_datagram

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
    """The inbox, latest first, without communities. ``raw``: with the octets of the datagrams."""
    where = Where()
    where.equal("trap_oid", trap_oid)
    where.equal("tenant_id", tenant)

    def row_of(row: Record) -> UnknownTrapRow:
        found = row_as(row, UnknownTrapRow)
        return replace(found, trap=_without_community(found.trap, raw=raw))

    return await list_rows(database, "unknown_traps", columns_of(UnknownTrapRow), where, _INBOX, cursor, limit, row_of)


async def count_unknown_traps(
    database: Postgres, *, tenant: str | None = None, limit: int = 1_000
) -> tuple[UnknownTrapCount, ...]:
    """Number of traps of each unknown trap OID, the most frequent first."""
    where = Where()
    where.equal("tenant_id", tenant)
    sql = (
        f"SELECT {columns_of(UnknownTrapCount)} FROM unknown_trap_counts WHERE {where.sql()} "
        f"ORDER BY traps DESC, tenant_id, trap_oid LIMIT {where.parameter(limit)}"
    )
    return tuple(row_as(row, UnknownTrapCount) for row in await database.fetch(sql, *where.args))


def _without_community(trap: dict[str, Any], *, raw: bool) -> dict[str, Any]:
    """The trap listener masks communities. A row from an earlier version may have one in clear: it is masked whole."""
    notification = trap["notification"]
    if notification["version"] != "3" and not notification["security"].startswith(MASK):
        notification = notification | {"security": MASK}
    shown = {name: value for name, value in trap.items() if name != "raw"} | {"notification": notification}
    if raw:
        shown["raw"] = masked_datagram(bytes.fromhex(trap["raw"])).hex()
    return shown
