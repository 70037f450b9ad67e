"""What is due when. Time comes from Events, so a timer fires with the first Event at or after its time."""

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime

NEVER = datetime.max.replace(tzinfo=UTC)

Entry = tuple[datetime, str, str]
"""When, whose (a strategy's name) and about what."""


class Timers:
    """At most one timer for each (name, subject); setting it again moves it. Due ones come in the order of time, then name."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._due: dict[tuple[str, str], datetime] = {}
        self._heap: list[Entry] = []
        self.first = NEVER
        """No timer is due before this time: the whole cost of an Event at which none is."""
        for at, name, subject in entries:
            self.set(name, subject, at)

    def __len__(self) -> int:
        return len(self._due)

    def set(self, name: str, subject: str, at: datetime) -> None:
        """Have ``name`` called about ``subject`` at that time."""
        if self._due.get((name, subject)) == at:
            return
        self._due[name, subject] = at
        heapq.heappush(self._heap, (at, name, subject))
        self.first = min(self.first, at)

    def cancel(self, name: str, subject: str) -> None:
        """Forget the timer, if there is one."""
        self._due.pop((name, subject), None)

    def at(self, name: str, subject: str) -> datetime | None:
        """When it is due."""
        return self._due.get((name, subject))

    def pop(self, now: datetime) -> tuple[str, str] | None:
        """The next (name, subject) due by ``now``, which is then forgotten."""
        while self._heap and self._heap[0][0] <= now:
            at, name, subject = heapq.heappop(self._heap)
            if self._due.get((name, subject)) == at:
                del self._due[name, subject]
                self._look()
                return name, subject
        self._look()
        return None

    def entries(self) -> list[Entry]:
        """Every timer, in order."""
        return sorted((at, name, subject) for (name, subject), at in self._due.items())

    def _look(self) -> None:
        while self._heap and self._due.get(self._heap[0][1:]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [(at, name, subject) for (name, subject), at in self._due.items()]
            heapq.heapify(self._heap)
        self.first = self._heap[0][0] if self._heap else NEVER
