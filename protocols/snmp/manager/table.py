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
    and variable bindings; passing one raises TableTooLarge.
    """

    __slots__ = ("_max_octets", "_max_rows", "_max_varbinds", "columns", "ended", "incomplete", "last", "octets", "rows",
                 "varbinds")  # fmt: skip

    def __init__(
        self,
        columns: Sequence[bytes],
        max_rows: int = MAX_ROWS,
        max_octets: int = MAX_OCTETS,
        max_varbinds: int = MAX_VARBINDS,
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
        self._max_rows, self._max_octets, self._max_varbinds = max_rows, max_octets, max_varbinds

    def add(self, asked: Sequence[int], found: Sequence[bytes], octets: int) -> None:
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
        columns, rows, last, ended = self.columns, self.rows, self.last, self.ended
        before = [last[column] for column in asked]
        place, around = 0, len(asked)
        for position in range(0, len(found), 2):
            column = asked[place]
            place += 1
            if place == around:
                place = 0
            if ended[column]:
                continue
            name, value = found[position], found[position + 1]
            prefix = columns[column]
            if not name.startswith(prefix) or value[0] == END_OF_MIB_VIEW:
                ended[column] = True
                continue
            # The order of octets is that of OIDs, except where sub-identifiers of different lengths meet.
            previous = last[column]
            if (name <= previous or len(name) < len(previous)) and not follows(name, previous):
                raise OidNotIncreasing(previous, name)
            last[column] = name
            index = name[len(prefix) :]
            row = rows.get(index)
            if row is None:
                row = rows[index] = [None] * len(columns)
            row[column] = value
        if len(rows) > self._max_rows:
            raise TableTooLarge(f"more than {self._max_rows} rows")
        # Exact, once an answer: this is why a walk cannot go round.
        for column, first in zip(asked, before, strict=True):
            if last[column] != first and not follows(last[column], first):
                raise OidNotIncreasing(first, last[column])
