"""Reading a ledger's rows, by a connection of ``schema``; and a ledger file offline, for replay.

Nothing here writes. Reads are paged, so that a long one never holds a snapshot of the database open.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from actors.ledger.codec import DECODE_ERRORS, decode_changes, decode_events, decode_parts, instant
from actors.ledger.errors import LedgerCorrupt
from actors.ledger.schema import connect_reader, translated
from protocols.event import Stamped
from protocols.ledger import EventBatch, QuarantinedEvent, RecordedBatch, Snapshot

_PAGE_ROWS = 64


class Head(Struct, frozen=True):
    """Where a ledger ends: newest Event's offset and time (microseconds), newest batch of Changes, and the offset through
    which Changes are recorded. All 0 for an empty ledger."""

    offset: int = 0
    at: int = 0
    seq: int = 0
    through: int = 0


def read_head(connection: sqlite3.Connection) -> Head:
    """The newest rows say it all: pruning always leaves the last one."""
    offset, at, recorded = connection.execute(
        "SELECT through, at, recorded FROM events ORDER BY first DESC LIMIT 1"
    ).fetchone() or (0, 0, 0)
    seq, covered = connection.execute("SELECT seq, through FROM changes ORDER BY seq DESC LIMIT 1").fetchone() or (0, 0)
    (snapshot,) = connection.execute("SELECT coalesce(max(through), 0) FROM snapshots").fetchone()
    return Head(offset, at, seq, max(recorded, covered, snapshot))


def oldest_offset(connection: sqlite3.Connection) -> int:
    """Offset of the oldest Event kept, 0 when there is none."""
    (oldest,) = connection.execute("SELECT coalesce(min(first), 0) FROM events").fetchone()
    return int(oldest)


def read_events(
    connection: sqlite3.Connection, path: Path, after: int, through: int, limit: int = _PAGE_ROWS
) -> list[EventBatch]:
    """At most ``limit`` batches of the Events in (``after``, ``through``], as they were committed; those at the ends cut.

    Raises LedgerCorrupt when an offset is missing between those found or a body cannot be decoded.
    """
    batches: list[EventBatch] = []
    if after >= through:
        return batches
    expected = None
    for first, at, body in connection.execute(
        "SELECT first, at, body FROM events WHERE first >= (SELECT coalesce(max(first), 0) FROM events WHERE first <= ?) "
        "AND first <= ? AND through > ? ORDER BY first LIMIT ?",
        (after + 1, through, after, limit),
    ):
        try:
            events = decode_events(body)
        except DECODE_ERRORS as error:
            raise LedgerCorrupt(path, f"Events from {first}: {error}") from error
        if expected is not None and first != expected:
            raise LedgerCorrupt(path, f"Event {expected} is missing before {first}")
        expected = first + len(events)
        low, high = max(first, after + 1), min(expected - 1, through)
        batches.append(EventBatch(low, instant(at), events[low - first : high - first + 1]))
    return batches


def iterate_events(connection: sqlite3.Connection, path: Path, after: int, through: int) -> Iterator[EventBatch]:
    """:func:`read_events` to the end, in pages."""
    while batches := read_events(connection, path, after, through):
        if after and batches[0].first != after + 1:
            raise LedgerCorrupt(path, f"Event {after + 1} is missing before {batches[0].first}")
        yield from batches
        after = batches[-1].through


def read_changes(
    connection: sqlite3.Connection, path: Path, after: int, through: int, limit: int, max_bytes: int
) -> list[RecordedBatch]:
    """Recorded batches with seq in (``after``, ``through``], oldest first, at most ``limit`` and, beyond the first,
    ``max_bytes`` encoded. Raises LedgerCorrupt when a body cannot be decoded."""
    batches: list[RecordedBatch] = []
    size = 0
    for seq, covered, at, body in connection.execute(
        "SELECT seq, through, at, body FROM changes WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", (after, through, limit)
    ):
        size += len(body)
        if batches and size > max_bytes:
            break
        try:
            batches.append(RecordedBatch(seq, covered, decode_changes(body), instant(at)))
        except DECODE_ERRORS as error:
            raise LedgerCorrupt(path, f"Changes {seq}: {error}") from error
    return batches


def read_snapshots(connection: sqlite3.Connection) -> Iterator[Snapshot]:
    """Whole snapshots, newest first; one whose pieces are incomplete or cannot be decoded is passed over."""
    for through, pieces in connection.execute("SELECT through, pieces FROM snapshots ORDER BY through DESC").fetchall():
        bodies = connection.execute(
            "SELECT body FROM snapshot_pieces WHERE through = ? AND number < ? ORDER BY number", (through, pieces)
        ).fetchall()
        if len(bodies) != pieces:
            continue
        try:
            yield Snapshot(through, decode_parts(b"".join(body for (body,) in bodies)))
        except DECODE_ERRORS:
            continue


def read_cursors(connection: sqlite3.Connection) -> dict[str, int]:
    """Each consumer's cursor."""
    return dict(connection.execute("SELECT consumer, seq FROM cursors").fetchall())


def read_quarantine(connection: sqlite3.Connection) -> list[QuarantinedEvent]:
    """Every Event whose fold raised and has not succeeded since, oldest first."""
    return [
        QuarantinedEvent(offset, instant(at), kind, error, event)
        for offset, at, kind, error, event in connection.execute(
            "SELECT offset, at, kind, error, event FROM quarantine ORDER BY offset"
        )
    ]


def ledger_id(connection: sqlite3.Connection) -> str:
    """The ledger's UUID, made with the file."""
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'ledger_id'").fetchone()
    return str(value)


def stamped_events(path: Path, after: int = 0, through: int | None = None) -> Iterator[Stamped]:
    """The Events of a ledger file in (``after``, ``through``], oldest kept first, also while a daemon writes to it.

    ``through`` None means up to the newest at the start. Raises FileNotFoundError and LedgerError.
    """
    with closing(connect_reader(path)) as connection, translated(path):
        last = read_head(connection).offset if through is None else through
        start = max(after, oldest_offset(connection) - 1)
        for batch in iterate_events(connection, path, start, last):
            for offset, event in enumerate(batch.events, batch.first):
                yield Stamped(offset, batch.at, event)
