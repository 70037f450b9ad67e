"""Going on with a database after its ledger was lost: an operator's decision, never taken by itself."""

from datetime import datetime

from actors.postgres import Connection
from actors.store.apply import CONSUMER

BY = "faultd:ledger_replaced"


async def adopt(connection: Connection, ledger_id: str, now: datetime) -> int:
    """Hand the database over to the ledger ``ledger_id``, from its first batch on. How many open alarms that ended.

    The new ledger knows none of the old one's alarms, so no trap and no command could ever clear them: they become history,
    those still open as cleared ``now``. A problem that persists is raised anew by its next trap or poll.
    """
    async with connection.transaction():
        ended = await connection.fetch(
            "UPDATE alarms SET status = 'cleared', cleared_at = $1, cleared_by = $2, revision = revision + 1 "
            "WHERE live AND status NOT IN ('cleared', 'resolved') RETURNING 1",
            now,
            BY,
        )
        await connection.execute("UPDATE alarms SET live = false WHERE live")
        await connection.execute("DELETE FROM quarantine")
        await connection.execute(
            "INSERT INTO faultd_cursor VALUES ($1, $2, 0) ON CONFLICT (consumer) DO UPDATE SET ledger_id = $2, seq = 0",
            CONSUMER,
            ledger_id,
        )
    return len(ended)
