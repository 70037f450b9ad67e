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

    A timer that is put off, as most are, stays where it is in the queue and is put further back once its old time comes."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.due: dict[Key, datetime] = {}
        """When each is due. To be read only."""
        self._queue: list[Entry] = []
        self._queued: dict[Key, datetime] = {}
        """Under which time a timer stands in the queue: never later than it is due. Other entries of it do not count."""
        self.first = NEVER
        """No timer is due before this time: the whole cost of an Event at which none is."""
        for at, name, subject in entries:
            self.set(name, subject, at)

    def __len__(self) -> int:
        return len(self.due)

    def set(self, name: str, subject: str, at: datetime) -> None:
        """Have ``name`` called about ``subject`` at that time."""
        key = name, subject
        self.due[key] = at
        queued = self._queued.get(key)
        if queued is None or at < queued:
            self._enqueue(key, at)

    def cancel(self, name: str, subject: str) -> None:
        """Forget the timer, if there is one."""
        self.due.pop((name, subject), None)

    def at(self, name: str, subject: str) -> datetime | None:
        """When it is due."""
        return self.due.get((name, subject))

    def pop(self, now: datetime) -> tuple[str, str] | None:
        """The next (name, subject) due by ``now``, which is then forgotten."""
        while self._queue and self._queue[0][0] <= now:
            at, *_ = entry = heapq.heappop(self._queue)
            key = entry[1:]
            if self._queued.get(key) != at:
                continue
            del self._queued[key]
            due = self.due.get(key)
            if due == at:
                del self.due[key]
                self._look()
                return key
            if due is not None:
                self._enqueue(key, due)
        self._look()
        return None

    def entries(self) -> list[Entry]:
        """Every timer, in order."""
        return in_order(self.due.items())

    def _enqueue(self, key: Key, at: datetime) -> None:
        self._queued[key] = at
        heapq.heappush(self._queue, (at, *key))
        if at < self.first:
            self.first = at

    def _look(self) -> None:
        if len(self._queue) > 2 * len(self.due) + 64:
            self._queue = [(at, *key) for key, at in self.due.items()]
            heapq.heapify(self._queue)
            self._queued = dict(self.due)
        self.first = self._queue[0][0] if self._queue else NEVER


def in_order(due: Iterable[tuple[Key, datetime]]) -> list[Entry]:
    """Timers in the order of time, then name."""
    return sorted((at, *key) for key, at in due)
