"""The gauges of the stage, read from its state when somebody asks for the metrics, at most every few seconds."""

from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

from actors.dispatcher.state import DispatchState
from actors.metrics import Metrics
from protocols.dispatch.channel import CHANNELS
from protocols.dispatch.ticket import DESKS, TICKET_STATES

KEPT_SECONDS: Final = 10.0


class DispatchGauges:
    """Notifications that were given up, and tickets by desk and state."""

    def __init__(self, metrics: Metrics, state: Callable[[], DispatchState]) -> None:
        """``state``: the stage's."""
        self._state = state
        self._read_at = -KEPT_SECONDS
        self._dead: Counter[str] = Counter()
        self._tickets: Counter[tuple[str, str]] = Counter()
        self._tasks: Counter[str] = Counter()
        for channel in CHANNELS:
            metrics.notifications_dead.labels(channel).set_function(lambda channel=channel: self._dead_by(channel))  # type: ignore[misc]
        for desk in DESKS:
            metrics.ticket_tasks_dead.labels(desk).set_function(lambda desk=desk: self._tasks_of(desk))  # type: ignore[misc]
            for known in TICKET_STATES:
                metrics.tickets.labels(desk, known).set_function(lambda key=(desk, known): self._tickets_in(key))  # type: ignore[misc]

    def _dead_by(self, channel: str) -> float:
        self._read()
        return self._dead[channel]

    def _tasks_of(self, desk: str) -> float:
        self._read()
        return self._tasks[desk]

    def _tickets_in(self, key: tuple[str, str]) -> float:
        self._read()
        return self._tickets[key]

    def _read(self) -> None:
        if monotonic() - self._read_at < KEPT_SECONDS:
            return
        self._read_at = monotonic()
        state = self._state()
        self._dead = Counter(each.channel for each in state.notifications.values() if each.status == "dead")
        self._tickets = Counter((each.desk, each.state) for each in state.tickets.values())
        self._tasks = Counter(each.desk for each in state.tickets.values() for task in each.tasks if task.dead)
