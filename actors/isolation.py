"""A stranger's octets end, at most, the connection or the datagram that they came in.

The supervisor takes an exception of an actor for a bug, restarts it, and gives it up when it happens often. What a peer
can provoke must not count as that: a listener puts its work on each connection, or datagram, behind an :class:`Isolation`.
"""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import trio

from actors.token_bucket import TokenBucket

PER_SECOND, AT_ONCE = 1 / 30, 5
"""Number of lines that are logged. A sender can repeat such octets without limit."""

_log = structlog.get_logger()


class Isolation:
    """A guard around one connection or datagram of ``what``: an exception ends that one alone. ``count`` is called once for
    each."""

    def __init__(self, what: str, count: Callable[[], None]) -> None:
        self._what, self._count = what, count
        self._lines = TokenBucket(PER_SECOND, AT_ONCE)

    @contextmanager
    def alone(self, peer: str = "") -> Iterator[None]:
        """Around all the work for one connection. Cancellation passes through."""
        try:
            yield
        except* Exception as group:  # noqa: BLE001 - a peer's doing ends here, and the listener goes on
            self.ended(group, peer)

    def ended(self, error: Exception, peer: str = "") -> None:
        """Count ``error`` and, at a bounded rate, log its type and place: its text may quote a secret that the peer sent."""
        self._count()
        if self._lines.take(trio.current_time()):
            places = [f"{type(one).__name__} in {place(one)}" for one in leaves(error)]
            _log.error(f"{self._what} ended by an error", peer=peer, errors=places, not_logged=self._lines.forget_refused())


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group, of groups within it too; ``error`` itself when it is no group."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves(one)
    else:
        yield error


def place(error: BaseException) -> str:
    """File and line that raised ``error``."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
