"""Timelines of alarms in PostgreSQL, and the Events that they name."""

from asyncpg.protocol import Record

from actors.api.keyset import INT32, INT64, Order, SortKey
from actors.api.sql.rows import columns_of, list_rows, row_as, uuid_of
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.alarm import TimelineEntry
from protocols.query import Page

ENTRY_COLUMNS = columns_of(TimelineEntry)
_OLDEST = (SortKey('"offset"', INT64), SortKey("number", INT32))
"""Offsets are the order: the time can step back, where the clock jumped."""
_LATEST = tuple(SortKey(key.column, key.kind, True) for key in _OLDEST)
REPORTING = (
    "raised",
    "reopened",
    "severity_changed",
    "text_changed",
    "cleared",
    "resolved",
    "clear_ignored",
    "cleared_before_raise",
)
"""Actions of timeline lines that a report may have caused."""


async def timeline(
    database: Postgres,
    alarm_id: str,
    *,
    limit: int = 100,
    cursor: str | None = None,
    latest_first: bool = False,
    tenant: str | None = None,
    action: str | None = None,
) -> Page[TimelineEntry]:
    """The history of the alarm with this ``id`` (a UUID; empty for anything else): all lines, or those of one action."""
    identifier = uuid_of(alarm_id)
    if identifier is None:
        return Page(())
    order = Order("-timeline", _LATEST) if latest_first else Order("timeline", _OLDEST)
    where = Where()
    where.equal("alarm_id", identifier)
    where.equal("tenant_id", tenant)
    where.equal("action", action)
    return await list_rows(database, "alarm_timeline", ENTRY_COLUMNS, where, order, cursor, limit, entry_of)


async def reporting_events(database: Postgres, alarm_id: str, *, limit: int) -> dict[int, tuple[str, ...]]:
    """Offsets of the newest Events that reported something of this alarm, the latest first, each with what it did."""
    where = Where()
    where.equal("alarm_id", uuid_of(alarm_id))
    where.any_of("action", REPORTING)
    where.conditions.append("(actor NOT LIKE 'faultd:%' OR actor = 'faultd:self')")
    sql = (
        f'SELECT "offset", action FROM alarm_timeline WHERE {where.sql()} '
        f'ORDER BY at DESC, "offset" DESC, number LIMIT {where.parameter(2 * limit)}'
    )
    lines = await database.fetch(sql, *where.args)
    repeats = await database.fetchval("SELECT repeat_offsets FROM alarms WHERE id = $1", uuid_of(alarm_id)) or []
    found: dict[int, list[str]] = {}
    for offset, action in [*((row["offset"], row["action"]) for row in lines), *((each, "repeated") for each in repeats)]:
        found.setdefault(offset, []).append(action)
    newest = sorted(found, reverse=True)[:limit]
    return {offset: tuple(dict.fromkeys(found[offset])) for offset in newest}


def entry_of(row: Record) -> TimelineEntry:
    """A TimelineEntry from a row that has at least its columns."""
    return row_as(row, TimelineEntry)
