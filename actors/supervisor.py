"""Restarting actors: jittered back-off, an intensity over which one is given up, and systemd as the last supervisor.

Only this module catches ``Exception``: a crash is a bug, and the one place that knows what to do about it is here.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Literal, Protocol

import structlog
import trio
from msgspec import Struct
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.metrics import Metrics

log = structlog.get_logger()


class Runnable(Protocol):
    """An actor under supervision. It reports when it is ready, and returns when its work is done."""

    def run(self, *, task_status: TaskStatus[Any]) -> Awaitable[None]: ...


class Intensity(Struct, frozen=True):
    """After more than ``restarts`` within ``seconds`` the actor is given up: ``end`` ends the process, ``park`` leaves the
    actor stopped and calls ``on_park``."""

    restarts: int
    seconds: float
    then: Literal["end", "park"] = "end"


CORE = Intensity(0, 60.0)
"""For the ledger and the correlator: a half-way state is not continued, recovery at the next start is."""
EDGE = Intensity(5, 60.0)
"""For everything at the edges: sockets, PostgreSQL, HTTP."""

FIRST_DELAY, LONGEST_DELAY = 0.1, 30.0


class OperatorNeeded(Exception):
    """An actor raises it when no restart can help. The text says what an operator has to do."""


class ActorFailed(Exception):
    """An actor crashed more often than its intensity allows; the process must end."""

    def __init__(self, name: str, restarts: int) -> None:
        super().__init__(f"actor {name} failed and was restarted {restarts} times; giving up")
        self.name = name


def delay(attempt: int, random: Random) -> float:
    """Seconds before the ``attempt``-th restart (from 0): doubling from 0.1 s to 30 s, between half and all of it."""
    full = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt, 20))
    return full * (0.5 + 0.5 * random.random())


async def supervise(
    name: str,
    actor: Runnable,
    intensity: Intensity,
    metrics: Metrics,
    *,
    random: Random | None = None,
    on_park: Callable[[str, Exception], Awaitable[None]] | None = None,
    kind: str = "",
    task_status: TaskStatus[Any] = TASK_STATUS_IGNORED,
) -> None:
    """Run ``actor`` until it returns, restarting it when it crashes. ``kind``: the label under which the metric counts its
    restarts, where many actors are of one kind; else its name.

    An actor that raises :class:`OperatorNeeded` is given up at once, and so is one over its intensity.
    A crash before the first incarnation was ready is not retried: the caller of ``nursery.start`` gets the error (a port in
    use is not cured by waiting). Raises :class:`ActorFailed` over the intensity when that ends the process. Cancellation
    passes through.
    """
    jitter = random or Random()
    crashes: deque[float] = deque()
    ready = _Ready(task_status)
    status: TaskStatus[Any] = ready
    while True:
        try:
            await actor.run(task_status=status)
            return
        except Exception as error:
            if not ready.started_once:
                raise
            now = trio.current_time()
            crashes.append(now)
            while crashes and crashes[0] < now - intensity.seconds:
                crashes.popleft()
            hopeless = needs_operator(error)
            if hopeless is None:
                log.error("actor crashed", actor=name, crashes=len(crashes), exc_info=error)
            else:
                log.error("actor cannot go on", actor=name, error=str(hopeless))
            if hopeless is not None or len(crashes) > intensity.restarts:
                if intensity.then == "end":
                    raise ActorFailed(name, len(crashes) - 1) from error
                if on_park is not None:
                    await on_park(name, hopeless or error)
                return
            metrics.actor_restarts.labels(kind or name).inc()
            await trio.sleep(delay(len(crashes) - 1, jitter))
            status = TASK_STATUS_IGNORED


def needs_operator(error: Exception) -> OperatorNeeded | None:
    """The :class:`OperatorNeeded` that ``error`` is, or that a group is of alone: a bug beside it may heal by a restart."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error if isinstance(error, OperatorNeeded) else None


class _Ready:
    """Passes ``started`` on, and remembers that it came."""

    def __init__(self, outer: TaskStatus[Any]) -> None:
        self._outer = outer
        self.started_once = False

    def started(self, value: Any = None) -> None:
        self.started_once = True
        self._outer.started(value)
