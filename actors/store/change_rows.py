"""The rows of service level agreements and of dispatch: the last state of each that Changes write."""

from collections.abc import Hashable
from typing import Any, Final

from msgspec import Struct

from actors.postgres import Connection
from actors.store import encode
from actors.store.change_table import ChangeTable
from actors.store.dispatch_tables import DISPATCH_TABLES
from actors.store.sla_tables import SLA_TABLES
from actors.store.upsert import delete, upsert
from protocols.dispatch.changes import DispatchChange
from protocols.sla.changes import SlaChange

TABLES: Final[dict[type, ChangeTable]] = {**SLA_TABLES, **DISPATCH_TABLES}
"""By the Change that writes a row."""
UPSERT: Final = {table.name: upsert(table.name, table.row, table.key) for table in TABLES.values()}
DELETE: Final = {table.name: delete(table.name) for table in TABLES.values() if table.key == ("id",)}
EMPTY: Final = f"TRUNCATE {', '.join(UPSERT)}"


def key_of(change: SlaChange | DispatchChange) -> tuple[str, Hashable]:
    """The table and the primary key of the row that the Change writes. Raises KeyError when it writes none."""
    table = TABLES[type(change)]
    return table.name, table.key_of(change)


class ChangeRows(Struct):
    """For each row the Change that came last, by the type of the Change and the key: a storm on one instance writes one row."""

    changes: dict[type, dict[Hashable, Any]] = {}

    def add(self, change: SlaChange | DispatchChange) -> None:
        """Take in the next Change."""
        kind = type(change)
        table = TABLES.get(kind)
        if table is not None:
            self.changes.setdefault(kind, {})[table.key_of(change)] = change

    async def write(self, connection: Connection) -> None:
        """Make the tables so, within the caller's transaction."""
        for kind, found in self.changes.items():
            table = TABLES[kind]
            rows = {key: table.row_of(change) for key, change in found.items()}
            if gone := [str(key) for key, row in rows.items() if row is None]:
                await connection.execute(DELETE[table.name], encode.rows(gone))
            if there := [row for row in rows.values() if row is not None]:
                await connection.execute(UPSERT[table.name], encode.rows(_last(there, table)))


def _last(rows: list[Struct], table: ChangeTable) -> list[Struct]:
    """The rows, one for each key as PostgreSQL has it: texts that differ only in characters that it cannot store are one."""
    unique = {tuple(encode.clean(getattr(row, name)) for name in table.key): row for row in rows}
    return rows if len(unique) == len(rows) else list(unique.values())
