"""Rows of PostgreSQL as the project's own types, and pages of them.

In every module here ``tenant`` is the caller's scope (None sees every tenant). All reads raise ``DatabaseUnavailable`` while
PostgreSQL is away, and those that take a cursor raise ``BadCursor``. Lists have at most ``limit`` rows, and a cursor when more
follow.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
from asyncpg.protocol import Record
from msgspec import Struct

from actors.api.keyset import Order
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import Page

T = TypeVar("T")


async def list_rows(
    database: Postgres,
    table: str,
    columns: str,
    where: Where,
    order: Order,
    cursor: str | None,
    limit: int,
    make: Callable[[Record], T],
) -> Page[T]:
    """A page of the rows of ``table`` that pass ``where``, in ``order``, behind ``cursor``."""
    where.behind(order, cursor)
    sql = f"SELECT {columns} FROM {table} WHERE {where.sql()} ORDER BY {order.sql()} LIMIT {where.parameter(limit + 1)}"
    return page_of(await database.fetch(sql, *where.args), limit, order, make)


def page_of(rows: Sequence[Record], limit: int, order: Order, make: Callable[[Record], T]) -> Page[T]:
    """The first ``limit`` rows, and the cursor behind them when there are more."""
    shown = rows[:limit]
    more = order.encode([shown[-1][key.column.strip('"')] for key in order.keys]) if len(rows) > limit and shown else None
    return Page(tuple(make(row) for row in shown), more)


def row_as(row: Record, kind: type[T]) -> T:
    """The row as a Struct; UUIDs as text."""
    values = dict(row)
    for name, value in values.items():
        if isinstance(value, UUID):
            values[name] = str(value)
    return msgspec.convert(values, kind)


def columns_of(kind: type[Struct]) -> str:
    """The Struct's fields as a SELECT list."""
    return ", ".join(f'"{name}"' for name in kind.__struct_fields__)


def uuid_of(text: str) -> UUID | None:
    """None for text that is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        return None
