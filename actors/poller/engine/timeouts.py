"""Time-outs of all requests: one heap, one task."""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Final

import trio

from actors.poller.engine.inquiry import Inquiry

RESOLUTION: Final = 0.05
"""Seconds between two looks at the heap, at least: many time-outs share a wake."""


class RequestTimeouts:
    """``add`` each inquiry once. ``run`` calls ``expire`` with each inquiry whose transaction's deadline has passed, and with
    the time; and ``looked`` after each look at them.

    An answer moves a transaction's deadline on and leaves its entry here: the entry is looked at when its time has come.
    """

    def __init__(self, expire: Callable[[Inquiry, float], None], looked: Callable[[], None]) -> None:
        self._expire, self._after_look = expire, looked
        self._heap: list[tuple[float, int, Inquiry]] = []
        self._added = 0
        self._looked = -inf
        self._sleep = trio.CancelScope()

    def add(self, inquiry: Inquiry) -> None:
        """Watch an inquiry that was sent."""
        self._push(inquiry)
        due = max(inquiry.transaction.deadline, self._looked + RESOLUTION)
        if due < self._sleep.deadline:
            self._sleep.deadline = due

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with trio.CancelScope(deadline=self._next()) as self._sleep:
                await trio.sleep_forever()
            self._looked = trio.current_time()
            self.look(self._looked)
            self._after_look()

    def look(self, now: float) -> None:
        """Expire whatever is due. The first entries that are done are forgotten before their time, so that nobody wakes for
        them."""
        heap = self._heap
        while heap:
            due, _, inquiry = heap[0]
            transaction = inquiry.transaction
            if not transaction.done and due > now:
                return
            heappop(heap)
            if transaction.done:
                continue
            if transaction.deadline <= now:
                self._expire(inquiry, now)
            if not transaction.done:
                self._push(inquiry)

    def _push(self, inquiry: Inquiry) -> None:
        self._added += 1
        heappush(self._heap, (inquiry.transaction.deadline, self._added, inquiry))

    def _next(self) -> float:
        return max(self._heap[0][0], self._looked + RESOLUTION) if self._heap else inf
