"""Notes of the dispatcher, and the requests that they answer, in PostgreSQL."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from actors.api.sql.rows import columns_of, row_as
from actors.api.sql.timeline import ENTRY_COLUMNS, entry_of
from actors.postgres import Postgres
from protocols.alarm import TimelineEntry


class StoredNote(Struct, frozen=True):
    """A row of ``dispatch_notes`` as it is read."""

    at: datetime
    policy: str
    text: str


_NOTES: Final = (
    f"SELECT {columns_of(StoredNote)} FROM dispatch_notes WHERE alarm_id = $1 AND tenant_id = $2 "
    'ORDER BY at DESC, "offset" DESC, number DESC LIMIT $3'
)
_REQUESTS: Final = (
    f"SELECT {ENTRY_COLUMNS} FROM alarm_timeline WHERE alarm_id = $1::uuid "
    "AND action IN ('notification_requested', 'notification_not_needed') "
    'ORDER BY "offset" DESC, number DESC LIMIT $2'
)


async def notes_about(database: Postgres, alarm_id: str, tenant_id: str, limit: int) -> list[StoredNote]:
    """The newest notes about the alarm with this ``id``, the latest first."""
    return [row_as(row, StoredNote) for row in await database.fetch(_NOTES, alarm_id, tenant_id, limit)]


async def requests_about(database: Postgres, alarm_id: str, limit: int) -> list[TimelineEntry]:
    """The newest lines of its timeline about requests of notifications, the latest first."""
    return [entry_of(row) for row in await database.fetch(_REQUESTS, alarm_id, limit)]
