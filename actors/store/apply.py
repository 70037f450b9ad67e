"""Applying Changes to PostgreSQL: rows and cursor in one transaction. Runs on the asyncio thread.

The rows of a table are one JSON array: encoding takes microseconds a row here, and PostgreSQL does the rest on another core.
(``json``, not ``jsonb``: expanding a recordset from it takes 12 instead of 20 µs a row.)
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from msgspec import Struct

from actors.postgres import Connection
from actors.store import encode
from actors.store.cursor import UNMARKED, BatchMark, move_cursor
from actors.store.fold import MOST_REPEATS, Effects, steps
from protocols.alarm import Alarm
from protocols.change import ArchiveDue, Change, NodesChanged, UnknownTrap

_COLUMNS = ", ".join(Alarm.__struct_fields__)
_OVERWRITE = ", ".join(f"{name} = excluded.{name}" for name in Alarm.__struct_fields__ if name != "id")

UPSERT_ALARMS = f"""
INSERT INTO alarms ({_COLUMNS}, live) SELECT {_COLUMNS}, true FROM json_populate_recordset(NULL::alarms, $1)
ON CONFLICT (id) DO UPDATE SET {_OVERWRITE}, live = true
"""
UPDATE_COUNTS = f"""
UPDATE alarms SET last_occurrence = r.last_occurrence, occurrence_count = r.occurrence_count, revision = r.revision,
    repeat_offsets = (r.offsets || repeat_offsets)[1:{MOST_REPEATS}]
FROM json_to_recordset($1)
    AS r (id uuid, last_occurrence timestamptz, occurrence_count bigint, revision bigint, offsets bigint[])
WHERE alarms.id = r.id
"""
UPDATE_REPEATS = f"""
UPDATE alarms SET repeat_offsets = (r.offsets || repeat_offsets)[1:{MOST_REPEATS}]
FROM json_to_recordset($1) AS r (id uuid, offsets bigint[]) WHERE alarms.id = r.id
"""
FORGET = """
UPDATE alarms SET live = false FROM json_array_elements_text($1) AS r (id) WHERE alarms.id = r.id::uuid
"""
EXPIRE = ("DELETE FROM unknown_traps WHERE at < $1", "DELETE FROM device_events WHERE at < $1")
"""Rows of the inbox and device events are deleted when alarms of their age go to the archive. The counts by OID stay."""
ARCHIVE = f"""
WITH gone AS (DELETE FROM alarms WHERE NOT live AND cleared_at < $1 RETURNING {_COLUMNS})
INSERT INTO alarms_archive ({_COLUMNS}, live) SELECT {_COLUMNS}, false FROM gone
ON CONFLICT (id) DO UPDATE SET {_OVERWRITE}
"""
UPDATE_HISTORY = tuple(
    f"UPDATE {table} SET revision = revision + 1, ticket_id = CASE WHEN $2 THEN $3 ELSE ticket_id END WHERE id = $1"
    for table in ("alarms", "alarms_archive")
)
"""An alarm that is history is in one of the two tables."""
INSERT_ENTRIES = """
INSERT INTO alarm_timeline SELECT * FROM json_populate_recordset(NULL::alarm_timeline, $1) ON CONFLICT DO NOTHING
"""
INSERT_DEVICE_EVENTS = """
INSERT INTO device_events SELECT * FROM json_populate_recordset(NULL::device_events, $1) ON CONFLICT DO NOTHING
"""
INSERT_UNKNOWN = """
INSERT INTO unknown_traps SELECT * FROM json_populate_recordset(NULL::unknown_traps, $1) ON CONFLICT DO NOTHING
"""
COUNT_UNKNOWN = """
INSERT INTO unknown_trap_counts AS c SELECT * FROM json_populate_recordset(NULL::unknown_trap_counts, $1)
ON CONFLICT (tenant_id, trap_oid) DO UPDATE SET traps = c.traps + excluded.traps,
    first_at = least(c.first_at, excluded.first_at), last_at = greatest(c.last_at, excluded.last_at)
"""
UPSERT_QUARANTINE = """
INSERT INTO quarantine SELECT * FROM json_populate_recordset(NULL::quarantine, $1)
ON CONFLICT ("offset", stage) DO UPDATE SET at = excluded.at, kind = excluded.kind, error = excluded.error
"""
RELEASE = """
DELETE FROM quarantine USING unnest($1::bigint[], $2::text[]) AS gone("offset", stage)
WHERE quarantine."offset" = gone."offset" AND quarantine.stage = gone.stage
"""
REJECT = """
INSERT INTO store_rejects (seq, "offset", kind, error, change) VALUES ($1, $2, $3, $4, $5)
"""

_POISON = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""Errors of the data, which another attempt would raise again: SQLSTATE classes 22, 23 and 54."""


class Reject(Struct, frozen=True):
    """A Change whose data PostgreSQL refused. It is kept in ``store_rejects``."""

    offset: int
    kind: str
    error: str


async def apply(
    connection: Connection,
    ledger_id: str,
    before: int,
    through: int,
    changes: Sequence[Change],
    months: set[str],
    mark: BatchMark = UNMARKED,
) -> list[Reject]:
    """Apply ``changes``, those of the batches after ``before`` up to ``through``, and move the cursor: all or nothing.

    ``months`` are the partitions of the timeline that exist; new ones are added once they are committed. ``mark`` is that of
    the batch ``through``. Returns the rejects. Raises :class:`actors.store.cursor.CursorMoved`.
    """
    made: set[str] = set()
    async with connection.transaction():
        await move_cursor(connection, ledger_id, before, through, mark)
        rejects = await apply_tolerant(connection, through, changes, months, made)
    months |= made
    return rejects


