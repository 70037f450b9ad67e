"""A thread that looks at how long the fold has been inside a plugin, and interrupts one that does not come back."""

import ctypes
import threading
from time import monotonic

import structlog

_log = structlog.get_logger()
_LOOK_EVERY = 0.1


class PluginInterrupted(BaseException):
    """Raised inside a plugin that has taken too long. No ``Exception``, so that a plugin's own handlers let it pass."""


class Watch:
    """``enter`` and ``leave`` around each call; between them the thread may raise :class:`PluginInterrupted` in the caller."""

    def __init__(self, stop_seconds: float) -> None:
        self._stop_seconds = stop_seconds
        self._lock = threading.Lock()
        self._inside: tuple[str, float, int] | None = None
        self._fired = False
        self._thread: threading.Thread | None = None

    def enter(self, name: str) -> None:
        """The calling thread is going into the plugin of this name."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="plugin-watch", daemon=True)
            self._thread.start()
        self._inside = (name, monotonic(), threading.get_ident())

    def leave(self) -> None:
        """It has come back, to the thread that went in: from here on nothing is raised in it."""
        with self._lock:
            self._inside = None
            fired, self._fired = self._fired, False
        if fired:
            _settle(threading.get_ident())

    def _look(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(_LOOK_EVERY)
            with self._lock:
                inside = self._inside
                if inside is None:
                    continue
                name, since, thread = inside
                if monotonic() - since >= self._stop_seconds:
                    _log.error("a plugin does not come back: interrupted", plugin=name, seconds=round(monotonic() - since, 1))
                    self._fired = True
                    _raise_in(thread, PluginInterrupted)


def _settle(thread: int) -> None:
    """Have what may still be pending in this thread raised here.

    It is not taken back: before CPython 3.13 only an exception that is raised lets the interpreter forget that it was asked to.
    Else it looks for it at every call and turn of a loop from then on, and comes to nothing else while a profiler is set.
    """
    try:
        _raise_in(thread, PluginInterrupted)
        while True:
            pass
    except PluginInterrupted:
        pass


def _raise_in(thread: int, what: type[BaseException]) -> None:
    """Have ``what`` raised in a thread at its next step of Python, in place of what may be pending there."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(what))
