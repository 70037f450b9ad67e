"""The ledger's real file on a disk that can be slow, full, failing, and gone half-way through a write.

A crash is an image of the files at that moment. One that hits while SQLite writes tears the write: of what the call appended
to the log only a leading part is there (after a power cut with holes in it); of a checkpoint, any of its pages.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import trio
from msgspec import Struct
from msgspec.structs import replace

from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused
from actors.ledger.group import CommitGroup, Written
from actors.trap_listener.engine_state import FILE

_PAGE = 4096
_FULL_SYNC = 2


class Image(Struct, frozen=True):
    """The database's file and its log, and the state of the SNMP engine beside them."""

    main: bytes
    log: bytes
    engine: bytes = b""

    @classmethod
    def of(cls, path: Path) -> "Image":
        return cls(*(file.read_bytes() if file.exists() else b"" for file in (path, Path(f"{path}-wal"), path.with_name(FILE))))

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.main:
            path.write_bytes(self.main)
        if self.log:
            Path(f"{path}-wal").write_bytes(self.log)
        if self.engine:
            path.with_name(FILE).write_bytes(self.engine)


def torn(before: Image, after: Image, rng: Random, *, power: bool) -> tuple[Image, str]:
    """The files of a process that ended while it took them from ``before`` to ``after``."""
    if after.engine != before.engine:
        return rng.choice(((before, "before the engine's state got its name"), (after, "with the engine's state")))
    if after.main == before.main and after.log.startswith(before.log):
        return _torn_log(before, after, rng, power=power)
    choice = rng.choice(("before", "half", "after"))
    if choice == "before":
        return before, "before the call's writes"
    if choice == "after" or not before.log:
        return after, "after the call's writes"
    # A checkpoint copies pages from the log, and lets go of the log only when all are synced.
    log = after.log if after.log.startswith(before.log) else before.log
    if log is before.log and _checkpointed(before) != after.main:
        # The same call had written to the log first, and what it wrote went with the log.
        return after, "after the call's writes and its checkpoint"
    size = max(len(before.main), len(after.main))
    pages = []
    for start in range(0, size, _PAGE):
        old, new = before.main[start : start + _PAGE], after.main[start : start + _PAGE]
        pages.append(new if new and (rng.random() < 0.5 or not old) else old)
    return Image(b"".join(pages), log, before.engine), "half-way through a checkpoint"


def _checkpointed(image: Image) -> bytes:
    """The database's file once all of the log is in it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        image.write(path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return path.read_bytes()


def _torn_log(before: Image, after: Image, rng: Random, *, power: bool) -> tuple[Image, str]:
    low, high = len(before.log), len(after.log)
    cut = rng.choice((low, high, rng.randint(low, high), rng.randint(low, high)))
    log = bytearray(after.log[:cut])
    text = f"the log has {cut - low} of the {high - low} octets written"
    if power and cut > low:
        start = rng.randint(low, cut - 1)
        end = min(cut, start + 512)
        if rng.random() < 0.5:
            log[start:end] = bytes(end - start)
            text += f", with a hole at {start - low}"
    return Image(after.main, bytes(log), after.engine), text


class Trouble:
    """What is wrong with the disk at present."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.slow = 0.0
        """Seconds that a call takes at most."""
        self.full = False
        self.countdown = 0
        """Statements until one fails, or COMMITs when :attr:`late`; 0: none will."""
        self.late = False
        """Whether what fails is a COMMIT that has been carried out all the same."""
        self.last = -1000.0
        """When something last failed."""

    def calm(self) -> None:
        self.slow, self.full, self.countdown = 0.0, False, 0

    @property
    def recent(self) -> bool:
        """Whether a start may fail because of it: on a slow disk it hears of a refusal only after some calls more."""
        return self.full or trio.current_time() - self.last < 5

    def delay(self) -> float:
        """Seconds until a call's next step."""
        return self.rng.expovariate(2000) if not self.slow else self.rng.uniform(0, self.slow)

    def check(self, statement: str) -> bool:
        """Raises sqlite3.OperationalError before the statement, or says that it is to fail after it."""
        writes = not statement.startswith(("SELECT", "PRAGMA", "ROLLBACK"))
        if self.full and writes and (statement == "COMMIT" or self.rng.random() < 0.5):
            raise self.error("database or disk is full", sqlite3.SQLITE_FULL)
        if not self.countdown or statement.startswith(("ROLLBACK", "PRAGMA")) or (self.late and statement != "COMMIT"):
            return False
        self.countdown -= 1
        if self.countdown or self.late:
            return not self.countdown
        raise self.error("disk I/O error", sqlite3.SQLITE_IOERR)

    def error(self, text: str, code: int) -> sqlite3.OperationalError:
        self.last = trio.current_time()
        error = sqlite3.OperationalError(text)
        error.sqlite_errorcode = code
        return error


class Connection:
    """An SQLite connection on a disk in trouble."""

    def __init__(self, real: sqlite3.Connection, trouble: Trouble) -> None:
        self._real, self._trouble = real, trouble
        self.survived = False
        """Whether the last COMMIT was carried out although it failed."""

    def execute(self, statement: str, arguments: Sequence[Any] = ()) -> sqlite3.Cursor:
        fails = self._trouble.check(statement)
        self.survived = fails
        cursor = self._real.execute(statement, arguments)
        if fails:
            raise self._trouble.error("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC)
        return cursor

    def executemany(self, statement: str, arguments: Sequence[Any]) -> sqlite3.Cursor:
        self._trouble.check(statement)
        return self._real.executemany(statement, arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Observer(Protocol):
    """Who is told what the database does."""

    trouble: Trouble

    def opened(self, database: LedgerFile) -> None:
        """It has a connection."""

    def writing(self, database: LedgerFile, group: CommitGroup) -> None:
        """A write begins."""

    def wrote(self, database: LedgerFile, written: Written) -> None:
        """It returned."""

    def refused(self, database: LedgerFile, survived: bool) -> None:
        """It raised; ``survived`` when its commit was carried out all the same."""


def database_on(observer: Observer) -> type[LedgerFile]:
    """The real Database on that disk, telling ``observer``."""
    trouble = observer.trouble

    class SimulatedDatabase(LedgerFile):
        latest: Connection | None = None
        synced: Image | None = None
        """The files as of the last checkpoint: all that a power cut leaves when commits are not synced."""

        def write(self, group: CommitGroup) -> Written:
            observer.writing(self, group)
            if self.latest is not None:
                self.latest.survived = False
            try:
                written = super().write(group)
            except DiskRefused:
                observer.refused(self, self.latest is not None and self.latest.survived)
                raise
            observer.wrote(self, written)
            return written

        def _connect_writer(self) -> sqlite3.Connection:
            if trouble.full and trouble.rng.random() < 0.5:
                raise trouble.error("unable to open database file", sqlite3.SQLITE_CANTOPEN)
            self.latest = Connection(super()._connect_writer(), trouble)
            return self.latest  # type: ignore[return-value]

        def _connect(self) -> None:
            super()._connect()
            self.synced = Image.of(self.path)
            observer.opened(self)

        def surviving(self, image: Image) -> Image:
            """What a power cut leaves of ``image``: everything when every commit was synced."""
            if self.latest is None or self.synced is None or self._connection is None:
                return image
            (level,) = self.latest.execute("PRAGMA synchronous").fetchone()
            return image if level >= _FULL_SYNC else replace(self.synced, engine=image.engine)

    return SimulatedDatabase
