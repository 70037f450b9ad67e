"""Deadlines: the next instant at which something about a subject has to be decided. The cost of a Tick is by what is due."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Literal

from actors.sla_clock.journal import Journal

DeadlineKind = Literal["instance", "period", "clock", "performance"]
"""``instance``: the budget of an instance, or the begin of its contract; ``period``: the end of the running periods of a
definition; ``clock``: the facts of a cleared alarm that concerns no instance; ``performance``: measurements to be settled."""
Subject = tuple[DeadlineKind, str]
"""Kind and name."""
NEVER = 1 << 62


class Deadlines:
    """One deadline a subject. The heap may hold outdated entries: ``due`` says which one is meant."""

    def __init__(self, entries: Iterable[tuple[int, Subject]] = ()) -> None:
        self.due: dict[Subject, int] = {subject: at for at, subject in entries}
        self._heap = [(at, subject) for subject, at in self.due.items()]
        heapify(self._heap)

    @property
    def first(self) -> int:
        """The earliest entry; one that is outdated comes too early, never too late."""
        return self._heap[0][0] if self._heap else NEVER

    def set(self, journal: Journal, kind: DeadlineKind, name: str, at: int | None) -> None:
        """The deadline of a subject; None: it has none."""
        subject = kind, name
        if at is None:
            journal.drop(self.due, subject)
        elif self.due.get(subject) != at:
            journal.put(self.due, subject, at)
            heappush(self._heap, (at, subject))

    def take(self, journal: Journal, now: int, most: int) -> list[tuple[DeadlineKind, str, int]]:
        """Up to ``most`` subjects that are due at ``now`` with their instants, the earliest first. They have no deadline
        then."""
        found: list[tuple[DeadlineKind, str, int]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < most:
            entry = heappop(self._heap)
            journal.undo(heappush, self._heap, entry)
            at, subject = entry
            if self.due.get(subject) == at:
                journal.drop(self.due, subject)
                found.append((*subject, at))
        return found

    def move(self, by: int) -> None:
        """Move every deadline by a jump of the clock."""
        self.__init__([(at + by, subject) for subject, at in self.due.items()])  # type: ignore[misc]
