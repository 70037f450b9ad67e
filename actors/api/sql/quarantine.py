"""Events in quarantine, in PostgreSQL."""

from actors.api.sql.rows import row_as
from actors.postgres import Postgres
from protocols.rest_quarantine import QuarantinedRow

_PAGE = 'SELECT "offset", at, kind, error FROM quarantine WHERE "offset" > $1 ORDER BY "offset" LIMIT $2'


async def list_quarantined(database: Postgres, after: int, limit: int) -> tuple[QuarantinedRow, ...]:
    """Events in quarantine behind offset ``after``, oldest first."""
    return tuple(row_as(row, QuarantinedRow) for row in await database.fetch(_PAGE, after, limit))
