"""A table read from an agent: rows by the octets of their index, values as elements that are decoded when wanted.

Its OIDs and values are new in each poll, so nothing of it enters the caches of the trap path; its bounds are its own.
"""

from collections.abc import Sequence
from typing import Final

from protocols.snmp.manager.errors import OidNotIncreasing, TableTooLarge
from protocols.snmp.manager.name_order import follows
from protocols.snmp.values import END_OF_MIB_VIEW

MAX_ROWS: Final = 65_536
MAX_OCTETS: Final = 32 * 2**20
MAX_VARBINDS: Final = 2**20


class Table:
    """``columns`` are OIDs as content octets. A row is a list with one element for each column, None where the agent has none;
    its key is what stands behind the column in the OIDs (``value.decode_index``).

    A column that is the OID of a subtree gathers that subtree. Bounds: rows, octets of the variable bindings as received,
    and variable bindings; passing one raises TableTooLarge. ``unordered``: OIDs need not increase, as long as each is a new
    one; the column ends where its subtree does.
    """

    __slots__ = ("_max_octets", "_max_rows", "_max_varbinds", "columns", "ended", "incomplete", "last", "octets", "rows",
                 "unordered", "varbinds")  # fmt: skip

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

    def _add_column(self, column: int, names: list[bytes], values: list[bytes]) -> int:
        """Take cells of one column; the number of those before one that ends the column or does not increase."""
        rows, prefix, width = self.rows, self.columns[column], len(self.columns)
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
                row = rows[index] = [None] * width
            row[column] = value
        self.last[column] = previous
        return taken

    def _is_new(self, column: int, name: bytes) -> bool:
        """True for an OID that the column does not have yet."""
        row = self.rows.get(name[len(self.columns[column]) :])
        return name != self.columns[column] and (row is None or row[column] is None)
