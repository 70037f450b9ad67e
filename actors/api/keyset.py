"""Keyset paging: opaque cursors, and the conditions that go on behind one."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from protocols.query import Page

T = TypeVar("T")

TIME = Annotated[datetime, Meta(tz=True)]
INT16 = Annotated[int, Meta(ge=-(2**15), lt=2**15)]
INT32 = Annotated[int, Meta(ge=-(2**31), lt=2**31)]
INT64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class BadCursor(ValueError):
    """A cursor that this list did not give out: malformed, or of another list or sort order."""

    def __init__(self, cursor: str, text: str) -> None:
        super().__init__(f"cursor {cursor[:40]!r}: {text}")


class SortKey(Struct, frozen=True):
    """One column of a sort order. ``kind`` is what its values decode to from a cursor. ``coarse`` is a column that never falls
    while this one grows, and never exceeds it: it is what the indexes have in this one's place."""

    column: str
    kind: Any
    descending: bool = False
    coarse: str = ""

    def sql(self, *, coarse: bool = True) -> str:
        """In the ORDER BY list."""
        direction = "DESC" if self.descending else "ASC"
        return ", ".join(f"{column} {direction}" for column in (self.coarse if coarse else "", self.column) if column)


class Order(Struct, frozen=True):
    """A sort order that tells all rows apart (its last key is unique). ``name`` ties a cursor to it."""

    name: str
    keys: tuple[SortKey, ...]

    def sql(self, *, coarse: bool = True) -> str:
        """The ORDER BY list; without ``coarse`` for a table that has no coarse columns."""
        return ", ".join(key.sql(coarse=coarse) for key in self.keys)

    def encode(self, values: Sequence[Any]) -> str:
        """The cursor behind the row whose key columns hold ``values``."""
        return base64.urlsafe_b64encode(msgspec.json.encode([self.name, *values], enc_hook=str)).decode().rstrip("=")

    def decode(self, cursor: str) -> tuple[Any, ...]:
        """The key columns' values. Raises :class:`BadCursor`."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,1000}", cursor):
            raise BadCursor(cursor, "malformed")
        try:
            data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            parts = msgspec.json.decode(data, type=list[Any])
            if len(parts) != len(self.keys) + 1:
                raise BadCursor(cursor, "of another list")
            values = tuple(msgspec.convert(part, key.kind) for part, key in zip(parts[1:], self.keys, strict=True))
        except (binascii.Error, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise BadCursor(cursor, f"malformed: {error}") from error
        if parts[0] != self.name:
            raise BadCursor(cursor, f"of the order {str(parts[0])[:40]!r}, not {self.name!r}")
        if any(isinstance(value, datetime) and not 2 <= value.year <= 9998 for value in values):
            raise BadCursor(cursor, "out of range")
        return values

    def page(self, items: Iterable[T], values: Callable[[T], Sequence[Any]], limit: int, cursor: str | None) -> Page[T]:
        """A page of ``items``, which come in this order already; ``values`` gives an item's keys. Raises :class:`BadCursor`."""
        last = None if cursor is None else self.decode(cursor)
        ahead = [item for item in items if last is None or self._is_behind(values(item), last)]
        shown = ahead[:limit]
        return Page(tuple(shown), self.encode(values(shown[-1])) if len(ahead) > limit else None)

    def _is_behind(self, values: Sequence[Any], last: Sequence[Any]) -> bool:
        for key, value, bound in zip(self.keys, values, last, strict=True):
            if value != bound:
                return bool(value < bound if key.descending else value > bound)
        return False

    def behind(self, names: Sequence[str], *, coarse: bool = True) -> str:
        """The condition for rows behind those values; ``names`` are the parameters (``$3`` ...) that hold them, in order."""
        first = self.keys[0]
        if all(key.descending == first.descending for key in self.keys):
            rows = f"({', '.join(key.column for key in self.keys)}) {_beyond(first)} ({', '.join(names)})"
            return f"{rows} AND {within_minute(first, names[0])}" if first.coarse and coarse else rows
        # The first key's bound is implied by the rest; said by itself, it lets the index start at the cursor.
        bound = f"{first.column} {_beyond(first)}= {names[0]}"
        alternatives = [
            " AND ".join(
                [
                    *(f"{same.column} = {names[i]}" for i, same in enumerate(self.keys[:n])),
                    f"{key.column} {_beyond(key)} {names[n]}",
                ]
            )
            for n, key in enumerate(self.keys)
        ]
        return f"{bound} AND ({' OR '.join(f'({alternative})' for alternative in alternatives)})"


def within_minute(key: SortKey, name: str) -> str:
    """The condition on the coarse column of ``key`` for rows behind the value ``name``; an index can start there."""
    return f"{key.coarse} <= {name}" if key.descending else f"{key.coarse} > {name}::timestamptz - interval '1 minute'"


def _beyond(key: SortKey) -> str:
    return "<" if key.descending else ">"


def _last_occurrence(descending: bool) -> SortKey:
    return SortKey("last_occurrence", TIME, descending, "last_minute")


def alarm_order(sort: str) -> Order:
    """The order behind a name of ``protocols.query.ALARM_SORTS``."""
    descending = sort.startswith("-")
    column = sort.removeprefix("-")
    if column == "severity":
        latest = (_last_occurrence(True), SortKey("id", UUID, True))
        return Order(sort, (SortKey("severity_rank", INT16, descending), *latest))
    if column == "last_occurrence":
        return Order(sort, (_last_occurrence(descending), SortKey("id", UUID, descending)))
    kind = TIME if column.endswith("_occurrence") else INT64
    return Order(sort, (SortKey(column, kind, descending), SortKey("id", UUID, descending)))
