"""The ledger's file: one writer, whole transactions, and trust in synced data only. No trio here.

After a refused commit the connection is closed: data that a failed fsync left in the page cache may look written without being
on disk. Opening again first moves the whole log into the database file and syncs that. Then it removes the rows of the refused
commit that survived, so that "nothing of the request was kept" is true of the file as well.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from actors.ledger.checksum import with_checksum
from actors.ledger.codec import encode_changes
from actors.ledger.errors import DiskRefused, LedgerCorrupt, LedgerError, LedgerLocked
from actors.ledger.group import CommitGroup, Encoded, LedgerTime, SnapshotPiece, Written, encode
from actors.ledger.prune import Pruned, PruneLimits, prune
from actors.ledger.quarantine import put_quarantined, stage_reports, touching_quarantine
from actors.ledger.read import Head, check_small_tables, ledger_id, read_cursors, read_events, read_head
from actors.ledger.schema import DIRECTORY, connect_writer, sqlite_error, sync, translated
from actors.ledger.time_row import put_time, read_time
from actors.trusted_clock import instant, micros
from protocols.event import Event
from protocols.ledger import EventBatch, RecordedBatch

_ROW_OVERHEAD = 1024


class LedgerFile:
    """Owns the file from :meth:`open` to :meth:`close`. Methods block; any thread may call them, one at a time."""

    def __init__(self, path: Path) -> None:
        """Use :meth:`open`."""
        self.path = path
        self.head = Head()
        self.ledger_id = ""
        self.in_quarantine = 0
        """The number of rows in quarantine when the file was opened; :attr:`Written.quarantined` has later ones."""
        self._lock = -1
        self._connection: sqlite3.Connection | None = None
        self.time: LedgerTime | None = None
        """The time of the newest commit that wrote one; None when there is none."""
        self._largest = 0

    @classmethod
    def open(cls, path: Path) -> "LedgerFile":
        """Open the ledger; make it, with its directory, when there is none. Raises NotALedger, LedgerNewer, LedgerCorrupt,
        LedgerLocked, or DiskRefused, each with the way out."""
        database = cls(path)
        try:
            database._claim()
            try:
                database._connect()
                assert database._connection is not None
                with translated(path):
                    check_small_tables(database._connection, path)
                    database.ledger_id = ledger_id(database._connection, path)
                    database.time = read_time(database._connection, path)
                    database.head = read_head(database._connection, path)
                    (database.in_quarantine,) = database._connection.execute("SELECT count(*) FROM quarantine").fetchone()
            except (TypeError, ValueError) as error:
                raise LedgerCorrupt(path, str(error)) from error
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def claimed(cls, path: Path) -> "LedgerFile":
        """Hold the lock of the ledger at ``path`` without opening or making it, until :meth:`close`: no daemon starts on it
        meanwhile. Raises LedgerLocked, DiskRefused."""
        database = cls(path)
        try:
            database._claim()
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Move the log into the database file, and close both. Safe to call twice."""
        self._disconnect()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def write(self, group: CommitGroup) -> Written:
        """Commit ``group`` in one transaction. When this returns, the group is on disk.

        Raises DiskRefused: then nothing of the group is kept, and the next call opens the file again first.
        """
        began = time.perf_counter()
        connection = self._connected()
        touched = touching_quarantine(group.folded)
        reports = stage_reports(touched)
        encoded = encode([*group.appends, reports] if reports else group.appends, self._largest)
        first = self.head.offset + 1
        at = micros(group.now) if group.step else max(self.head.at, micros(group.now))
        recorded, sizes, head = [], [], self.head
        quarantined = None
        try:
            connection.execute("BEGIN IMMEDIATE")
            if encoded.events:
                through = first + len(encoded.events) - 1
                connection.execute(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
                    with_checksum(first, through, at, group.through, head.seq + group.batches, encoded.body),
                )
                head = Head(through, at, head.seq, max(head.through, group.through))
            for item in group.folded:
                if isinstance(item, SnapshotPiece):
                    self._put_piece(connection, item, at)
                    head = Head(head.offset, head.at, head.seq, max(head.through, item.through if item.last else 0))
                elif item.changes:
                    seq, body = head.seq + 1, encode_changes(item.changes)
                    connection.execute(
                        "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)", with_checksum(seq, item.through, at, head.offset, body)
                    )
                    recorded.append(RecordedBatch(seq, item.through, item.changes, instant(at)))
                    sizes.append(len(body))
                    head = Head(head.offset, head.at, seq, max(head.through, item.through))
            if touched:
                quarantined = put_quarantined(connection, touched)
            if group.cursors:
                connection.executemany(
                    "INSERT INTO cursors VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, seal = excluded.seal "
                    "WHERE excluded.seq > seq",
                    [with_checksum(consumer, seq) for consumer, seq in group.cursors.items()],
                )
            if group.time is not None:
                put_time(connection, group.time)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._refused(error) from error
        self.head = head
        self.time = group.time or self.time
        batch = EventBatch(first, instant(at), encoded.events) if encoded.events else None
        firsts = _firsts(group.appends, encoded, first)
        return Written(batch, firsts, encoded.refused, recorded, sizes, quarantined, time.perf_counter() - began)

    def probe(self) -> None:
        """Write and sync a little, to find out whether the disk takes commits. Raises DiskRefused."""
        with self._using() as connection:
            connection.execute("UPDATE meta SET value = CASE value WHEN '' THEN '.' ELSE '' END WHERE key = 'probed'")

    def prune(self, limits: PruneLimits) -> Pruned:
        """Remove a bounded number of old rows. Raises DiskRefused."""
        with self._using() as connection:
            return prune(connection, limits)

    def read_events(self, after: int, through: int, limit: int = 64) -> list[EventBatch]:
        """At most ``limit`` batches of the Events in (``after``, ``through``], oldest first. Raises LedgerCorrupt,
        DiskRefused."""
        with self._using() as connection:
            return read_events(connection, self.path, after, through, limit)

    def cursors(self) -> dict[str, int]:
        """Each consumer's durable cursor. Raises DiskRefused."""
        with self._using() as connection:
            return read_cursors(connection, self.path)

    def oldest_batch(self) -> int:
        """``seq`` of the oldest batch of Changes that is kept, 0 when there is none. Raises DiskRefused."""
        with self._using() as connection:
            return int(connection.execute("SELECT coalesce(min(seq), 0) FROM changes").fetchone()[0])

    def recorded_after(self, seq: int) -> datetime | None:
        """The time of the commit that recorded the next batch after ``seq``; None when there is no such batch. Raises
        DiskRefused."""
        with self._using() as connection:
            row = connection.execute("SELECT at FROM changes WHERE seq > ? ORDER BY seq LIMIT 1", (seq,)).fetchone()
            return None if row is None else instant(row[0])

    def snapshot_through(self) -> int:
        """Offset of the newest snapshot, 0 when there is none. Raises DiskRefused."""
        with self._using() as connection:
            return int(connection.execute("SELECT coalesce(max(through), 0) FROM snapshots").fetchone()[0])

    def size(self) -> int:
        """Bytes of the ledger's files."""
        total = 0
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(f"{self.path}{suffix}").st_size
        return total

    def _claim(self) -> None:
        try:
            _make_directory(self.path.parent)
            lock_path = f"{self.path}.lock"
            self._lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
                raise LedgerLocked(self.path, f"process {holder}" if holder else "") from None
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise DiskRefused(self.path, str(error)) from error

    def _connect(self) -> None:
        """Raises LedgerError."""
        try:
            connection = self._connect_writer()
        except sqlite3.Error as error:
            raise sqlite_error(self.path, error) from error
        try:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise DiskRefused(self.path, "a reader holds the log; a running faultd goes on by itself")
            sync(self.path.parent, DIRECTORY)
            self._largest = connection.getlimit(sqlite3.SQLITE_LIMIT_LENGTH) - _ROW_OVERHEAD
        except sqlite3.Error as error:
            connection.close()
            raise sqlite_error(self.path, error) from error
        except OSError as error:
            connection.close()
            raise DiskRefused(self.path, str(error)) from error
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _connect_writer(self) -> sqlite3.Connection:
        return connect_writer(self.path)

    def _connected(self) -> sqlite3.Connection:
        """The connection. After a refusal it is opened again, and every row beyond :attr:`head` is removed."""
        if self._connection is not None:
            return self._connection
        try:
            self._connect()
        except DiskRefused:
            raise
        except LedgerError as error:
            raise DiskRefused(self.path, str(error)) from error
        assert self._connection is not None
        connection, head = self._connection, self.head
        try:
            if ledger_id(connection, self.path) != self.ledger_id:
                self._disconnect()
                raise DiskRefused(self.path, "replaced by another ledger while in use; restart faultd")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM events WHERE first > ?", (head.offset,))
            connection.execute("DELETE FROM changes WHERE seq > ?", (head.seq,))
            connection.execute("DELETE FROM snapshots WHERE through > ?", (head.through,))
            put_time(connection, self.time)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._refused(error) from error
        return connection

    @contextlib.contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """The connection, which is closed when SQLite refuses a statement."""
        connection = self._connected()
        try:
            yield connection
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def _refused(self, error: sqlite3.Error) -> DiskRefused:
        self._disconnect()
        return DiskRefused(self.path, str(sqlite_error(self.path, error)).removeprefix(f"{self.path}: "))

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _put_piece(self, connection: sqlite3.Connection, piece: SnapshotPiece, at: int) -> None:
        if piece.number == 0:
            connection.execute("DELETE FROM snapshot_pieces WHERE through = ?", (piece.through,))
        connection.execute(
            "INSERT OR REPLACE INTO snapshot_pieces(through, number, seal, body) VALUES (?, ?, ?, ?)",
            with_checksum(piece.through, piece.number, piece.body),
        )
        if piece.last:
            connection.execute(
                "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", with_checksum(piece.through, at, piece.pieces)
            )


def _firsts(appends: Sequence[Sequence[Event]], encoded: Encoded, first: int) -> list[int | None]:
    firsts: list[int | None] = []
    for index, append in enumerate(appends):
        if index in encoded.refused:
            firsts.append(None)
        else:
            firsts.append(first)
            first += len(append)
    return firsts


def _make_directory(path: Path) -> None:
    """Make ``path``, and sync its name: without that a power cut may remove the whole directory, with synced files in it."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        for each in missing or [path]:
            # A directory that this account may not open was made by somebody else, who answers for its names.
            with contextlib.suppress(PermissionError):
                sync(each.parent, DIRECTORY)
    except OSError:
        # A later sync that succeeds says nothing about a name whose sync failed: the next attempt makes the directory anew.
        with contextlib.suppress(OSError):
            for each in missing:
                each.rmdir()
        raise


def in_use(path: Path) -> bool:
    """Whether a process has the ledger at ``path`` open for writing. False also where this account may not read the lock."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
