"""Deadlines: the next instant at which something about a subject has to be decided. The cost of a Tick is by what is due.

An outage sets the same deadline for a hundred thousand instances. So the heap has an entry for each instant and kind, and the
names stand in a list behind it. The deadlines of instances stand in an array by row, 8 B an instance.
"""

from array import array
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any, Final, Literal, get_args

from actors.journal import Journal

DeadlineKind = Literal["instance", "period", "clock", "performance"]
"""``instance``: the budget of an instance, or the begin of its contract; ``period``: the end of the running periods of a
definition; ``clock``: the facts of a cleared alarm that concerns no instance; ``performance``: measurements to be settled."""
NEVER: Final = 1 << 62


class Deadlines:
    """One deadline a subject, which is a kind and a name; the name of an instance is its row. The lists may hold outdated
    names: the tables say what is meant."""

    def __init__(self) -> None:
        self.due: dict[DeadlineKind, dict[str, int]] = {kind: {} for kind in get_args(DeadlineKind) if kind != "instance"}
        """Instants by kind and name."""
        self._by_row = array("q")
        """Instants of instances; ``NEVER`` for none."""
        self._rows = 0
        """Number of instances with a deadline."""
        self._heap: list[tuple[int, DeadlineKind]] = []
        self._names: dict[tuple[int, DeadlineKind], Any] = {}
        """The names of each entry of the heap: a list, or an array of rows."""
        self._last: tuple[int, Any] = NEVER, None
        """The instant to which a row was added last, and the rows there."""
        self._sorted: tuple[int, DeadlineKind] | None = None
        """The entry whose names stand in their order, the first of them last."""

    def __len__(self) -> int:
        return self._rows + sum(map(len, self.due.values()))

    @property
    def first(self) -> int:
        """The earliest entry; one that is outdated comes too early, never too late."""
        return self._heap[0][0] if self._heap else NEVER

    def at(self, kind: DeadlineKind, name: str) -> int | None:
        """The deadline of a subject that is no instance; None: it has none."""
        return self.due[kind].get(name)

    def of_row(self, row: int) -> int | None:
        """The deadline of the instance in a row."""
        at: int = self._by_row[row] if row < len(self._by_row) else NEVER
        return None if at == NEVER else at

    def rows(self) -> Iterator[tuple[int, int]]:
        """Rows with deadlines, and these, as they are now, whatever changes meanwhile."""
        return _set_rows(self._by_row[:])

    def count_rows(self) -> int:
        """The number of instances with a deadline."""
        return self._rows

    def set(self, journal: Journal, kind: DeadlineKind, name: str, at: int | None) -> None:
        """The deadline of a subject that is no instance; None: it has none."""
        table = self.due[kind]
        if at is None:
            journal.drop(table, name)
        elif table.get(name) != at:
            journal.put(table, name, at)
            self._add(at, kind, name)

    def set_row(self, journal: Journal, row: int, at: int | None) -> None:
        """The deadline of the instance in a row; None: it has none."""
        after = NEVER if at is None else at
        before = self._write(row, after)
        if after == before:
            return
        journal.undo(self._write, row, before)
        if after != NEVER:
            self._add_row(after, row)

    def take(self, journal: Journal, now: int, most: int) -> list[tuple[DeadlineKind, Any, int]]:
        """Up to ``most`` subjects that are due at ``now`` with their instants, the earliest first, and by kind and name at one
        instant. They have no deadline then."""
        found: list[tuple[DeadlineKind, Any, int]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < most:
            entry = at, kind = self._heap[0]
            names = self._names[entry]
            if self._sorted != entry:
                names = self._names[entry] = _sorted_down(names)
                self._sorted = entry
                self._last = NEVER, None
            while names and len(found) < most:
                name = names.pop()
                if (self.of_row(name) if kind == "instance" else self.due[kind].get(name)) == at:
                    journal.undo(self._add, at, kind, name)
                    if kind == "instance":
                        self.set_row(journal, name, None)
                    else:
                        journal.drop(self.due[kind], name)
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

    def _write(self, row: int, at: int) -> int:
        by_row = self._by_row
        if row >= len(by_row):
            by_row.extend([NEVER] * (row + 1 - len(by_row)))
        before: int = by_row[row]
        if before != at:
            self._rows += (at != NEVER) - (before != NEVER)
            by_row[row] = at
        return before

    def _add_row(self, at: int, row: int) -> None:
        """As :meth:`_add`, for one of the many rows that have one deadline."""
        last, rows = self._last
        if last == at and self._sorted is None:
            rows.append(row)
            return
        self._add(at, "instance", row)
        self._last = at, self._names[at, "instance"]

    def _add(self, at: int, kind: DeadlineKind, name: Any) -> None:
        names = self._names.get((at, kind))
        if names is None:
            names = self._names[at, kind] = array("I") if kind == "instance" else []
            heappush(self._heap, (at, kind))
        names.append(name)
        if self._sorted == (at, kind):
            self._sorted = None


def _set_rows(by_row: "array[int]") -> Iterator[tuple[int, int]]:
    for row, at in enumerate(by_row):
        if at != NEVER:
            yield row, at


def _sorted_down(names: Any) -> Any:
    found = sorted(names, reverse=True)
    return array("I", found) if isinstance(names, array) else found
