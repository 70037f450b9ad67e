"""Timers by time. Time comes from Events: a timer fires with the first Event at or after its time."""

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime

NEVER = datetime.max.replace(tzinfo=UTC)

Entry = tuple[datetime, str, str]
"""When, whose (a strategy's name) and about what."""
Key = tuple[str, str]
"""The owner's name and the subject."""


class Timers:
    """At most one timer for each (name, subject); setting it again moves it. Due ones come in the order of time, then name.

    Each name has a queue of its own: one that comes and goes all the time is not kept in order among all the others. A timer
    that is put off, as most are, stays where it is in its queue and is put further back once its old time comes."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.due: dict[Key, datetime] = {}
        """The time of each timer. Read-only."""
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
        """The time of the timer."""
        return self.due.get((name, subject))

    def pop(self, now: datetime) -> tuple[str, str] | None:
        """The next (name, subject) due by ``now``, which is then forgotten."""
        due = self.due
        while self._queues:
            name = min(self._queues, key=lambda each: (self._queues[each].first, each))
            queue = self._queues[name]
            at = queue.first
            if at > now:
                self.first = at
                return None
            subject = queue.pop()
            wanted = due.get((name, subject)) if subject is not None else None
            if subject is not None and wanted is not None and wanted != at:
                queue.push(wanted, subject)
            self._tidy(name, queue)
            if subject is not None and wanted == at:
                del due[name, subject]
                self.first = min((each.first for each in self._queues.values()), default=NEVER)
                return name, subject
        self.first = NEVER
        return None

    def entries(self) -> list[Entry]:
        """Every timer, in order."""
        return in_order(self.due.items())

    def _tidy(self, name: str, queue: "_Queue") -> None:
        """Drop an empty queue, and rebuild a queue that consists mostly of cancelled timers."""
        if len(queue) > 2 * len(self.due) + 64:
            queue = self._queues[name] = _Queue()
            for (owner, subject), at in self.due.items():
                if owner == name:
                    queue.push(at, subject)
        if not len(queue):
            del self._queues[name]


class _Queue:
    """The timers of one name, by time. Many timers share a time, since all Events of a batch have one. ``under``: the time of
    each timer's valid entry, never later than the timer's time; its other entries are ignored."""

    __slots__ = ("_at", "_count", "_sorted", "_times", "under")

    def __init__(self) -> None:
        self.under: dict[str, datetime] = {}
        self._times: list[datetime] = []
        self._at: dict[datetime, list[str]] = {}
        self._sorted: datetime | None = None
        """The time whose subjects are in order, the first last."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def first(self) -> datetime:
        """The earliest time."""
        return self._times[0]

    def push(self, at: datetime, subject: str) -> None:
        self.under[subject] = at
        self._count += 1
        known = self._at.get(at)
        if known is None:
            self._at[at] = [subject]
            heapq.heappush(self._times, at)
            return
        known.append(subject)
        if at == self._sorted:
            self._sorted = None

    def pop(self) -> str | None:
        """Take the first entry out: its subject, if it counts."""
        at = self._times[0]
        subjects = self._at[at]
        if at != self._sorted:
            subjects.sort(reverse=True)
            self._sorted = at
        subject = subjects.pop()
        self._count -= 1
        if not subjects:
            del self._at[at]
            heapq.heappop(self._times)
        if self.under.get(subject) != at:
            return None
        del self.under[subject]
        return subject


def in_order(due: Iterable[tuple[Key, datetime]]) -> list[Entry]:
    """Timers in the order of time, then name."""
    return sorted((at, *key) for key, at in due)
