"""A table read from an agent: rows by the octets of their index, values as elements that are decoded when wanted.

Its OIDs and values are new in each poll, so nothing of it enters the caches of the trap path; its bounds are its own.
"""

from collections.abc import Sequence
from typing import Final

from protocols.snmp.manager.errors import OidNotIncreasing, TableTooLarge
from protocols.snmp.manager.name_order import follows
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.values import END_OF_MIB_VIEW

MAX_ROWS: Final = 65_536
MAX_OCTETS: Final = 32 * 2**20
MAX_VARBINDS: Final = 2**20
_UNKNOWN: Final = -2
"""The place of a cell that the column did not reach in steps of one row."""


class Table:
    """``columns`` are OIDs as content octets. A row is a list with one element for each column, None where the agent has none;
    its key is what stands behind the column in the OIDs (``value.decode_index``).

    A column that is the OID of a subtree gathers that subtree. Bounds: rows, octets of the variable bindings as received,
    and variable bindings; passing one raises TableTooLarge. ``unordered``: OIDs need not increase, as long as each is a new
    one; the column ends where its subtree does.
    """

    __slots__ = ("_indexes", "_max_octets", "_max_rows", "_max_varbinds", "_places", "_rows", "_sorted", "columns", "ended",
                 "incomplete", "last", "octets", "rows", "unordered", "varbinds")  # fmt: skip

    def __init__(
        self,
        columns: Sequence[bytes],
        max_rows: int = MAX_ROWS,
        max_octets: int = MAX_OCTETS,
        max_varbinds: int = MAX_VARBINDS,
        unordered: bool = False,
    ) -> None:
        self.columns = tuple(columns)
        self.rows: dict[bytes, list[bytes | None]] = {}
        self.last: list[bytes] = list(columns)
        """The last OID of each column so far; at first the column itself."""
        self.ended = [False] * len(self.columns)
        """True for each column that has no further rows."""
        self.incomplete = "unfinished"
        """Why the table is not whole: ``unfinished`` until a walk ends it, then ``oid_not_increasing``, ``table_too_large`` or
        empty for a whole one. The rows of an incomplete table are right, and others may be missing."""
        self.octets = self.varbinds = 0
        self.unordered = unordered
        self._max_rows, self._max_octets, self._max_varbinds = max_rows, max_octets, max_varbinds
        self._indexes: list[bytes] = []
        """The indexes of ``rows`` as they came, and the rows beside them."""
        self._rows: list[list[bytes | None]] = []
        self._sorted = True
        """Each index follows the one before it."""
        self._places = [-1] * len(self.columns)
        """The place of each column's last cell among them; -1: before the first."""

    def take(self, asked: Sequence[int], response: ResponsePdu, most: int) -> None:
        """Take an answer with at most ``most`` bindings, which go round the columns numbered ``asked``. Raises as ``add``, and
        TooManyVarbinds.

        Nearly every table has a cell for each row and column. Then the index of a cell is known from the column that was first
        to have it, and neither its order has to be looked at nor its row to be looked up. From the first cell on that is
        another one than expected, ``add`` takes the answer.
        """
        pos, taken = self._take_regular(asked, response, most)
        if pos < response.end:
            at = taken % len(asked)
            found = split_varbinds(response, most, pos, taken)
            self.add([*asked[at:], *asked[:at]], found, response.end - pos)
            for column in asked:
                self._places[column] = self._place_of(column, len(found) // 2)
        elif len(self.rows) > self._max_rows:
            raise TableTooLarge(f"more than {self._max_rows} rows")

    def _take_regular(self, asked: Sequence[int], response: ResponsePdu, most: int) -> tuple[int, int]:
        """Take cells while each is the one that is expected: the position behind them, and their number."""
        data, pos, end = response.data, response.start, response.end
        if (
            self.unordered
            or not self._sorted
            or self.varbinds + most > self._max_varbinds
            or self.octets + end - pos > self._max_octets
            or any(self.ended[column] or self._places[column] == _UNKNOWN for column in asked)
        ):
            return pos, 0
        rows, indexes, cells, places = self.rows, self._indexes, self._rows, self._places
        prefixes = [self.columns[column] for column in asked]
        around, turn, taken = len(asked), 0, 0
        while pos + 7 <= end and taken < most:
            size = data[pos + 1]
            stop = pos + 2 + size
            value = pos + 4 + data[pos + 3]
            prefix = prefixes[turn]
            index_at = pos + 4 + len(prefix)
            if (
                size > 127
                or data[pos] != 0x30
                or data[pos + 2] != 0x06
                or value + 2 > stop
                or stop > end
                or data[value + 1] != stop - value - 2
                or data[value] == END_OF_MIB_VIEW
                or data[pos + 4 : index_at] != prefix
            ):
                break
            index, column = data[index_at:value], asked[turn]
            place = places[column] + 1
            if place < len(indexes):
                if index != indexes[place]:
                    break
                row = cells[place]
            else:
                if not index or index[-1] > 127 or index in rows or not self._is_next(prefix, index):
                    break
                row = self._new_row(index)
            row[column] = data[value:stop]
            places[column] = place
            pos = stop
            taken += 1
            turn += 1
            if turn == around:
                turn = 0
        for column in asked:
            if places[column] >= 0:
                self.last[column] = self.columns[column] + indexes[places[column]]
        self.varbinds += taken
        self.octets += pos - response.start
        return pos, taken

    def _is_next(self, prefix: bytes, index: bytes) -> bool:
        """Whether a new ``index`` below the column ``prefix`` follows all others."""
        if not self._indexes:
            return True
        last = self._indexes[-1]
        # Indexes that differ in their last octet alone are in the order of that octet.
        if index[:-1] == last[:-1]:
            return index > last
        return follows(prefix + index, prefix + last)

    def _new_row(self, index: bytes) -> list[bytes | None]:
        row: list[bytes | None] = [None] * len(self.columns)
        self.rows[index] = row
        self._indexes.append(index)
        self._rows.append(row)
        return row

    def _place_of(self, column: int, further: int) -> int:
        """The place of the column's last cell, which is at most ``further`` behind its place of before."""
        index, before = self.last[column][len(self.columns[column]) :], self._places[column]
        if not index or before == _UNKNOWN:
            return before
        for place in range(max(0, before), min(len(self._indexes), before + further + 1)):
            if self._indexes[place] == index:
                return place
        return _UNKNOWN

    def add(self, asked: Sequence[int], found: list[bytes], octets: int) -> None:
        """Take the bindings ``found`` (names and values in turn), which go round the columns numbered ``asked``.

        ``octets`` is their size as received. Raises OidNotIncreasing and TableTooLarge; SnmpRefusal for an OID that cannot be
        compared.
        """
        self.varbinds += len(found) // 2
        self.octets += octets
        if self.varbinds > self._max_varbinds:
            raise TableTooLarge(f"more than {self._max_varbinds} variable bindings")
        if self.octets > self._max_octets:
            raise TableTooLarge(f"more than {self._max_octets} octets")
        stopped: OidNotIncreasing | None = None
        rounds = len(found)
        around = 2 * len(asked)
        for place, column in enumerate(asked):
            if self.ended[column]:
                continue
            names, values = found[2 * place :: around], found[2 * place + 1 :: around]
            if stopped is not None:
                del names[rounds:]
            taken = self._add_column(column, names, values)
            if taken < len(names) and not self.ended[column]:
                rounds = taken
                stopped = OidNotIncreasing(self.last[column], names[taken])
        if stopped is not None:
            raise stopped
        if len(self.rows) > self._max_rows:
            raise TableTooLarge(f"more than {self._max_rows} rows")

    def begin_anew(self) -> None:
        """Forget all rows: what brought them was no answer to the request."""
        self.rows.clear()
        self.last = list(self.columns)
        self.ended = [False] * len(self.columns)
        self._indexes, self._rows, self._places, self._sorted = [], [], [-1] * len(self.columns), True

    def _add_column(self, column: int, names: list[bytes], values: list[bytes]) -> int:
        """Take cells of one column; the number of those before one that ends the column or does not increase."""
        rows, prefix = self.rows, self.columns[column]
        previous = self.last[column]
        size, head, taken = len(prefix), previous[:-1], 0
        for name, value in zip(names, values, strict=False):
            if not name.startswith(prefix) or value[0] == END_OF_MIB_VIEW:
                # A column that begins with an earlier OID is another one's: some agents answer GETBULK column by column.
                if previous == prefix and name != prefix and not follows(name, prefix):
                    break
                self.ended[column] = True
                break
            # Names that differ in their last octet alone are in the order of that octet.
            if self.unordered:
                if not self._is_new(column, name):
                    break
            elif name[:-1] == head:
                if name <= previous:
                    break
            elif follows(name, previous):
                head = name[:-1]
            else:
                break
            previous = name
            taken += 1
            index = name[size:]
            row = rows.get(index)
            if row is None:
                if self._sorted and not self._is_next(prefix, index):
                    self._sorted = False
                row = self._new_row(index)
            row[column] = value
        self.last[column] = previous
        return taken

    def _is_new(self, column: int, name: bytes) -> bool:
        """True for an OID that the column does not have yet."""
        row = self.rows.get(name[len(self.columns[column]) :])
        return name != self.columns[column] and (row is None or row[column] is None)
