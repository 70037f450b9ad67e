"""Going on with a database after its ledger was lost: an operator's decision, never taken by itself."""

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
    """``before`` is the cursor that the other ledger had left; ``ended`` how many open alarms became history as cleared."""

    before: Cursor
    ended: int


async def adopt(connection: Connection, ledger_id: str, now: datetime) -> int:
    """Hand the database over to the ledger ``ledger_id``, from its first batch on. How many open alarms that ended.

    The new ledger knows none of the old one's alarms, so no trap and no command could ever clear them: they become history,
    those still open as cleared ``now``. A problem that persists is raised anew by its next trap or poll.
    """
    async with connection.transaction():
        ended = await connection.fetch(END_OPEN, now, BY)
        await connection.execute("UPDATE alarms SET live = false WHERE live")
        await connection.execute("DELETE FROM quarantine")
        await connection.execute(BEGIN_ANEW, CONSUMER, ledger_id)
    return len(ended)


def adopt_now(url: str, ledger_id: str, now: datetime, check: Callable[[Cursor], None]) -> AdoptedLedger | None:
    """:func:`adopt` by a connection of its own; None, and nothing done, when the database is fresh or this ledger's already, in
    which case ``check`` is asked and may raise. Blocks. Raises OSError or asyncpg's errors when the database cannot be used."""
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
