"""The ledger's tables, and opening a connection to them.

A row of ``events`` is one batch as it was committed. So a commit is a handful of statements however many Events it has (each
statement releases the interpreter lock, and under load waits to get it back), and a replay sees the same batches as the stages.
``recorded`` is the offset through which Changes were on the ledger when the batch was written.

Each row says how far the other table was at its commit (``events.seq``, ``changes.upto``), and has a checksum of its other
columns (``seal``). So a row that is missing or altered is found, and never served.
"""

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors.ledger.checksum import checksum, checksum_holds, with_checksum
from actors.ledger.errors import DiskRefused, LedgerCorrupt, LedgerError, LedgerNewer, NotALedger
from protocols.command import FIRST_STAGE

APPLICATION_ID = 0x666C6467
VERSION = 2

_QUARANTINE = (
    "CREATE TABLE quarantine(offset INTEGER NOT NULL, stage TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, "
    "error TEXT NOT NULL, changes BLOB NOT NULL, seal INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY(offset, stage))"
)
_TABLES = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE events(first INTEGER PRIMARY KEY, through INTEGER NOT NULL, at INTEGER NOT NULL, "
    "recorded INTEGER NOT NULL, seq INTEGER NOT NULL, seal INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE changes(seq INTEGER PRIMARY KEY, through INTEGER NOT NULL, at INTEGER NOT NULL, "
    "upto INTEGER NOT NULL, seal INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE cursors(consumer TEXT PRIMARY KEY, seal INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE snapshots(through INTEGER PRIMARY KEY, at INTEGER NOT NULL, seal INTEGER NOT NULL, pieces INTEGER NOT NULL)",
    "CREATE TABLE snapshot_pieces(through INTEGER NOT NULL, number INTEGER NOT NULL, seal INTEGER NOT NULL, "
    "body BLOB NOT NULL, UNIQUE(through, number))",
    _QUARANTINE,
)

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_FORMAT)
"""Primary codes of SQLite for a damaged file. SQLITE_ERROR is one of them: the statements are fixed, so a table or column that
they do not find is gone from the file."""
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_WAL_PAGES = 4_000
_WAL_BYTES = 64 * 1024 * 1024


def sqlite_error(path: Path, error: sqlite3.Error) -> LedgerError:
    """The ledger's error for one of SQLite's: LedgerCorrupt, NotALedger, or DiskRefused."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary == sqlite3.SQLITE_NOTADB:
        return NotALedger(path, str(error))
    if primary in _DAMAGE:
        return LedgerCorrupt(path, str(error))
    return DiskRefused(path, f"{error}; free space or repair the disk; a running faultd goes on by itself")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise the ledger's errors in place of SQLite's."""
    try:
        yield
    except sqlite3.Error as error:
        raise sqlite_error(path, error) from error
    except UnicodeDecodeError as error:
        # Python raises it for an error message of SQLite that quotes damaged names.
        raise LedgerCorrupt(path, str(error)) from error


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection for the one writer. Makes the file and its tables when there is none. Raises sqlite3.Error and LedgerError.

    Any thread may use it, one at a time.
    """
    try:
        if _is_new(path):
            make(path.resolve())
    except OSError as error:
        raise DiskRefused(path, str(error)) from error
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        if _check(connection, path) < VERSION:
            _upgrade(connection, path)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "fullfsync=ON",
            "checkpoint_fullfsync=ON",
            f"wal_autocheckpoint={_WAL_PAGES}",
            f"journal_size_limit={_WAL_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, also while a daemon has the ledger open.

    Raises LedgerError, and FileNotFoundError when there is no such file. Any thread may use it, one at a time.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such ledger")
    if _is_new(path):
        raise NotALedger(path, "an empty file")
    location = path.resolve().as_uri()
    # To read a WAL database SQLite needs its -shm file, which a read-only connection cannot make.
    connection = sqlite3.connect(f"{location}?mode=rw", uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        with translated(path):
            connection.execute("PRAGMA query_only=ON")
            _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """Check that the file is a ledger, without writing to it: its schema version. Raises NotALedger, LedgerNewer."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not application and not version and not tables:
        raise NotALedger(path, "an SQLite database without anything in it")
    if application != APPLICATION_ID:
        raise NotALedger(path, f"an SQLite database with application id {application:#x}")
    if version > VERSION:
        raise LedgerNewer(path, version, VERSION)
    return int(version)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Bring version 1 to version 2, in one transaction: the quarantine is kept by stage. Raises LedgerCorrupt."""
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute("SELECT error, offset, at, kind, seal, event FROM quarantine").fetchall()
    connection.execute("DROP TABLE quarantine")
    connection.execute(_QUARANTINE)
    for error, *row in rows:
        if not checksum_holds(row):
            raise LedgerCorrupt(path, f"quarantined Event {row[0]}: the row's checksum is wrong")
        offset, at, kind, _, event = row
        connection.execute(
            "INSERT INTO quarantine(offset, stage, at, kind, changes, seal, event, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*with_checksum(offset, FIRST_STAGE, at, kind, b"", event), error),
        )
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _is_new(path: Path) -> bool:
    """True when there is no file, or an empty one. Raises LedgerCorrupt when a file is gone and its log is not: SQLite would
    remove the log, or replay it into the new file."""
    if _size(path):
        return False
    # SQLite keeps the log beside the file itself, not beside a link to the file.
    if _size(Path(f"{path.resolve()}-wal")):
        raise LedgerCorrupt(path, "gone or empty, and its -wal is not")
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def make(path: Path, begins: int = 0) -> None:
    """Make a new ledger, whole or not at all: under another name at first, renamed once it is synced. When a sync fails, data
    may look written without being on disk, so the next attempt begins anew. The first Event gets the offset ``begins`` + 1.
    Raises OSError, sqlite3.Error."""
    unborn = path.with_name(f"{path.name}.new")
    # SQLite would play a journal that an empty file has left back into the new file, and empty it.
    for leftover in (unborn, *(Path(f"{each}{suffix}") for each in (unborn, path) for suffix in ("-journal", "-wal", "-shm"))):
        leftover.unlink(missing_ok=True)
    # SQLite gives the -wal and -shm files the mode of the database's own.
    os.close(os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(unborn, timeout=5.0, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        _create(connection, begins)
        # After the tables: closing empties the log, and hides errors of that.
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
    finally:
        connection.close()
    sync(unborn, os.O_RDWR)
    sync(path.parent, DIRECTORY)
    os.rename(unborn, path)
    try:
        sync(path.parent, DIRECTORY)
    except OSError:
        # A later sync that succeeds says nothing about a name whose sync failed.
        path.unlink()
        raise


def sync(path: Path, flags: int) -> None:
    """Sync a file or directory. Raises OSError."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(connection: sqlite3.Connection, begins: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for table in _TABLES:
        connection.execute(table)
    ledger_id = str(uuid.uuid4())
    connection.execute(
        "INSERT INTO meta VALUES ('ledger_id', ?), ('ledger_id_seal', ?), ('probed', '')", (ledger_id, str(checksum(ledger_id)))
    )
    if begins:
        connection.execute(
            "INSERT INTO meta VALUES ('begins', ?), ('begins_seal', ?)", (str(begins), str(checksum("begins", begins)))
        )
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")
