"""Adoption: a new ledger goes on with the database of a lost one. An operator decides on it, faultd never does by itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import asyncpg
from msgspec import Struct

from actors.postgres import Connection
from actors.store.cursor import CONSUMER, Cursor, find_cursor

BY = "faultd:ledger_replaced"

BEGIN_ANEW = """
INSERT INTO faultd_cursor (consumer, ledger_id, seq) VALUES ($1, $2, 0)
ON CONFLICT (consumer) DO UPDATE SET ledger_id = $2, seq = 0, events_through = 0, recorded_at = NULL
"""
END_OPEN = """
UPDATE alarms SET status = 'cleared', cleared_at = $1, cleared_by = $2, revision = revision + 1
WHERE live AND status NOT IN ('cleared', 'resolved') RETURNING 1
"""


class AdoptedLedger(Struct, frozen=True):
    """The result of an adoption. ``before`` is the cursor of the other ledger, ``ended`` the number of open alarms that became
    history as cleared."""

    before: Cursor
    ended: int


async def adopt(connection: Connection, ledger_id: str, now: datetime) -> int:
    """Give the database to the ledger ``ledger_id``, from its first batch on. Returns the number of open alarms that this ends.

    The new ledger has none of the old one's alarms, so no trap and no command could clear them. They become history, the open
    ones as cleared ``now``. A problem that persists is raised anew by its next trap or poll.
    """
    async with connection.transaction():
        ended = await connection.fetch(END_OPEN, now, BY)
        await connection.execute("UPDATE alarms SET live = false WHERE live")
        await connection.execute("DELETE FROM quarantine")
        await connection.execute(BEGIN_ANEW, CONSUMER, ledger_id)
    return len(ended)


def adopt_now(url: str, ledger_id: str, now: datetime, check: Callable[[Cursor], None]) -> AdoptedLedger | None:
    """:func:`adopt` by a new connection. Returns None, and does nothing, when the database is empty or this ledger's already;
    in the second case ``check`` is called with the cursor and may raise. Blocks. Raises OSError or asyncpg's errors when the
    database cannot be used."""
    return asyncio.run(_adopt_now(url, ledger_id, now, check))


async def _adopt_now(url: str, ledger_id: str, now: datetime, check: Callable[[Cursor], None]) -> AdoptedLedger | None:
    async with asyncpg.create_pool(url, min_size=0, max_size=1) as pool, pool.acquire() as connection:
        cursor = await find_cursor(connection)
        if cursor is None or cursor.seq == 0:
            return None
        if cursor.ledger_id == ledger_id:
            check(cursor)
            return None
        return AdoptedLedger(cursor, await adopt(connection, ledger_id, now))
