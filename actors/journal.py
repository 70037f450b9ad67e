"""The undo journal of one Event: a fold that raises leaves the state as it was.

A stage writes its tables in place, so that it always reads what it has written, and hands every write to a journal.
:meth:`Journal.rollback` takes all of them back, the latest write first.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final[Any] = object()


class Journal:
    """Writes of one Event."""

    __slots__ = ("_undo",)

    def __init__(self) -> None:
        self._undo: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """``table[key] = value``."""
        before = table.get(key, _ABSENT)
        self._undo.append((_restore, (table, key, before)))
        table[key] = value

    def drop(self, table: dict[K, V], key: K) -> None:
        """Take ``key`` out, if it is there."""
        before = table.pop(key, _ABSENT)
        if before is not _ABSENT:
            self._undo.append((_restore, (table, key, before)))

    def set(self, target: object, name: str, value: Any) -> None:
        """``target.name = value``."""
        self._undo.append((setattr, (target, name, getattr(target, name))))
        setattr(target, name, value)

    def undo(self, act: Callable[..., Any], *args: Any) -> None:
        """Have ``act(*args)`` called by a rollback, for a write that the caller makes itself."""
        self._undo.append((act, args))

    def mark(self) -> int:
        """For :meth:`rollback`: the writes so far."""
        return len(self._undo)

    def rollback(self, to: int = 0) -> None:
        """Take back every write behind the mark ``to``."""
        while len(self._undo) > to:
            act, args = self._undo.pop()
            act(*args)


def _restore(table: dict[Any, Any], key: Any, before: Any) -> None:
    if before is _ABSENT:
        table.pop(key, None)
    else:
        table[key] = before
