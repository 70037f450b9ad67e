"""One table of a plan: its columns, and the way between the index of a row and the position of a part."""

from collections.abc import Iterable
from copy import copy
from typing import Final, get_args

from protocols.poll.plan.column_plan import ColumnMeaning, ColumnPlan
from protocols.poll.plan.index_form import IndexForm
from protocols.poll.plan.position_form import PositionForm
from protocols.poll.section import PollLevel, ScheduleClass
from protocols.poll.states import PartKind
from protocols.snmp.manager.table import Table

Rows = dict[bytes, list[bytes | None]]
"""Of a ``Table``: index octets to the elements of the columns that were read."""

ROWS_REMEMBERED: Final = 16_384
"""Indexes of rows whose card and position are remembered: the devices of one plan have much the same rows, and are read each
minute."""


class TablePlan:
    """``placed`` is true where positions come from a column (``place``), which must have been read before. ``unordered`` where
    the agent's OIDs need not increase."""

    __slots__ = (
        "_by_class",
        "_card_of",
        "_cards",
        "_form",
        "_position_of",
        "_positions",
        "columns",
        "kind",
        "name",
        "placed",
        "unordered",
        "utilisation",
    )

    def __init__(
        self,
        name: str,
        kind: PartKind,
        form: IndexForm,
        position: PositionForm,
        card: PositionForm | None,
        columns: tuple[ColumnPlan, ...],
        utilisation: tuple[PollLevel, ...] = (),
    ) -> None:
        self.name, self.kind, self.columns, self.utilisation = name, kind, columns, utilisation
        self._form, self._positions, self._cards = form, position, card
        self.unordered = False
        self._card_of: dict[bytes, str] = {}
        self._position_of: dict[bytes, str | None] = {}
        self.placed = any("." in each for each in position.names)
        self._by_class: dict[ScheduleClass, tuple[ColumnPlan, ...]] = {
            schedule: tuple(column for column in columns if column.schedule == schedule) for schedule in get_args(ScheduleClass)
        }

    def without_order(self) -> "TablePlan":
        """The same table, of an agent whose OIDs need not increase."""
        found = copy(self)
        found.unordered = True
        return found

    def of(self, schedule: ScheduleClass) -> tuple[ColumnPlan, ...]:
        """The columns that are read in this class."""
        return self._by_class[schedule]

    def column(self, meaning: ColumnMeaning) -> ColumnPlan | None:
        """The column with this meaning. Sensors may be several: see ``columns``."""
        return next((column for column in self.columns if column.meaning == meaning), None)

    def position(self, index: bytes, place: dict[str, int | float | str] | None = None) -> str | None:
        """The position of a row; None for a row that is no part of this table, or whose place is not known."""
        if place:
            fields = self._form.read(index)
            return self._positions.write({**fields, **place}) if fields is not None else None
        if index in self._position_of:
            return self._position_of[index]
        fields = self._form.read(index)
        found = self._positions.write(fields) if fields is not None else None
        if len(self._position_of) >= ROWS_REMEMBERED:
            self._position_of.clear()
        self._position_of[index] = found
        return found

    def is_part(self, index: bytes) -> bool:
        """True when a row of this index is a part of this table."""
        return self._form.read(index) is not None

    @property
    def has_cards(self) -> bool:
        """Whether rows are those of line cards, which have budgets of their own."""
        return self._cards is not None

    def card(self, index: bytes) -> str:
        """The line card of a row; empty: the device's own budget."""
        if self._cards is None:
            return ""
        known = self._card_of.get(index)
        if known is None:
            fields = self._form.read(index)
            known = (self._cards.write(fields) or "") if fields is not None else ""
            if len(self._card_of) >= ROWS_REMEMBERED:
                self._card_of.clear()
            self._card_of[index] = known
        return known

    @property
    def numbers_interfaces(self) -> bool:
        """Whether the index of a row is the ifIndex of its PON port: a number with the port's place packed into it."""
        return self.kind == "pon" and not self.placed and self._form.is_packed

    def prefixes(self, scope: str) -> list[bytes]:
        """Beginnings of the indexes of all rows of this table at or below the position ``scope``: a walk of
        ``column.oid + prefix`` reads them alone. Empty where no such beginning exists; then ask for ``candidates``."""
        fields = None if self.placed else self._positions.read(scope)
        return self._form.prefixes(fields) if fields is not None else []

    def candidates(self, scope: str, most: int = 128) -> list[bytes]:
        """Indexes that rows below the position ``scope`` may have, for a GET where no walk can be bounded: numbers up to
        ``most`` in place of the one that ``scope`` lacks. Empty where they cannot be told."""
        fields = None if self.placed else self._positions.read(scope)
        return self._form.candidates(fields, most) if fields is not None else []


def walked(table: TablePlan, columns: Iterable[ColumnPlan], prefix: bytes = b"") -> Table:
    """An empty table to walk these columns of ``table``, or their rows below ``prefix`` alone (whose keys then lack it)."""
    return Table([column.oid + prefix for column in columns], unordered=table.unordered)
