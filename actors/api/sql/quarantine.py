"""Events in quarantine, in PostgreSQL."""

from actors.api.sql.rows import row_as
from actors.postgres import Postgres
from protocols.rest_quarantine import QuarantinedRow

_PAGE = """
SELECT "offset", at, kind, error, stage FROM quarantine WHERE ("offset", stage) > ($1, $2) ORDER BY "offset", stage LIMIT $3
"""


async def list_quarantined(database: Postgres, after: int, stage: str, limit: int) -> tuple[QuarantinedRow, ...]:
    """Events in quarantine behind that at offset ``after`` for ``stage``, oldest first."""
    return tuple(row_as(row, QuarantinedRow) for row in await database.fetch(_PAGE, after, stage, limit))
