"""A table of a strategy's memory as one draft sees it: read with what the draft has changed, written when it is committed."""

from collections.abc import Callable
from typing import Generic, TypeVar

from actors.correlator.draft import Draft

V = TypeVar("V")


class Overlay(Generic[V]):
    """Values got from it are the draft's own copies: to be changed freely."""

    __slots__ = ("_copy", "_own", "_table")

    def __init__(self, table: dict[str, V], copy: Callable[[V], V]) -> None:
        self._table, self._copy = table, copy
        self._own: dict[str, V | None] = {}

    def get(self, key: str) -> V | None:
        """The value as this draft has it by now."""
        if key in self._own:
            return self._own[key]
        value = self._table.get(key)
        if value is None:
            return None
        own = self._own[key] = self._copy(value)
        return own

    def put(self, key: str, value: V) -> V:
        """Keep ``value`` under ``key``."""
        self._own[key] = value
        return value

    def drop(self, key: str) -> None:
        """Forget ``key``."""
        self._own[key] = None

    def flush(self) -> None:
        """Write it all."""
        for key, value in self._own.items():
            if value is None:
                self._table.pop(key, None)
            else:
                self._table[key] = value


def overlay(draft: Draft, name: str, table: dict[str, V], copy: Callable[[V], V]) -> Overlay[V]:
    """The draft's view of ``table``; ``name`` tells it from others."""
    found: Overlay[V] | None = draft.scratch.get(name)
    if found is None:
        found = draft.scratch[name] = Overlay(table, copy)
        draft.later(found.flush)
    return found
