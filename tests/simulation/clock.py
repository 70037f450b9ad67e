"""Virtual time, made for many short worlds: it stands still while anything can run, then jumps to whatever is due next.

What trio's own MockClock does, in about half of the time that a world takes: a sleep is an entry in a heap here, not a cancel
scope, and the kernel is asked only now and then whether somebody wants the process to end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from math import inf
from typing import Any
from unittest.mock import patch

import trio
from trio._core._io_epoll import EpollIOManager
from trio._core._run import GLOBAL_RUN_CONTEXT
from trio.lowlevel import Abort, Task, current_task, reschedule, wait_task_rescheduled
from trio.testing import MockClock

_FAR = 999_999_999.0
_POLL_EVERY = 256
"""Passes of the scheduler between looks at the kernel, where nothing but a signal can come from."""


class VirtualClock:
    """Give :attr:`clock` to ``trio.run`` inside of :meth:`installed`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clock = MockClock(autojump_threshold=0)
        # Trio jumps with a MockClock alone, and lets nobody make a subclass of it.
        vars(self.clock).update(
            current_time=lambda: self.now,
            deadline_to_sleep_time=lambda deadline: 0 if deadline <= self.now else _FAR,
            _autojump=self._jump,
        )
        self._sleepers: list[tuple[float, int, list[Task | None]]] = []
        self._count = 0
        self._passes = 0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Sleeping is this clock's business, and so is how often the kernel is asked."""
        real_events = EpollIOManager.get_events

        def get_events(manager: EpollIOManager, timeout: float) -> Any:
            self._passes += 1
            return [] if self._passes % _POLL_EVERY else real_events(manager, timeout)

        with (
            patch.object(EpollIOManager, "get_events", get_events),
            patch.object(trio, "sleep", self.sleep),
            patch.object(trio, "sleep_until", self.sleep_until),
        ):
            yield

    async def sleep(self, seconds: float) -> None:
        """As ``trio.sleep``."""
        if seconds <= 0:
            await trio.lowlevel.checkpoint()
        else:
            await self._wait(self.now + seconds)

    async def sleep_until(self, deadline: float) -> None:
        """As ``trio.sleep_until``."""
        await self.sleep(deadline - self.now)

    async def hold(self, seconds: float) -> None:
        """Sleep, and be cancelled only later."""
        await self._wait(self.now + seconds, lambda _: Abort.FAILED)

    async def _wait(self, due: float, abort: Callable[[Any], Abort] | None = None) -> None:
        sleeper: list[Task | None] = [current_task()]

        def wake(_: Any) -> Abort:
            sleeper[0] = None
            return Abort.SUCCEEDED

        self._count += 1
        heappush(self._sleepers, (due, self._count, sleeper))
        await wait_task_rescheduled(abort or wake)

    def _jump(self) -> None:
        """Called by trio when nothing can run."""
        sleepers = self._sleepers
        while sleepers and sleepers[0][2][0] is None:
            heappop(sleepers)
        deadline = GLOBAL_RUN_CONTEXT.runner.deadlines.next_deadline()
        due = sleepers[0][0] if sleepers else inf
        if due == deadline == inf:
            # Trio's own end waits for its wake-up socket.
            self._passes = -1
            return
        self.now = min(deadline, due)
        while sleepers and sleepers[0][0] <= self.now:
            task = heappop(sleepers)[2][0]
            if task is not None:
                reschedule(task)
