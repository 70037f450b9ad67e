"""The fold's end of a plugin's process: started at need, asked, and ended when it is late, gone or talks nonsense."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from select import select
from time import monotonic

import msgspec
from msgspec import Raw, Struct

from actors.correlator.rules.plugin_frames import (
    Ask,
    Call,
    Failed,
    FrameError,
    FromPlugin,
    PluginAnswer,
    PluginDone,
    Ready,
    decode_from_plugin,
    encode,
    receive,
    send,
)
from protocols.alarm import Alarm
from protocols.plugin import PluginAction, View

START_SECONDS = 20.0
"""Python, and the plugin's own imports."""
_QUESTIONS = frozenset({"alarm", "at_resource", "children", "node", "above"})


class PluginError(ValueError):
    """A plugin that cannot be loaded, did not answer, or asked for an action that cannot be."""


class PluginLost(PluginError):
    """The plugin's process was late, is gone, or sent something that cannot be read. The next call starts another one."""


class Bounds(Struct, frozen=True):
    """``seconds`` that one call may take, and the ``megabytes`` of address space that the process may have."""

    seconds: float = 2.0
    megabytes: int = 512


class PluginProcess:
    """A plugin as the Host calls it. Two threads may call it: one waits for the other."""

    def __init__(self, name: str, bounds: Bounds) -> None:
        """Starts the process and waits until the plugin is loaded. Raises :class:`PluginError` when that fails."""
        self._name, self._bounds = name, bounds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._loading_until: float | None = None
        self._start()
        ready = self._loaded(START_SECONDS)
        self.version: str = ready.version
        self.alarm_types: Sequence[str] = ready.alarm_types

    def touched(self, view: View, before: Alarm | None, alarm: Alarm) -> Iterable[PluginAction]:
        """The actions that the plugin asks for. Raises :class:`PluginError`, with the plugin's own error when it raised."""
        with self._lock:
            self._ready()
            deadline = monotonic() + self._bounds.seconds
            self._send(Call(view.now, before, alarm, self._bounds.seconds), deadline)
            while True:
                match self._receive(deadline):
                    case PluginDone(actions=actions):
                        return actions
                    case Failed(error=error):
                        raise PluginError(error)
                    case Ask(what=what, by=by) if what in _QUESTIONS:
                        self._send(PluginAnswer(Raw(encode(getattr(view, what)(by)))), deadline)
                    case other:
                        raise self._lost(f"ended: it sent {type(other).__name__} at the wrong time")

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _ready(self) -> None:
        """Have a loaded process. A lost one is started again without waiting for it: traps must not wait for imports."""
        if self._end is None:
            self._start()
        if self._loading_until is None:
            return
        ready = self._loaded(0.0)
        if ready.version != self.version:
            self._stop()
            raise PluginError(f"it is now version {ready.version!r}: reload the rules")

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        module = "actors.correlator.rules.plugin_child"
        command = [sys.executable, "-m", module, self._name, str(theirs.fileno()), str(self._bounds.megabytes)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with theirs:
            try:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=environment, start_new_session=True
                )
            except OSError as error:
                ours.close()
                raise PluginError(f"its process cannot be started: {error}") from error
        self._end = ours
        self._loading_until = monotonic() + START_SECONDS

    def _loaded(self, wait: float) -> Ready:
        assert self._end is not None
        assert self._loading_until is not None
        if not select([self._end], [], [], wait)[0]:
            if monotonic() < self._loading_until:
                raise PluginError("not asked: its process is still being started again")
            raise self._lost(f"ended: not loaded after {START_SECONDS:g} s")
        message = self._receive(monotonic() + self._bounds.seconds)
        if not isinstance(message, Ready):
            raise self._lost(message.error if isinstance(message, Failed) else "ended: it asked before it was loaded")
        self._loading_until = None
        return message

    def _send(self, message: object, deadline: float) -> None:
        assert self._end is not None
        self._end.settimeout(max(0.001, deadline - monotonic()))
        try:
            send(self._end, message)
        except OSError as error:
            raise self._lost(self._why(error)) from None

    def _receive(self, deadline: float) -> FromPlugin:
        assert self._end is not None
        try:
            self._end.settimeout(max(0.001, deadline - monotonic()))
            return decode_from_plugin(receive(self._end))  # type: ignore[no-any-return]
        except (OSError, FrameError, msgspec.MsgspecError) as error:
            raise self._lost(self._why(error)) from None

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"ended: no answer after {self._bounds.seconds:g} s"
        if isinstance(error, msgspec.MsgspecError):
            return f"ended: it sent something that cannot be read: {error}"
        status = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                status = self._process.wait(1.0)
        if status is None:
            return f"ended: {error}"
        return (
            f"its process ended by {signal.Signals(-status).name}" if status < 0 else f"its process ended with status {status}"
        )

    def _lost(self, why: str) -> PluginLost:
        self._stop()
        return PluginLost(why)

    def _stop(self) -> None:
        if self._end is not None:
            self._end.close()
            self._end = None
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with what the plugin may have started
            self._process.wait()
            self._process = None
        self._loading_until = None
