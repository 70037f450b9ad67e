"""A table whose rows follow from Changes of one type."""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from msgspec import Struct


class ChangeTable(NamedTuple):
    """A table: its name, the row that a Change makes, and the columns of its primary key. ``row_of`` gives None when the row
    is to be deleted, which only a table with the key ``id`` has. ``key_of`` gives the same key of the Change."""

    name: str
    row: type[Struct]
    row_of: Callable[[Any], Struct | None]
    key: tuple[str, ...]
    key_of: Callable[[Any], Hashable]
