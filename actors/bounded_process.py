"""A process of faultd's own for what may hang, grow or crash: asked over a socket, and ended when it is late or gone.

The process limits itself too (:func:`limit_this_process`), so that a faultd that is killed leaves nothing behind.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from select import select
from time import monotonic

from actors.frames import FrameError, receive_frame, send_frame


class ProcessLost(Exception):
    """The process was late, is gone, or sent something that cannot be read. It does not run any more."""


class BoundedProcess:
    """One thread at a time may use it. Deadlines are times of :func:`time.monotonic`."""

    def __init__(self, module: str, before: Sequence[str], behind: Sequence[str], seconds: float) -> None:
        """``python -m module BEFORE... DESCRIPTOR BEHIND...``, where DESCRIPTOR is that of its socket. Starts nothing.
        ``seconds`` is the time limit of its user, for texts."""
        self._module, self._before, self._behind, self._seconds = module, before, behind, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None

    @property
    def runs(self) -> bool:
        """True from a start until it is stopped or lost."""
        return self._end is not None

    def start(self) -> None:
        """Start it, without waiting for it. Raises ProcessLost when the system refuses."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", self._module, *self._before, str(theirs.fileno()), *self._behind]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with theirs:
            try:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=environment, start_new_session=True
                )
            except OSError as error:
                ours.close()
                raise ProcessLost(f"its process cannot be started: {error}") from error
        self._end = ours

    def has_said_something(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for the beginning of a frame."""
        assert self._end is not None
        return bool(select([self._end], [], [], seconds)[0])

    def send(self, body: bytes, deadline: float) -> None:
        """Send one frame. Raises ProcessLost."""
        assert self._end is not None
        self._end.settimeout(max(0.001, deadline - monotonic()))
        try:
            send_frame(self._end, body)
        except OSError as error:
            raise self.lost(self._why(error)) from None

    def receive(self, deadline: float) -> bytes:
        """The next frame. Raises ProcessLost."""
        assert self._end is not None
        self._end.settimeout(max(0.001, deadline - monotonic()))
        try:
            return receive_frame(self._end)
        except (OSError, FrameError) as error:
            raise self.lost(self._why(error)) from None

    def lost(self, why: str) -> ProcessLost:
        """End it, because of ``why``; the error to raise."""
        self.stop()
        return ProcessLost(why)

    def stop(self) -> None:
        """End it, with what it may have started."""
        if self._end is not None:
            self._end.close()
            self._end = None
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"ended: no answer after {self._seconds:g} s"
        status = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                status = self._process.wait(1.0)
        if status is None:
            return f"ended: {error}"
        return (
            f"its process ended by {signal.Signals(-status).name}" if status < 0 else f"its process ended with status {status}"
        )


def limit_this_process(megabytes: int) -> None:
    """In the process itself: its address space, and no core file."""
    octets = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
