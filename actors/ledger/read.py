"""Reading a ledger's rows, by a connection of ``schema``.

Nothing here writes. Long reads are paged, so that none holds a snapshot of the database open.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from actors.ledger.checksum import checksum, checksum_holds
from actors.ledger.codec import DECODE_ERRORS, decode_changes, decode_events, decode_parts
from actors.ledger.errors import LedgerCorrupt
from actors.trusted_clock import instant
from protocols.event import Event, Stamped
from protocols.ledger import EventBatch, QuarantinedEvent, RecordedBatch, Snapshot

EVENT_COLUMNS = "first, through, at, recorded, seq, seal, body"
CHANGE_COLUMNS = "seq, through, at, upto, seal, body"

_PAGE_ROWS = 64
_Row = tuple[Any, ...]


class Head(Struct, frozen=True):
    """The end of a ledger: the newest Event's ``offset`` and time ``at`` (microseconds since 1970), the newest batch of Changes
    ``seq``, and the offset ``through`` which Changes are recorded. All 0 for an empty ledger."""

    offset: int = 0
    at: int = 0
    seq: int = 0
    through: int = 0


def _intact(path: Path, row: _Row | None, what: str) -> _Row | None:
    """``row``, unchanged. Raises LedgerCorrupt when its checksum is wrong; ``what`` names the row."""
    if row is not None and not checksum_holds(row):
        raise LedgerCorrupt(path, f"{what}: the row's checksum is wrong")
    return row


def read_head(connection: sqlite3.Connection, path: Path) -> Head:
    """The end of the ledger, by its newest rows, which pruning always leaves. Raises LedgerCorrupt when they contradict each
    other."""
    events = connection.execute(f"SELECT {EVENT_COLUMNS} FROM events ORDER BY first DESC LIMIT 1").fetchone()
    changes = connection.execute(f"SELECT {CHANGE_COLUMNS} FROM changes ORDER BY seq DESC LIMIT 1").fetchone()
    marked = connection.execute("SELECT * FROM snapshots ORDER BY through DESC LIMIT 1").fetchone()
    first = begins(connection, path)
    _, offset, at, recorded, seq_then, *_ = _intact(path, events, "newest Events") or (0, first, 0, first, 0)
    seq, covered, _, offset_then, *_ = _intact(path, changes, "newest Changes") or (0, 0, 0, 0)
    snapshot, *_ = _intact(path, marked, "newest snapshot") or (0,)
    if offset < max(offset_then, covered, recorded, snapshot):
        raise LedgerCorrupt(
            path, f"Events end at {offset}, and other rows name Event {max(offset_then, covered, recorded, snapshot)}"
        )
    if seq < seq_then:
        raise LedgerCorrupt(path, f"Changes end with batch {seq}, and Events name batch {seq_then}")
    return Head(offset, at, seq, max(recorded, covered, snapshot))


def begins(connection: sqlite3.Connection, path: Path) -> int:
    """The offset before the ledger's first Event: 0, but for a ledger that was begun behind a lost one's. Raises
    LedgerCorrupt."""
    known = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('begins', 'begins_seal')").fetchall())
    value = known.get("begins", "0")
    if known and (not value.isdecimal() or known.get("begins_seal") != str(checksum("begins", int(value)))):
        raise LedgerCorrupt(path, f"the checksum of the offset {value!r} at which it begins is wrong")
    return int(value)


def oldest_offset(connection: sqlite3.Connection) -> int:
    """Offset of the oldest Event kept, 0 when there is none."""
    (oldest,) = connection.execute("SELECT coalesce(min(first), 0) FROM events").fetchone()
    return int(oldest)


def read_events(
    connection: sqlite3.Connection, path: Path, after: int, through: int, limit: int = _PAGE_ROWS
) -> list[EventBatch]:
    """At most ``limit`` batches of the Events in (``after``, ``through``], as they were committed; the first and the last may
    be cut.

    Raises LedgerCorrupt when an offset is missing, a checksum is wrong, or a row cannot be decoded.
    """
    batches: list[EventBatch] = []
    if after >= through:
        return batches
    expected = None
    for row in connection.execute(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE first >= (SELECT coalesce(max(first), 0) FROM events WHERE first <= ?) "
        "AND first <= ? AND through > ? ORDER BY first LIMIT ?",
        (after + 1, through, after, limit),
    ):
        events = _decoded(path, row)
        first, _, at, *_ = row
        if first > after + 1 if expected is None else first != expected:
            raise LedgerCorrupt(path, f"Event {expected or after + 1} is missing before {first}")
        expected = first + len(events)
        low, high = max(first, after + 1), min(expected - 1, through)
        batches.append(EventBatch(low, instant(at), events[low - first : high - first + 1]))
    return batches


def events_at(connection: sqlite3.Connection, path: Path, offsets: Iterable[int]) -> list[Stamped]:
    """The Events at these offsets, in the order of offsets, without those that were pruned or do not exist. Raises
    LedgerCorrupt."""
    found: list[Stamped] = []
    batch: EventBatch | None = None
    for offset in sorted(set(offsets)):
        if batch is None or offset > batch.through:
            row = connection.execute(
                f"SELECT {EVENT_COLUMNS} FROM events WHERE first <= ? ORDER BY first DESC LIMIT 1", (offset,)
            ).fetchone()
            if row is None or row[1] < offset:
                continue
            batch = EventBatch(row[0], instant(row[2]), _decoded(path, row))
        found.append(Stamped(offset, batch.at, batch.events[offset - batch.first]))
    return found


def _decoded(path: Path, row: _Row) -> list[Event]:
    _intact(path, row, f"Events from {row[0]}")
    try:
        return decode_events(row[-1])
    except DECODE_ERRORS as error:
        raise LedgerCorrupt(path, f"Events from {row[0]}: {error}") from error


def iterate_events(connection: sqlite3.Connection, path: Path, after: int, through: int) -> Iterator[EventBatch]:
    """All batches of the Events in (``after``, ``through``], in pages. Raises LedgerCorrupt, also when the Events end before
    ``through``."""
    while batches := read_events(connection, path, after, through):
        yield from batches
        after = batches[-1].through
    if after < through:
        raise LedgerCorrupt(path, f"Event {after + 1} is missing")


def read_changes(
    connection: sqlite3.Connection, path: Path, after: int, through: int, limit: int, max_bytes: int
) -> list[RecordedBatch]:
    """Recorded batches with ``seq`` in (``after``, ``through``], oldest first: at most ``limit`` batches and ``max_bytes``
    encoded bytes, and at least one batch if there is any. Raises LedgerCorrupt."""
    batches: list[RecordedBatch] = []
    size = 0
    for row in connection.execute(
        f"SELECT {CHANGE_COLUMNS} FROM changes WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", (after, through, limit)
    ):
        _intact(path, row, f"Changes {row[0]}")
        seq, covered, at, *_, body = row
        if batches and seq != batches[-1].seq + 1:
            raise LedgerCorrupt(path, f"Changes {batches[-1].seq + 1} are missing before {seq}")
        size += len(body)
        if batches and size > max_bytes:
            break
        try:
            batches.append(RecordedBatch(seq, covered, decode_changes(body), instant(at)))
        except DECODE_ERRORS as error:
            raise LedgerCorrupt(path, f"Changes {seq}: {error}") from error
    return batches


def snapshot_times(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The last Event of each snapshot, and when it was written (microseconds since 1970), newest first."""
    return connection.execute("SELECT through, at FROM snapshots ORDER BY through DESC").fetchall()