async def apply_tolerant(
    connection: Connection, seq: int, changes: Sequence[Change], months: set[str], made: set[str]
) -> list[Reject]:
    """Apply all of ``changes``. When PostgreSQL refuses the data, halve them until the Change at fault is alone, and reject
    it. A Change of many nodes is halved as well."""
    fresh: set[str] = set()
    try:
        async with connection.transaction():
            for step in steps(changes):
                if isinstance(step, ArchiveDue):
                    for statement in (ARCHIVE, *EXPIRE):
                        await connection.execute(statement, step.before)
                else:
                    await _write(connection, step, months | made, fresh)
    except _POISON as error:
        halves = _halves(changes)
        if not halves:
            return [await _reject(connection, seq, changes[0], error)]
        return [reject for half in halves for reject in await apply_tolerant(connection, seq, half, months, made)]
    made |= fresh
    return []


def _halves(changes: Sequence[Change]) -> tuple[Sequence[Change], ...]:
    """Two that come to the same, one after the other; none for a Change that cannot be divided."""
    if len(changes) > 1:
        return changes[: len(changes) // 2], changes[len(changes) // 2 :]
    (change,) = changes
    if not isinstance(change, NodesChanged) or len(change.puts) + len(change.removes) < 2:
        return ()
    puts, removes = len(change.puts) // 2, (len(change.removes) + 1) // 2
    return (
        (NodesChanged(change.offset, change.puts[:puts], change.removes[:removes]),),
        (NodesChanged(change.offset, change.puts[puts:], change.removes[removes:]),),
    )


async def _reject(connection: Connection, seq: int, change: Change, error: Exception) -> Reject:
    reject = Reject(change.offset, encode.tag(change), encode.clean(f"{type(error).__name__}: {error}")[:2000])
    await connection.execute(REJECT, seq, reject.offset, reject.kind, reject.error, encode.readable(change))
    return reject


async def _write(connection: Connection, effects: Effects, known: set[str], fresh: set[str]) -> None:
    if effects.repeated_first:
        await _note_repeats(connection, effects.repeated_first)
    if effects.alarms:
        await connection.execute(UPSERT_ALARMS, encode.rows(effects.rows()))
    if counts := effects.counts():
        await connection.execute(UPDATE_COUNTS, encode.rows([encode.count(*each) for each in counts]))
    if offsets := effects.repeat_offsets():
        await _note_repeats(connection, offsets)
    if effects.forgotten:
        await connection.execute(FORGET, encode.rows(sorted(effects.forgotten)))
    for change in effects.history:
        sets, ticket = "ticket_id" in change.fields, change.fields.get("ticket_id")
        for statement in UPDATE_HISTORY:
            await connection.execute(statement, UUID(change.id), sets, encode.clean(ticket))
    if effects.entries:
        await _make_partitions(connection, {entry.at for entry in effects.entries}, known, fresh)
        await connection.execute(INSERT_ENTRIES, encode.rows(effects.entries))
    if effects.device_events:
        await connection.execute(INSERT_DEVICE_EVENTS, encode.rows([encode.device_event(e) for e in effects.device_events]))
    if effects.unknown_traps:
        await connection.execute(INSERT_UNKNOWN, encode.rows([encode.unknown_trap(trap) for trap in effects.unknown_traps]))
        await connection.execute(COUNT_UNKNOWN, encode.rows(_count(effects.unknown_traps)))
    if effects.quarantined:
        await connection.execute(UPSERT_QUARANTINE, encode.rows([encode.quarantined(q) for q in effects.quarantined.values()]))
    if effects.released:
        gone = sorted(effects.released)
        await connection.execute(RELEASE, [offset for offset, _ in gone], [stage for _, stage in gone])
    await effects.made.write(connection)
    await effects.tabled.write(connection)


async def _note_repeats(connection: Connection, offsets: dict[str, list[int]]) -> None:
    await connection.execute(UPDATE_REPEATS, encode.rows([{"id": name, "offsets": each} for name, each in offsets.items()]))


def _count(traps: Iterable[UnknownTrap]) -> list[dict[str, object]]:
    """Rows of ``unknown_trap_counts``, one for each tenant and OID."""
    counts: dict[tuple[str, str], tuple[int, datetime, datetime]] = {}
    for trap in traps:
        # Keyed by the stored text: two OIDs that differ only in characters that cannot be stored are one row.
        key = encode.clean(trap.tenant_id), encode.clean(trap.trap.notification.trap_oid)
        number, first, last = counts.get(key, (0, trap.at, trap.at))
        counts[key] = number + 1, min(first, trap.at), max(last, trap.at)
    return [
        {"tenant_id": tenant, "trap_oid": oid, "traps": number, "first_at": first, "last_at": last}
        for (tenant, oid), (number, first, last) in counts.items()
    ]


async def _make_partitions(connection: Connection, times: Iterable[datetime], known: set[str], fresh: set[str]) -> None:
    for year, month in sorted({(at.year, at.month) for at in (time.astimezone(UTC) for time in times)}):
        name = f"alarm_timeline_{year:04}_{month:02}"
        if name in known or name in fresh or not 2000 <= year < 2100:
            continue
        after = f"{year + month // 12:04}-{month % 12 + 1:02}-01 00:00:00+00"
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF alarm_timeline "
            f"FOR VALUES FROM ('{year:04}-{month:02}-01 00:00:00+00') TO ('{after}')"
        )
        fresh.add(name)
