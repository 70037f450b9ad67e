"""Deadlines: the next instant at which something about a subject has to be decided. The cost of a Tick is by what is due.

An outage sets the same deadline for a hundred thousand instances. So the heap has an entry for each instant and kind, and the
names stand in a list behind it.
"""

from collections.abc import Iterable, KeysView
from heapq import heappop, heappush
from typing import Literal, get_args

from actors.journal import Journal

DeadlineKind = Literal["instance", "period", "clock", "performance"]
"""``instance``: the budget of an instance, or the begin of its contract; ``period``: the end of the running periods of a
definition; ``clock``: the facts of a cleared alarm that concerns no instance; ``performance``: measurements to be settled."""
NEVER = 1 << 62


class Deadlines:
    """One deadline a subject, which is a kind and a name. The lists may hold outdated names: ``due`` says what is meant."""

    def __init__(self) -> None:
        self.due: dict[DeadlineKind, dict[str, int]] = {kind: {} for kind in get_args(DeadlineKind)}
        """Instants by kind and name."""
        self._heap: list[tuple[int, DeadlineKind]] = []
        self._names: dict[tuple[int, DeadlineKind], list[str]] = {}
        """The names of each entry of the heap."""
        self._sorted: tuple[int, DeadlineKind] | None = None
        """The entry whose names stand in their order, the first of them last."""

    def __len__(self) -> int:
        return sum(map(len, self.due.values()))

    @property
    def first(self) -> int:
        """The earliest entry; one that is outdated comes too early, never too late."""
        return self._heap[0][0] if self._heap else NEVER

    def at(self, kind: DeadlineKind, name: str) -> int | None:
        """The deadline of a subject; None: it has none."""
        return self.due[kind].get(name)

    def names(self, kind: DeadlineKind) -> KeysView[str]:
        """The subjects of a kind that have a deadline."""
        return self.due[kind].keys()

    def set(self, journal: Journal, kind: DeadlineKind, name: str, at: int | None) -> None:
        """The deadline of a subject; None: it has none."""
        table = self.due[kind]
        if at is None:
            journal.drop(table, name)
        elif table.get(name) != at:
            journal.put(table, name, at)
            self._add(at, kind, name)

    def take(self, journal: Journal, now: int, most: int) -> list[tuple[DeadlineKind, str, int]]:
        """Up to ``most`` subjects that are due at ``now`` with their instants, the earliest first, and by kind and name at one
        instant. They have no deadline then."""
        found: list[tuple[DeadlineKind, str, int]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < most:
            entry = at, kind = self._heap[0]
            names = self._names[entry]
            if self._sorted != entry:
                names.sort(reverse=True)
                self._sorted = entry
            table = self.due[kind]
            while names and len(found) < most:
                name = names.pop()
                if table.get(name) == at:
                    journal.undo(self._add, at, kind, name)
                    journal.drop(table, name)
                    found.append((kind, name, at))
            if not names:
                heappop(self._heap)
                del self._names[entry]
        return found

    def load(self, kind: DeadlineKind, instants: Iterable[tuple[str, int]]) -> None:
        """Set deadlines of a kind that has none yet."""
        for name, at in instants:
            self.due[kind][name] = at
            self._add(at, kind, name)

    def _add(self, at: int, kind: DeadlineKind, name: str) -> None:
        names = self._names.get((at, kind))
        if names is None:
            names = self._names[at, kind] = []
            heappush(self._heap, (at, kind))
        names.append(name)
        if self._sorted == (at, kind):
            self._sorted = None
