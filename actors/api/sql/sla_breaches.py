"""Breaches of service level agreements in PostgreSQL."""

from datetime import datetime
from typing import Any, Final

from asyncpg.protocol import Record

from actors.api.keyset import TIME, Order, SortKey
from actors.api.sql.rows import list_rows, uuid_of
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import Page
from protocols.sla.breach import SlaBreach
from protocols.sla.breach_filter import EQUAL, BreachFilter
from protocols.sla.local_time import instant_at, utc_time

LATEST: Final = Order("sla_breaches", (SortKey("breach_start", TIME, True), SortKey("id", str, True)))
COLUMNS: Final = {
    "instance_id": "sla_instance_id",
    "definition_id": "sla_definition_id",
    "type": "breach_type",
    "start": "breach_start",
    "end": "breach_end",
    "credit": "credit_minor",
}
"""Columns that are named differently from the field."""
_LISTED = ", ".join(COLUMNS.get(name, name) for name in SlaBreach.__struct_fields__)


async def list_breaches(
    database: Postgres, wanted: BreachFilter, *, limit: int = 100, cursor: str | None = None, tenant: str | None = None
) -> Page[SlaBreach]:
    """Breaches that pass the filter, the latest first."""
    where = Where()
    where.equal("tenant_id", tenant)
    for name in EQUAL:
        where.equal(COLUMNS.get(name, name), getattr(wanted, name))
    where.any_of("breach_type", wanted.types)
    if wanted.alarm is not None:
        identifier = uuid_of(wanted.alarm)
        by_name = f"alarm_name = {where.parameter(wanted.alarm)}"
        where.conditions.append(by_name if identifier is None else f"({by_name} OR alarm_id = {where.parameter(identifier)})")
    where.between(
        "breach_start",
        None if wanted.since is None else utc_time(wanted.since),
        None if wanted.before is None else utc_time(wanted.before),
    )
    return await list_rows(database, "sla_breaches", _LISTED, where, LATEST, cursor, limit, breach_of)


async def get_breach(database: Postgres, breach_id: str, *, tenant: str | None = None) -> SlaBreach | None:
    """The breach of this id; None when there is none in the scope."""
    where = Where()
    where.equal("id", breach_id)
    where.equal("tenant_id", tenant)
    row = await database.fetchrow(f"SELECT {_LISTED} FROM sla_breaches WHERE {where.sql()}", *where.args)
    return None if row is None else breach_of(row)


def breach_of(row: Record) -> SlaBreach:
    """A breach from a row that has at least its columns."""
    return SlaBreach(**{name: _plain(name, row[COLUMNS.get(name, name)]) for name in SlaBreach.__struct_fields__})


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_at(value)
    if name == "alarms":
        return tuple(str(each) for each in value)
    if name == "alarm_id":
        return "" if value is None else str(value)
    return value
