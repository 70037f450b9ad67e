"""Statements that insert rows or overwrite them, where the last version of a row wins, and that delete rows."""

from collections.abc import Sequence

from msgspec import Struct


def upsert(table: str, row: type[Struct], key: Sequence[str] = ("id",)) -> str:
    """The statement for rows whose fields are columns of ``table``, with primary key ``key``; its argument is a JSON array.

    A row that is there with the same values is not written again: a table that is emitted once more costs no write.
    """
    columns = [f'"{name}"' for name in row.__struct_fields__]
    keys = [f'"{name}"' for name in key]
    others = [name for name in columns if name not in keys]
    listed, known = ", ".join(columns), ", ".join(keys)
    overwrite = ", ".join(f"{name} = excluded.{name}" for name in others)
    before, after = (", ".join(f"{place}.{name}" for name in others) for place in (table, "excluded"))
    return (
        f"INSERT INTO {table} ({listed}) SELECT {listed} FROM json_populate_recordset(NULL::{table}, $1) "
        f"ON CONFLICT ({known}) DO UPDATE SET {overwrite} WHERE ({before}) IS DISTINCT FROM ({after})"
    )


def delete(table: str) -> str:
    """The statement that deletes the rows of ``table`` with these ids; its argument is a JSON array."""
    return f"DELETE FROM {table} USING json_array_elements_text($1) AS r (id) WHERE {table}.id = r.id"
