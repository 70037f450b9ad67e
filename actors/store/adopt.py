"""Adoption: a new ledger goes on with the database of a lost one. An operator decides on it, faultd never does by itself."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from actors.postgres import Connection, connected_apart
from actors.store import change_rows
from actors.store.cursor import CONSUMER, Cursor, find_cursor
from actors.store.operator_rows import EMPTY
from actors.store.schema import CONNECT_SECONDS
from actors.supervisor import OperatorNeeded
from protocols.printable import counted

BY = "faultd:ledger_replaced"

BEGIN_ANEW = """
INSERT INTO faultd_cursor (consumer, ledger_id, seq, events_through, recorded_at) VALUES ($1, $2, 0, $3, $4)
ON CONFLICT (consumer) DO UPDATE SET ledger_id = $2, seq = 0, events_through = $3, recorded_at = $4
"""
END_OPEN = """
UPDATE alarms SET status = 'cleared', cleared_at = $1, cleared_by = $2, revision = revision + 1
WHERE live AND status NOT IN ('cleared', 'resolved') RETURNING 1
"""


KEPT = """
SELECT (SELECT count(*) FROM rules WHERE origin = 'api' OR switched) AS rules,
    (SELECT count(*) FROM maintenance_windows WHERE status IN ('active', 'upcoming')) AS windows,
    (SELECT count(*) FROM topology_nodes WHERE origin = 'api') AS nodes,
    (SELECT count(*) FROM sla_instances) AS instances,
    (SELECT count(*) FROM notification_policies WHERE origin = 'api' OR switched) AS policies,
    (SELECT count(*) FROM contacts) AS contacts,
    (SELECT count(*) FROM rotas) AS rotas,
    (SELECT count(*) FROM tickets WHERE state <> 'closed') AS tickets
"""
"""Counts the rows that operators made through the API, which no file has, and the tickets that are not closed."""
_NOUNS = {
    "rules": ("rule",),
    "windows": ("maintenance window",),
    "nodes": ("node",),
    "instances": ("SLA instance",),
    "policies": ("notification policy", "notification policies"),
    "contacts": ("contact",),
    "rotas": ("rota",),
    "tickets": ("open ticket",),
}


class OperatorDataInTheWay(OperatorNeeded):
    """The database holds operators' data and open tickets of the other ledger. Adopting it for this ledger deletes them."""

    def __init__(self, found: Mapping[str, int]) -> None:
        """``found``: the number of each, by the columns of :data:`KEPT`."""
        *some, last = (counted(found[column], *nouns) for column, nouns in _NOUNS.items())
        made = f"{', '.join(some)} and {last}"
        super().__init__(
            f"the database has {made} that operators made and this ledger does not have. To keep them, move this ledger away "
            "and begin one with them: `faultd restore --from-database`. "
            "To give them up: `faultd migrate --adopt-ledger --discard`"
        )


class AdoptedLedger(Struct, frozen=True):
    """The result of an adoption. ``before`` is the cursor of the other ledger, ``ended`` the number of open alarms that became
    history as cleared."""

    before: Cursor
    ended: int


async def adopt(connection: Connection, ledger_id: str, now: datetime, *, begins: int | None = None) -> int:
    """Give the database to the ledger ``ledger_id``, from its first batch on. Returns the number of open alarms that this ends.

    The new ledger has none of the old one's alarms, so no trap and no command could clear them. They become history, the open
    ones as cleared ``now``. A problem that persists is raised anew by its next trap or poll. The tables of operators' data are
    emptied, unless the ledger was restored from them and ``begins`` behind this offset. Then its Changes overwrite the rows.
    Until they have come, the rows can be restored once more: behind ``begins``, which the cursor keeps.
    """
    async with connection.transaction():
        if begins is None:
            await connection.execute(EMPTY)
            # The new ledger's ids begin with SB1 again, and would overwrite the other one's.
            await connection.execute(change_rows.EMPTY)
        ended = await connection.fetch(END_OPEN, now, BY)
        await connection.execute("UPDATE alarms SET live = false WHERE live")
        await connection.execute("DELETE FROM quarantine")
        await connection.execute(BEGIN_ANEW, CONSUMER, ledger_id, begins or 0, None if begins is None else now)
    return len(ended)


def adopt_now(
    url: str, ledger_id: str, now: datetime, check: Callable[[Cursor], None], *, discard: bool = False
) -> AdoptedLedger | None:
    """:func:`adopt` by a new connection. Returns None, and does nothing, when the database is unclaimed, or is this ledger's;
    in the second case ``check`` is called with the cursor and may raise. Blocks. Raises OperatorDataInTheWay unless
    ``discard``, and OSError or asyncpg's errors when the database cannot be used."""
    return asyncio.run(_adopt_now(url, ledger_id, now, check, discard))


def adopt_restored(url: str, ledger_id: str, begins: int, now: datetime) -> int:
    """:func:`adopt` for a ledger that was restored from this database and ``begins`` behind this offset. Returns the number of
    open alarms that this ends."""
    return asyncio.run(_adopt_restored(url, ledger_id, begins, now))


async def _adopt_restored(url: str, ledger_id: str, begins: int, now: datetime) -> int:
    async with connected_apart(url, CONNECT_SECONDS) as connection:
        return await adopt(connection, ledger_id, now, begins=begins)


async def _adopt_now(
    url: str, ledger_id: str, now: datetime, check: Callable[[Cursor], None], discard: bool
) -> AdoptedLedger | None:
    async with connected_apart(url, CONNECT_SECONDS) as connection:
        cursor = await find_cursor(connection)
        if cursor is None or cursor.unclaimed:
            return None
        if cursor.ledger_id == ledger_id:
            check(cursor)
            return None
        (kept,) = await connection.fetch(KEPT)
        if not discard and any(kept.values()):
            raise OperatorDataInTheWay(dict(kept))
        return AdoptedLedger(cursor, await adopt(connection, ledger_id, now))
