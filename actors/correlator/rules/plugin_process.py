"""The fold's end of a plugin's process: started at need, asked, and ended when it is late, gone or talks nonsense."""

import threading
from collections.abc import Iterable, Sequence
from time import monotonic

import msgspec
from msgspec import Raw, Struct

from actors.bounded_process import BoundedProcess, ProcessLost
from actors.correlator.rules.plugin_frames import (
    Ask,
    Call,
    Failed,
    FromPlugin,
    PluginAnswer,
    PluginDone,
    Ready,
    decode_from_plugin,
    encode,
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
        self._bounds = bounds
        self._lock = threading.Lock()
        module = "actors.correlator.rules.plugin_child"
        self._process = BoundedProcess(module, [name], [str(bounds.megabytes)], bounds.seconds)
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
        if not self._process.runs:
            self._start()
        if self._loading_until is None:
            return
        ready = self._loaded(0.0)
        if ready.version != self.version:
            self._stop()
            raise PluginError(f"it is now version {ready.version!r}: reload the rules")

    def _start(self) -> None:
        try:
            self._process.start()
        except ProcessLost as error:
            raise PluginError(str(error)) from error
        self._loading_until = monotonic() + START_SECONDS

    def _loaded(self, wait: float) -> Ready:
        assert self._loading_until is not None
        if not self._process.has_said_something(wait):
            if monotonic() < self._loading_until:
                raise PluginError("not asked: its process is still being started again")
            raise self._lost(f"ended: not loaded after {START_SECONDS:g} s")
        message = self._receive(monotonic() + self._bounds.seconds)
        if not isinstance(message, Ready):
            raise self._lost(message.error if isinstance(message, Failed) else "ended: it asked before it was loaded")
        self._loading_until = None
        return message

    def _send(self, message: object, deadline: float) -> None:
        try:
            self._process.send(encode(message), deadline)
        except ProcessLost as error:
            raise self._lost(str(error)) from None

    def _receive(self, deadline: float) -> FromPlugin:
        try:
            return decode_from_plugin(self._process.receive(deadline))  # type: ignore[no-any-return]
        except ProcessLost as error:
            raise self._lost(str(error)) from None
        except msgspec.MsgspecError as error:
            raise self._lost(f"ended: it sent something that cannot be read: {error}") from None

    def _lost(self, why: str) -> PluginLost:
        self._stop()
        return PluginLost(why)

    def _stop(self) -> None:
        self._process.stop()
        self._loading_until = None
