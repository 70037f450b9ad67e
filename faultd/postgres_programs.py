"""Running PostgreSQL's programs, and its server's processes as the kernel shows them."""

import os
import pwd
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_SAID = 6
"""Number of last lines that are kept of the output of a failed program. They contain the reason."""
POLL_SECONDS = 0.05
_TERMINATE_SECONDS = 5.0

Check = Callable[[], None]
"""Called repeatedly during a wait. An exception from it ends the wait. ``trio.from_thread.check_cancelled`` is one such
function."""


def no_check() -> None:
    """A check that never ends the wait."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL could not be set up, started or stopped; the text says what failed and what it printed."""


class Programs:
    """The programs in one folder, run as ``account`` (None: as who we are)."""

    def __init__(self, folder: Path, account: pwd.struct_passwd | None) -> None:
        self._folder, self._account = folder, account

    def spawn(self, program: str, *arguments: str, output: Any, session: bool = False) -> "subprocess.Popen[bytes]":
        """Start one. Its output goes to a file and no pipe: a server inherits it, and a pipe would never reach its end."""
        who: dict[str, Any] = {}
        if self._account is not None:
            who = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        try:
            return subprocess.Popen(
                [str(self._folder / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment | {"LC_ALL": "C", "TZ": "UTC", "PGCONNECT_TIMEOUT": "10"},
                start_new_session=session,
                **who,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedPostgresError(f"{program} could not be run: {error}") from error

    def run(self, program: str, *arguments: str, seconds: float, check: Check = no_check) -> str:
        """The output of a program. Raises EmbeddedPostgresError when the program fails or takes too long; then it is ended
        first."""
        with tempfile.TemporaryFile() as output:
            process = self.spawn(program, *arguments, output=output)
            try:
                code = _wait(process, seconds, check)
            except BaseException:
                _terminate(process)
                raise
            if code is None:
                _terminate(process)
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if code == 0:
            return text
        how = f"failed with code {code}" if code is not None else f"did not end within {seconds:.0f} s"
        raise EmbeddedPostgresError(f"{program} {how}\n{last_lines(text)}".strip())


def last_lines(text: str) -> str:
    """The end of what a program said."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-_SAID:])


class Postmaster:
    """A server's first process: our child, or one that outlived who started it."""

    def __init__(self, pid: int, child: "subprocess.Popen[bytes] | None" = None) -> None:
        self.pid, self._child = pid, child

    @property
    def alive(self) -> bool:
        """True when the process runs. The call reaps a child that has ended."""
        if self._child is not None:
            return self._child.poll() is None
        return process_state(self.pid) not in ("", "Z", "X")

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still there."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float, check: Check = no_check) -> bool:
        """Wait for its end, at most ``seconds``; says whether it has ended."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() >= deadline:
                return False
            check()
            time.sleep(POLL_SECONDS)
        return True


def process_state(pid: int) -> str:
    """The letter that /proc shows for a process, ``Z`` for one that nobody has laid to rest; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def processes_in(folder: Path) -> Iterator[int]:
    """Ids of the processes whose working directory is ``folder``, as that of each of a server's processes is its data."""
    wanted = os.path.realpath(folder)
    for entry in os.listdir("/proc"):
        if entry.isdigit() and works_in(int(entry), wanted):
            yield int(entry)


def works_in(pid: int, folder: str) -> bool:
    """True when the working directory of a process is ``folder``, a path without links."""
    try:
        return os.readlink(f"/proc/{pid}/cwd") == folder
    except OSError:
        return False


def _wait(process: "subprocess.Popen[bytes]", seconds: float, check: Check) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            check()
        if time.monotonic() >= deadline:
            return None


def _terminate(process: "subprocess.Popen[bytes]") -> None:
    """initdb and psql leave nothing behind at SIGTERM."""
    process.terminate()
    try:
        process.wait(_TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
