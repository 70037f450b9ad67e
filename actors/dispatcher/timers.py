"""DispatchTimers of the dispatcher: when a subject has to be looked at next. They are state, so a restart keeps them."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import Literal

from actors.journal import Journal

TimerKind = Literal["group", "escalation", "recipient", "rota", "window", "forget", "message", "ticket", "fallback", "lost"]
"""``group``: the next message of a group; ``escalation``: the next step of a cause; ``recipient``: what waits for a person;
``rota``: the next look for gaps; ``window``: the notice of planned maintenance; ``forget``: a subject that has ended;
``message``: a notification that is over; ``ticket``: the next look at the ticket of a cause; ``fallback``: a notification that
has not arrived goes to the person's next method; ``lost``: an alarm of a lost ledger that nothing has reported again."""
CALENDAR: frozenset[TimerKind] = frozenset(("rota", "window"))
"""Kinds that are dates: a jump of the clock does not move them."""
NEVER = 1 << 62


class DispatchTimers:
    """One instant (microseconds since 1970) for each kind and name."""

    def __init__(self, due: Mapping[TimerKind, Mapping[str, int]] | None = None) -> None:
        self.due: dict[TimerKind, dict[str, int]] = {kind: dict(table) for kind, table in (due or {}).items()}
        self._heap = [(at, kind, name) for kind, table in self.due.items() for name, at in table.items()]
        heapify(self._heap)

    @property
    def first(self) -> int:
        """The earliest entry; one that is outdated comes too early, never too late."""
        return self._heap[0][0] if self._heap else NEVER

    def at(self, kind: TimerKind, name: str) -> int | None:
        """The instant of a subject; None: it has none."""
        return self.due.get(kind, {}).get(name)

    def set(self, journal: Journal, kind: TimerKind, name: str, at: int | None) -> None:
        """The instant of a subject; None: it has none."""
        table = self.due.setdefault(kind, {})
        if at is None:
            journal.drop(table, name)
        elif table.get(name) != at:
            journal.put(table, name, at)
            heappush(self._heap, (at, kind, name))

    def take(self, journal: Journal, now: int) -> tuple[TimerKind, str, int] | None:
        """The earliest subject that is due at ``now``, by kind and name at one instant; it has no timer then. None: nothing is
        due."""
        while self._heap and self._heap[0][0] <= now:
            at, kind, name = heappop(self._heap)
            if self.due[kind].get(name) == at:
                journal.undo(heappush, self._heap, (at, kind, name))
                journal.drop(self.due[kind], name)
                return kind, name, at
        return None

    def shift(self, journal: Journal, by: int) -> None:
        """Move every instant that is the end of a span of time: the clock was put right."""
        for kind, table in self.due.items():
            if kind in CALENDAR:
                continue
            for name, at in list(table.items()):
                self.set(journal, kind, name, at + by)
