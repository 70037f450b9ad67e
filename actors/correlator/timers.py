"""What is due when. Time comes from Events, so a timer fires with the first Event at or after its time."""

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime

NEVER = datetime.max.replace(tzinfo=UTC)

Entry = tuple[datetime, str, str]
"""When, whose (a strategy's name) and about what."""
Key = tuple[str, str]
"""Whose and about what."""


class Timers:
    """At most one timer for each (name, subject); setting it again moves it. Due ones come in the order of time, then name.

    Each name has a queue of its own: one that comes and goes all the time is not kept in order among all the others. A timer
    that is put off, as most are, stays where it is in its queue and is put further back once its old time comes."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.due: dict[Key, datetime] = {}
        """When each is due. To be read only."""
        self._queues: dict[str, _Queue] = {}
        self.first = NEVER
        """No timer is due before this time: the whole cost of an Event at which none is."""
        for at, name, subject in entries:
            self.set(name, subject, at)

    def __len__(self) -> int:
        return len(self.due)

    def set(self, name: str, subject: str, at: datetime) -> None:
        """Have ``name`` called about ``subject`` at that time."""
        self.due[name, subject] = at
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = _Queue()
        queued = queue.under.get(subject)
        if queued is None or at < queued:
            queue.push(at, subject)
            if at < self.first:
                self.first = at

    def cancel(self, name: str, subject: str) -> None:
        """Forget the timer, if there is one."""
        self.due.pop((name, subject), None)

    def at(self, name: str, subject: str) -> datetime | None:
        """When it is due."""
        return self.due.get((name, subject))

    def pop(self, now: datetime) -> tuple[str, str] | None:
        """The next (name, subject) due by ``now``, which is then forgotten."""
        due = self.due
        while self._queues:
            name = min(self._queues, key=lambda each: (self._queues[each].heap[0][0], each))
            queue = self._queues[name]
            if (at := queue.heap[0][0]) > now:
                self.first = at
                return None
            subject = queue.pop()
            if subject is not None:
                wanted = due.get((name, subject))
                if wanted == at:
                    del due[name, subject]
                    self._tidy(name, queue)
                    self.first = min((each.heap[0][0] for each in self._queues.values()), default=NEVER)
                    return name, subject
                if wanted is not None:
                    queue.push(wanted, subject)
            self._tidy(name, queue)
        self.first = NEVER
        return None

    def entries(self) -> list[Entry]:
        """Every timer, in order."""
        return in_order(self.due.items())

    def _tidy(self, name: str, queue: "_Queue") -> None:
        """Let go of an empty queue, and of one that is mostly timers called off."""
        if len(queue.heap) > 2 * len(self.due) + 64:
            queue.fill((at, key[1]) for key, at in self.due.items() if key[0] == name)
        if not queue.heap:
            del self._queues[name]


class _Queue:
    """The timers of one name. ``under``: the time under which each stands in the queue, never later than it is due; other
    entries of it do not count."""

    __slots__ = ("heap", "under")

    def __init__(self) -> None:
        self.heap: list[tuple[datetime, str]] = []
        self.under: dict[str, datetime] = {}

    def push(self, at: datetime, subject: str) -> None:
        self.under[subject] = at
        heapq.heappush(self.heap, (at, subject))

    def pop(self) -> str | None:
        """The subject of the first entry, if it counts."""
        at, subject = heapq.heappop(self.heap)
        if self.under.get(subject) != at:
            return None
        del self.under[subject]
        return subject

    def fill(self, entries: Iterable[tuple[datetime, str]]) -> None:
        self.heap = list(entries)
        heapq.heapify(self.heap)
        self.under = {subject: at for at, subject in self.heap}


def in_order(due: Iterable[tuple[Key, datetime]]) -> list[Entry]:
    """Timers in the order of time, then name."""
    return sorted((at, *key) for key, at in due)
