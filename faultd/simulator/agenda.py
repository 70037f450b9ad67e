"""Future events of a simulation, by time."""

import heapq
from collections.abc import Callable
from random import Random

from faultd.simulator.timing import Range


class Agenda:
    """Actions in virtual time, in seconds from 0; nothing here reads a clock. Those of one moment happen in the order in which
    they were put down."""

    def __init__(self, rng: Random) -> None:
        """``rng`` is what delays are drawn from."""
        self.now = 0.0
        self._rng = rng
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Have ``action`` happen at that second."""
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, action))

    def after(self, delay: Range, action: Callable[[], None]) -> None:
        """Have ``action`` happen once a delay within that range has passed."""
        self.at(self.now + self._rng.uniform(*delay), action)

    def run(self, until: float | None) -> None:
        """Let everything happen up to ``until``; None: until nothing more would."""
        while self._heap and (until is None or self._heap[0][0] <= until):
            self.now, _, action = heapq.heappop(self._heap)
            action()
        if until is not None:
            self.now = max(self.now, until)