def read_snapshots(connection: sqlite3.Connection, wanted: Iterable[int] | None = None) -> Iterator[Snapshot]:
    """The whole snapshots, newest first, or those through the Events ``wanted``, in this order. One that lacks a piece, or that
    cannot be decoded, is passed over."""
    if wanted is None:
        wanted = [each for each, _ in snapshot_times(connection)]
    for name in wanted:
        row = connection.execute("SELECT * FROM snapshots WHERE through = ?", (name,)).fetchone()
        if row is None:
            continue
        through, pieces = row[0], row[-1]
        bodies = connection.execute(
            "SELECT through, number, seal, body FROM snapshot_pieces WHERE through = ? ORDER BY number", (through,)
        ).fetchall()
        if len(bodies) != pieces or not all(map(checksum_holds, (row, *bodies))):
            continue
        try:
            yield Snapshot(through, decode_parts(b"".join(piece[-1] for piece in bodies)))
        except DECODE_ERRORS:
            continue


def read_cursors(connection: sqlite3.Connection, path: Path) -> dict[str, int]:
    """Each consumer's cursor. Raises LedgerCorrupt."""
    rows = connection.execute("SELECT consumer, seal, seq FROM cursors").fetchall()
    return {row[0]: row[-1] for row in rows if _intact(path, row, f"the cursor of {row[0]}")}


def read_quarantine(connection: sqlite3.Connection, path: Path) -> list[QuarantinedEvent]:
    """Every Event in quarantine, oldest first. Raises LedgerCorrupt."""
    kept = []
    for error, *row in connection.execute(
        "SELECT error, offset, stage, at, kind, changes, seal, event FROM quarantine ORDER BY offset, stage"
    ):
        _intact(path, tuple(row), f"quarantined Event {row[0]}")
        offset, stage, at, kind, changes, _, event = row
        kept.append(QuarantinedEvent(offset, instant(at), kind, error, event, stage, changes))
    return kept


def check_small_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Check every page of the small tables: no other row would show that one of their rows is gone. Raises LedgerCorrupt."""
    for table in ("meta", "cursors", "snapshots", "quarantine"):
        for (found,) in connection.execute(f"PRAGMA quick_check({table})").fetchall():
            if found != "ok":
                raise LedgerCorrupt(path, f"table {table}: {found}")


def ledger_id(connection: sqlite3.Connection, path: Path) -> str:
    """The ledger's UUID, made with the file. Raises LedgerCorrupt."""
    known = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    value = known.get("ledger_id", "")
    if known.get("ledger_id_seal") != str(checksum(value)):
        raise LedgerCorrupt(path, f"the checksum of its id {value!r} is wrong")
    return str(value)
