"""Alarms in PostgreSQL: lists, counts, and one by its name."""

from collections.abc import Sequence
from typing import Any

import msgspec
from asyncpg.protocol import Record
from msgspec import Struct

from actors.api.keyset import Order, alarm_order
from actors.api.sql.rows import page_of, row_as, uuid_of
from actors.api.sql.where import Where, alarm_where
from actors.postgres import Postgres
from protocols.alarm import Alarm
from protocols.command import Past
from protocols.query import AlarmFilter, AlarmSort, Page

ALARM_COLUMNS = ", ".join(Alarm.__struct_fields__)
MOST_HELD_BACK = 100_000


class Query(Struct):
    """One SELECT with its arguments."""

    sql: str
    args: list[Any]


def list_query(
    wanted: AlarmFilter, sort: AlarmSort, limit: int, cursor: str | None, tenant: str | None, columns: str = ALARM_COLUMNS
) -> Query:
    """Alarms that pass the filter, in order, behind the cursor. Raises ``BadCursor``."""
    order = alarm_order(sort)
    args: list[Any] = []
    if not wanted.archived:
        return Query(_listed("alarms", columns, wanted, order, cursor, limit, tenant, args), args)
    # Each table by its own indexes; the archive has no last_minute.
    tables = [
        f"({_listed(table, columns, wanted, order, cursor, limit, tenant, args, coarse=table == 'alarms')})"
        for table in ("alarms", "alarms_archive")
    ]
    sorting = f"ORDER BY {order.sql(coarse=False)} LIMIT {limit}"
    return Query(f"SELECT * FROM ({' UNION ALL '.join(tables)}) AS both_tables {sorting}", args)


def _listed(
    table: str,
    columns: str,
    wanted: AlarmFilter,
    order: Order,
    cursor: str | None,
    limit: int,
    tenant: str | None,
    args: list[Any],
    *,
    coarse: bool = True,
) -> str:
    where = alarm_where(wanted, tenant, args, coarse=coarse)
    where.behind(order, cursor, coarse=coarse)
    sorting = order.sql(coarse=coarse)
    return f"SELECT {columns} FROM {table} WHERE {where.sql()} ORDER BY {sorting} LIMIT {where.parameter(limit)}"


async def list_alarms(
    database: Postgres,
    wanted: AlarmFilter,
    *,
    sort: AlarmSort = "-last_occurrence",
    limit: int = 100,
    cursor: str | None = None,
    tenant: str | None = None,
) -> Page[Alarm]:
    """A page of alarms. Archived ones are among them when the filter asks for them."""
    query = list_query(wanted, sort, limit + 1, cursor, tenant, f"{ALARM_COLUMNS}, severity_rank")
    return page_of(await database.fetch(query.sql, *query.args), limit, alarm_order(sort), alarm_of)


async def count_alarms(database: Postgres, wanted: AlarmFilter, *, most: int, tenant: str | None = None) -> int:
    """How many alarms pass the filter; at most ``most``."""
    query = list_query(wanted, "-last_occurrence", most, None, tenant, "id, severity_rank, last_occurrence")
    return int(await database.fetchval(f"SELECT count(*) FROM ({query.sql}) AS found", *query.args))


async def count_held_back(database: Postgres, wanted: AlarmFilter, *, tenant: str | None = None) -> int:
    """Alarms that pass the filter but for its view and are attributed to another alarm; at most ``MOST_HELD_BACK``."""
    where = alarm_where(msgspec.structs.replace(wanted, view="all"), tenant)
    where.conditions.append("parent_alarm_id IS NOT NULL")
    counted = f"SELECT 1 FROM alarms WHERE {where.sql()} LIMIT {MOST_HELD_BACK}"
    return int(await database.fetchval(f"SELECT count(*) FROM ({counted}) AS held_back", *where.args))


async def matching_ids(database: Postgres, wanted: AlarmFilter, *, limit: int, tenant: str | None = None) -> tuple[str, ...]:
    """Ids of at most ``limit`` alarms that pass the filter and that commands can reach, latest first."""
    where = alarm_where(wanted, tenant)
    where.conditions.append("live")
    order = alarm_order("-last_occurrence")
    sql = f"SELECT id FROM alarms WHERE {where.sql()} ORDER BY {order.sql()} LIMIT {where.parameter(limit)}"
    return tuple(str(row["id"]) for row in await database.fetch(sql, *where.args))


async def get_alarm(database: Postgres, name: str, *, tenant: str | None = None) -> Alarm | None:
    """The alarm whose id or external id is ``name``, also from the archive; None when there is none in the scope.

    Ledgers that followed one another in this database each count their external ids from A1: the one that commands reach comes
    first, then the latest.
    """
    where = Where()
    external = f"alarm_id = {where.parameter(name)}"
    identifier = uuid_of(name)
    named = external if identifier is None else f"(id = {where.parameter(identifier)} OR {external})"
    where.conditions.append(named)
    where.equal("tenant_id", tenant)
    selects = [
        f"SELECT {ALARM_COLUMNS}, live, {age} AS age FROM {table} WHERE {where.sql()}"
        for age, table in enumerate(("alarms", "alarms_archive"))
    ]
    order = "age, live DESC, last_occurrence DESC, id DESC"
    row = await database.fetchrow(f"{' UNION ALL '.join(selects)} ORDER BY {order} LIMIT 1", *where.args)
    return None if row is None else alarm_of(row)


async def past_alarms(database: Postgres, names: Sequence[str], *, tenant: str | None = None) -> tuple[Past, ...]:
    """Alarms by their ids or external ids, also from the archive. Of several that had one external id the latest; none where
    these are of several tenants."""
    where = Where()
    identifiers = [found for name in names if (found := uuid_of(name)) is not None]
    named = f"alarm_id = ANY ({where.texts(names)})"
    where.conditions.append(f"(id = ANY ({where.parameter(identifiers)}::uuid[]) OR {named})")
    where.equal("tenant_id", tenant)
    selects = [
        f"SELECT id, alarm_id, tenant_id, revision, last_occurrence FROM {table} WHERE {where.sql()}"
        for table in ("alarms", "alarms_archive")
    ]
    sql = f"{' UNION ALL '.join(selects)} ORDER BY last_occurrence DESC LIMIT {where.parameter(10 * len(names))}"
    by_name: dict[str, Past] = {}
    tenants: dict[str, set[str]] = {}
    for row in await database.fetch(sql, *where.args):
        past = Past(str(row["id"]), row["alarm_id"], row["tenant_id"], row["revision"])
        by_name.setdefault(past.id, past)
        by_name.setdefault(past.alarm_id, past)
        tenants.setdefault(past.alarm_id, set()).add(past.tenant_id)
    clear = [by_name[name] for name in names if name in by_name and len(tenants.get(name, ())) < 2]
    return tuple(dict.fromkeys(clear))


def alarm_of(row: Record) -> Alarm:
    """An Alarm from a row that has at least its columns."""
    return row_as(row, Alarm)
