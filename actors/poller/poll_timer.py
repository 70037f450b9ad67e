"""One timer for all devices: a heap of instants, and one task that wakes those that are due, many at a time.

A task of its own for each deadline would wake the event loop for each: about 100 µs instead of 10.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from math import ceil, inf
from typing import Any, Final

import trio
from trio.lowlevel import Abort, Task, current_task, reschedule, wait_task_rescheduled

GRAIN: Final = 0.5
"""Seconds: instants are rounded up to a multiple of it, so that one wake serves several devices."""

_ROOM: Final = 64


class PollTimer:
    """:meth:`run` must be running for sleepers to be woken."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._order = count()
        self._earlier = trio.Event()
        self._next = inf
        self._room = _ROOM

    def __len__(self) -> int:
        """Entries of the heap, those of sleepers that were woken early among them."""
        return len(self._heap)

    async def run(self) -> None:
        """Wake sleepers until cancelled."""
        while True:
            self._next = _rounded(self._heap[0][0]) if self._heap else inf
            self._earlier = trio.Event()
            with trio.move_on_at(self._next):
                await self._earlier.wait()
            now = trio.current_time()
            while self._heap and self._heap[0][0] <= now:
                _, number, sleeper = heappop(self._heap)
                sleeper.due(number, now)

    def at(self, due: float, sleeper: "Sleeper") -> int:
        """Wake ``sleeper`` at ``due``; the number of the entry."""
        if len(self._heap) >= self._room:
            # Sleepers that were woken early, or have gone, leave their entries.
            self._heap = [each for each in self._heap if each[2].waits(each[1])]
            heapify(self._heap)
            self._room = 2 * len(self._heap) + _ROOM
        number = next(self._order)
        heappush(self._heap, (due, number, sleeper))
        if due < self._next:
            self._earlier.set()
        return number


def _rounded(due: float) -> float:
    return max(due, ceil(due / GRAIN) * GRAIN)


class Sleeper:
    """One task that sleeps until an instant, or until it is called. ``instead``, where one is given, is called in its place
    when the instant has come, with the present one. True: it has begun something, and :meth:`sleep_on`, :meth:`wake` or
    :meth:`fail` follows. It must not raise."""

    __slots__ = ("_called", "_entry", "_failure", "_instead", "_task", "_timer", "held")

    def __init__(self, timer: PollTimer, instead: Callable[[float], bool] | None = None) -> None:
        self._timer, self._instead = timer, instead
        self._task: Task | None = None
        self._entry = -1
        self._called = False
        self._failure: Exception | None = None
        self.held = False
        """``instead`` has begun something: until it is over, calls wait."""

    async def until(self, due: float) -> bool:
        """Sleep until ``due``, or until :meth:`call`; true when it was called. A call from before counts. Raises the
        error of :meth:`fail`. Cancellable."""
        if self._called:
            self._called = False
            await trio.lowlevel.checkpoint()
            return True
        self._task = current_task()
        self._entry = self._timer.at(due, self)

        def abort(_: Any) -> Abort:
            self._task, self.held = None, False
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)
        if self._failure is not None:
            raise self._failure
        called, self._called = self._called, False
        return called

    def call(self) -> None:
        """Wake the task now, or keep it from its next sleep."""
        self._called = True
        if not self.held:
            self.wake()

    def due(self, number: int, now: float) -> None:
        """The timer's entry ``number`` is due."""
        if not self.waits(number):
            return
        if self._instead is None:
            self.wake()
            return
        self.held = True
        if not self._instead(now):
            self.wake()

    def waits(self, number: int) -> bool:
        """Whether the task sleeps by this entry."""
        return self._task is not None and self._entry == number and not self.held

    def sleep_on(self, due: float) -> None:
        """What was begun instead is over: leave the task asleep until ``due``, unless it was called meanwhile."""
        if self._called:
            self.wake()
        elif self._task is not None:
            self.held, self._entry = False, self._timer.at(due, self)

    def wake(self) -> None:
        """Wake the task, if it sleeps."""
        self.held = False
        task, self._task = self._task, None
        if task is not None:
            reschedule(task)

    def fail(self, error: Exception) -> None:
        """Wake the task with ``error``, if it sleeps."""
        self._failure = error
        self.wake()
