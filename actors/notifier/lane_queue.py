"""The notifications that one channel still has to deliver, in the order in which they are due. Pure: times are arguments.

Within a thread the order is that of the decisions: a later message waits until the earlier one is sent or given up.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Literal

from protocols.dispatch.notification import DispatchedNotification

HeldPhase = Literal["waiting", "trying", "ended"]
NEVER = float("inf")
_MOST_PACED = 1_000


class HeldNotification:
    """A notification in the hands of the notifier. Times are trio's clock, in seconds."""

    __slots__ = ("attempts", "due", "give_up_at", "last_error", "notification", "phase", "thread")

    def __init__(self, notification: DispatchedNotification, due: float, give_up_at: float) -> None:
        self.notification = notification
        self.attempts = notification.attempts
        """Those that failed, of earlier runs of faultd too."""
        self.due, self.give_up_at = due, give_up_at
        self.last_error = ""
        self.phase: HeldPhase = "waiting"
        self.thread = notification.thread or notification.id

    @property
    def id(self) -> str:
        return self.notification.id


class LaneQueue:
    """``pace_seconds``: the least time between two messages, with ``paces_addresses`` between two to one address."""

    def __init__(self, pace_seconds: float = 0.0, *, paces_addresses: bool = True) -> None:
        self.pace_seconds, self.paces_addresses = pace_seconds, paces_addresses
        self._threads: dict[str, deque[HeldNotification]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._number = 0
        self._free_at: dict[str, float] = {}
        self._count = 0

    def __len__(self) -> int:
        """Those that wait, and those that are being tried."""
        return self._count

    def __iter__(self) -> Iterator[HeldNotification]:
        for thread in self._threads.values():
            yield from thread

    def put(self, held: HeldNotification) -> None:
        """At the end of its thread."""
        thread = self._threads.setdefault(held.thread, deque())
        thread.append(held)
        self._count += 1
        if len(thread) == 1:
            self._push(held)

    def take(self, now: float) -> HeldNotification | None:
        """The first one that is due at ``now``, which is then being tried; None: there is none."""
        while self._heap and self._heap[0][0] <= now:
            held = self._head_of(heappop(self._heap))
            if held is None:
                continue
            paced = held.notification.address if self.paces_addresses else ""
            free_at = self._free_at.get(paced, 0.0)
            if free_at > now:
                held.due = free_at
                self._push(held)
                continue
            if self.pace_seconds:
                self._occupy(paced, now)
            held.phase = "trying"
            return held
        return None

    def next_at(self) -> float:
        """When :meth:`take` may have one; :data:`NEVER` when nothing waits."""
        return self._heap[0][0] if self._heap else NEVER

    def again(self, held: HeldNotification, due: float) -> None:
        """The attempt failed; another one follows at ``due``."""
        held.phase, held.due = "waiting", due
        self._push(held)

    def remove(self, held: HeldNotification) -> None:
        """It needs no attempt any more; the next one of its thread is due."""
        thread = self._threads[held.thread]
        was_first = thread[0] is held
        thread.remove(held)
        self._count -= 1
        if not thread:
            del self._threads[held.thread]
        elif was_first:
            self._push(thread[0])

    def _head_of(self, entry: tuple[float, int, str]) -> HeldNotification | None:
        """The first of the entry's thread, unless the entry is outdated."""
        thread = self._threads.get(entry[2])
        if thread is None or thread[0].phase != "waiting" or thread[0].due != entry[0]:
            return None
        return thread[0]

    def _push(self, held: HeldNotification) -> None:
        self._number += 1
        heappush(self._heap, (held.due, self._number, held.thread))

    def _occupy(self, paced: str, now: float) -> None:
        if len(self._free_at) >= _MOST_PACED:
            self._free_at = {other: free_at for other, free_at in self._free_at.items() if free_at > now}
        self._free_at[paced] = now + self.pace_seconds
