"""A table of the printed document: bounded, with a line that says how many lines it leaves out. Pure."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

_Item = TypeVar("_Item")

Cell = list[str]
"""Lines of a cell; the first is set larger than the others."""


class TableColumn(Struct, frozen=True):
    """``share`` of the width that the columns with 0 leave: these are as wide as their text."""

    title: str
    align: Literal["left", "right"] = "left"
    share: int = 0


class PrintedTable(Struct, kw_only=True):
    """``last``: the line of totals, without one None. ``empty``: the text in place of a table without rows; a table without
    either is not printed. ``more``: says what is left out."""

    title: str
    columns: Sequence[TableColumn]
    rows: list[list[Cell]]
    last: list[Cell] | None = None
    empty: str = ""
    more: str = ""


def bounded_table(
    title: str,
    columns: Sequence[TableColumn],
    items: Sequence[_Item],
    row: Callable[[int, _Item], list[Cell]],
    *,
    most: int,
    noun: str,
    empty: str = "",
) -> PrintedTable:
    """A table of the first ``most`` of ``items``. ``row`` takes the number of the item, 1 for the first, and the item.
    ``noun``: the items, in the plural."""
    left_out = len(items) - most
    more = f"{left_out:,} of {len(items):,} {noun} not shown; the JSON has all." if left_out > 0 else ""
    rows = [row(number, each) for number, each in enumerate(items[:most], 1)]
    return PrintedTable(title=title, columns=columns, rows=rows, empty=empty, more=more)
