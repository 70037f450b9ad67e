"""Staged changes of the State. They are written all at once when the Event is decided, or dropped all at once.

Beside the alarms of :class:`actors.correlator.draft.Draft` these are:

- entries of tables, put or dropped. A table is a dict of the State, of a memory or of a view. :meth:`Staging.read` reads it
  with the staged entries; code that reads the dict itself sees it as it was before the draft;
- timers, set or called off;
- acts: functions that run on commit, for a part of the State that is too large to copy or is replaced as a whole.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from actors.correlator.state import State

K = TypeVar("K")
L = TypeVar("L")
V = TypeVar("V")

MAX_MEMORIES = 200_000
"""Bound of each short memory (recent clears, INFORM keys, idempotency keys, sequences): the oldest go first."""
_DROPPED: Final[Any] = object()

_Entries = dict[Any, Any]


class Staging:
    """Staged changes of the tables, timers and large parts of ``state``."""

    __slots__ = ("_acts", "_inside", "_read", "_staged", "_timers", "_writes", "state")

    def __init__(self, state: State) -> None:
        # One or two are made for each Event: a list or dict that few of them need is made when it is needed.
        self.state = state
        self._writes: list[tuple[_Entries, Any, Any, bool]] = []
        """Table, key, value, and True for a short memory: in the order in which they are written."""
        self._read = 0
        self._staged: dict[int, _Entries] | None = None
        """The new entries of each table, by its identity, of the first ``_read`` writes."""
        self._inside: list[tuple[_Entries, Any]] | None = None
        """Tables inside another one: the outer table and the key."""
        self._timers: list[tuple[str, str, datetime | None]] | None = None
        self._acts: list[tuple[Callable[..., Any], tuple[Any, ...]]] | None = None

    def read(self, table: Mapping[K, V], key: K) -> V | None:
        """The value under ``key`` with what is staged; None when there is none."""
        if self._writes:
            staged = self._of(table)
            if staged is not None and key in staged:
                value: V | None = staged[key]
                return None if value is _DROPPED else value
        return table.get(key)

    def staged(self, table: Mapping[K, V]) -> dict[K, V]:
        """The entries that were put into a table and are not written yet."""
        staged = self._of(table)
        return {} if staged is None else {key: value for key, value in staged.items() if value is not _DROPPED}

    def touches(self, table: Mapping[K, V]) -> bool:
        """True when a change of the table is staged."""
        return self._of(table) is not None

    def own(self, table: dict[K, V], key: K, copy: Callable[[V], V]) -> V | None:
        """The value under ``key`` for the caller to change: a copy of the State's, made and staged when first asked for."""
        staged = self._of(table)
        if staged is not None and key in staged:
            return self.read(table, key)
        value = table.get(key)
        return None if value is None else self.set(table, key, copy(value))

    def inner(self, table: dict[K, dict[L, V]], key: K) -> dict[L, V]:
        """The table under ``key`` of another one, for staged changes, or a new one. It goes when a commit leaves it empty."""
        found = self.read(table, key)
        if found is None:
            found = self.set(table, key, {})
        if self._inside is None:
            self._inside = []
        self._inside.append((table, key))
        return found

    def set(self, table: dict[K, V], key: K, value: V) -> V:
        """Put ``value`` under ``key``."""
        self._writes.append((table, key, value, False))
        return value

    def drop(self, table: dict[K, V], key: K) -> None:
        """Take ``key`` out, if it is there."""
        self._writes.append((table, key, _DROPPED, False))

    def remember(self, memory: dict[K, V], key: K, value: V) -> None:
        """Put ``value`` under ``key`` at the young end of a short memory. Its oldest entries go beyond ``MAX_MEMORIES``."""
        self._writes.append((memory, key, value, True))

    def wake(self, name: str, subject: str, at: datetime) -> None:
        """Have the strategy ``name`` called about ``subject`` with the first Event at or after that time."""
        if self._timers is None:
            self._timers = []
        self._timers.append((name, subject, at))

    def no_wake(self, name: str, subject: str) -> None:
        """Call that timer off."""
        if self._timers is None:
            self._timers = []
        self._timers.append((name, subject, None))

    def note(self, what: str, count: int = 1) -> None:
        """Count something that has no Change of its own."""
        self.on_commit(self.state.note, what, count)

    def on_commit(self, act: Callable[..., Any], *args: Any) -> None:
        """Have ``act`` change the State after all entries and timers. It cannot be read back, and must not raise."""
        if self._acts is None:
            self._acts = []
        self._acts.append((act, args))

    def write(self) -> None:
        """Write the tables, then the timers; then run the acts: each in the order in which they were staged."""
        for table, key, value, short in self._writes:
            if value is _DROPPED:
                table.pop(key, None)
                continue
            if short:
                table.pop(key, None)
                if len(table) >= MAX_MEMORIES:
                    # Many at once: finding the first key of a dict whose front was deleted from walks over all that was.
                    for oldest in list(islice(table, MAX_MEMORIES // 100)):
                        del table[oldest]
            table[key] = value
        if self._inside is not None:
            for table, key in self._inside[::-1]:  # mypyc cannot compile reversed() of it
                if not table.get(key, True):
                    del table[key]
        if self._timers is not None:
            timers = self.state.timers
            for name, subject, at in self._timers:
                if at is None:
                    timers.cancel(name, subject)
                else:
                    timers.set(name, subject, at)
        if self._acts is not None:
            for act, args in self._acts:
                act(*args)

    def _of(self, table: Mapping[Any, Any]) -> _Entries | None:
        """The staged entries of a table, the latest of each key; None when there are none."""
        staged, writes = self._staged, self._writes
        if staged is None:
            staged = self._staged = {}
        if self._read < len(writes):
            for each, key, value, _short in writes[self._read :]:
                entries = staged.get(id(each))
                if entries is None:
                    entries = staged[id(each)] = {}
                entries[key] = value
            self._read = len(writes)
        return staged.get(id(table))
