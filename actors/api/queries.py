"""Reads of what the store has written: SQL, and rows as the project's own types.

``tenant`` is the caller's scope: None sees every tenant. All raise ``DatabaseUnavailable`` while PostgreSQL is away, and those
that take a cursor raise ``BadCursor``. Lists have at most ``limit`` rows and a cursor when more follow.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from asyncpg.protocol import Record
from msgspec import Struct

from actors.api.keyset import INT32, INT64, TIME, Order, SortKey, alarm_order
from actors.api.where import Where, alarm_where
from actors.postgres import Postgres
from protocols.alarm import Alarm, TimelineEntry
from protocols.command import Past
from protocols.query import (
    AlarmFilter,
    AlarmSort,
    DeviceEventRow,
    Page,
    UnknownTrapCount,
    UnknownTrapRow,
)
from protocols.snmp.masking import masked_community, masked_datagram

T = TypeVar("T")

ALARM_COLUMNS = ", ".join(Alarm.__struct_fields__)
ENTRY_COLUMNS = ", ".join(f'"{name}"' for name in TimelineEntry.__struct_fields__)
MOST_HELD_BACK = 100_000

_TIMELINE = (SortKey('"offset"', INT64), SortKey("number", INT32))
"""Offsets are the order: the time can step back, where the clock jumped."""
_TIMELINE_LATEST = tuple(SortKey(key.column, key.kind, True) for key in _TIMELINE)
_INBOX = Order("unknown", (SortKey("at", TIME, True), SortKey('"offset"', INT64, True)))
_DEVICE_EVENTS = Order("device_events", (SortKey("at", TIME, True), *_TIMELINE_LATEST))


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
    return _page(await database.fetch(query.sql, *query.args), limit, alarm_order(sort), alarm_of)


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
    identifier = _uuid(name)
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
    identifiers = [found for name in names if (found := _uuid(name)) is not None]
    named = f"alarm_id = ANY ({where.texts(names)})"
    where.conditions.append(f"(id = ANY ({where.parameter(identifiers)}::uuid[]) OR {named})")
    where.equal("tenant_id", tenant)
    selects = [
        f"SELECT id, alarm_id, tenant_id, last_occurrence FROM {table} WHERE {where.sql()}"
        for table in ("alarms", "alarms_archive")
    ]
    sql = f"{' UNION ALL '.join(selects)} ORDER BY last_occurrence DESC LIMIT {where.parameter(10 * len(names))}"
    by_name: dict[str, Past] = {}
    tenants: dict[str, set[str]] = {}
    for row in await database.fetch(sql, *where.args):
        past = Past(str(row["id"]), row["alarm_id"], row["tenant_id"])
        by_name.setdefault(past.id, past)
        by_name.setdefault(past.alarm_id, past)
        tenants.setdefault(past.alarm_id, set()).add(past.tenant_id)
    clear = [by_name[name] for name in names if name in by_name and len(tenants.get(name, ())) < 2]
    return tuple(dict.fromkeys(clear))


async def timeline(
    database: Postgres,
    alarm_id: str,
    *,
    limit: int = 100,
    cursor: str | None = None,
    latest_first: bool = False,
    tenant: str | None = None,
    action: str | None = None,
) -> Page[TimelineEntry]:
    """The history of the alarm with this ``id`` (a UUID; empty for anything else): all lines, or those of one action."""
    identifier = _uuid(alarm_id)
    if identifier is None:
        return Page(())
    order = Order("-timeline", _TIMELINE_LATEST) if latest_first else Order("timeline", _TIMELINE)
    where = Where()
    where.equal("alarm_id", identifier)
    where.equal("tenant_id", tenant)
    where.equal("action", action)
    return await _list(database, "alarm_timeline", ENTRY_COLUMNS, where, order, cursor, limit, entry_of)


REPORTING = (
    "raised",
    "reopened",
    "severity_changed",
    "text_changed",
    "cleared",
    "resolved",
    "clear_ignored",
    "cleared_before_raise",
)
"""Actions of timeline lines that a report may have caused."""


async def reporting_events(database: Postgres, alarm_id: str, *, limit: int) -> dict[int, tuple[str, ...]]:
    """Offsets of the newest Events that reported something of this alarm, the latest first, each with what it did."""
    where = Where()
    where.equal("alarm_id", _uuid(alarm_id))
    where.any_of("action", REPORTING)
    where.conditions.append("(actor NOT LIKE 'faultd:%' OR actor = 'faultd:self')")
    sql = (
        f'SELECT "offset", action FROM alarm_timeline WHERE {where.sql()} '
        f'ORDER BY at DESC, "offset" DESC, number LIMIT {where.parameter(2 * limit)}'
    )
    lines = await database.fetch(sql, *where.args)
    repeats = await database.fetchval("SELECT repeat_offsets FROM alarms WHERE id = $1", _uuid(alarm_id)) or []
    found: dict[int, list[str]] = {}
    for offset, action in [*((row["offset"], row["action"]) for row in lines), *((each, "repeated") for each in repeats)]:
        found.setdefault(offset, []).append(action)
    newest = sorted(found, reverse=True)[:limit]
    return {offset: tuple(dict.fromkeys(found[offset])) for offset in newest}


async def list_unknown_traps(
    database: Postgres,
    *,
    trap_oid: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
    tenant: str | None = None,
    raw: bool = False,
) -> Page[UnknownTrapRow]:
    """The inbox, latest first. The community is always masked; ``raw`` says whether the datagrams are shown."""
    where = Where()
    where.equal("trap_oid", trap_oid)
    where.equal("tenant_id", tenant)

    def row_of(row: Record) -> UnknownTrapRow:
        found = _convert(row, UnknownTrapRow)
        return msgspec.structs.replace(found, trap=_shown_trap(found.trap, raw=raw))

    return await _list(database, "unknown_traps", _columns(UnknownTrapRow), where, _INBOX, cursor, limit, row_of)


async def count_unknown_traps(
    database: Postgres, *, tenant: str | None = None, limit: int = 1_000
) -> tuple[UnknownTrapCount, ...]:
    """How often each unknown trap came, the most frequent first."""
    where = Where()
    where.equal("tenant_id", tenant)
    sql = (
        f"SELECT {_columns(UnknownTrapCount)} FROM unknown_trap_counts WHERE {where.sql()} "
        f"ORDER BY traps DESC, tenant_id, trap_oid LIMIT {where.parameter(limit)}"
    )
    return tuple(_convert(row, UnknownTrapCount) for row in await database.fetch(sql, *where.args))


async def list_device_events(
    database: Postgres,
    *,
    device_id: str | None = None,
    event_type: str | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
    limit: int = 100,
    cursor: str | None = None,
    tenant: str | None = None,
) -> Page[DeviceEventRow]:
    """What devices told that is no alarm, latest first."""
    where = Where()
    where.equal("device_id", device_id)
    where.equal("event_type", event_type)
    where.equal("tenant_id", tenant)
    where.between("at", since, before)

    def row_of(row: Record) -> DeviceEventRow:
        return _convert(row, DeviceEventRow)

    return await _list(database, "device_events", _columns(DeviceEventRow), where, _DEVICE_EVENTS, cursor, limit, row_of)


def alarm_of(row: Record) -> Alarm:
    """An Alarm from a row that has at least its columns."""
    return _convert(row, Alarm)


def entry_of(row: Record) -> TimelineEntry:
    """A TimelineEntry from a row that has at least its columns."""
    return _convert(row, TimelineEntry)


async def _list(
    database: Postgres,
    table: str,
    columns: str,
    where: Where,
    order: Order,
    cursor: str | None,
    limit: int,
    make: Callable[[Record], T],
) -> Page[T]:
    where.behind(order, cursor)
    sql = f"SELECT {columns} FROM {table} WHERE {where.sql()} ORDER BY {order.sql()} LIMIT {where.parameter(limit + 1)}"
    return _page(await database.fetch(sql, *where.args), limit, order, make)


def _page(rows: Sequence[Record], limit: int, order: Order, make: Callable[[Record], T]) -> Page[T]:
    shown = rows[:limit]
    more = order.encode([shown[-1][key.column.strip('"')] for key in order.keys]) if len(rows) > limit and shown else None
    return Page(tuple(make(row) for row in shown), more)


def _convert(row: Record, kind: type[T]) -> T:
    values = dict(row)
    for name, value in values.items():
        if isinstance(value, UUID):
            values[name] = str(value)
    return msgspec.convert(values, kind)


def _columns(kind: type[Struct]) -> str:
    return ", ".join(f'"{name}"' for name in kind.__struct_fields__)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _shown_trap(trap: dict[str, Any], *, raw: bool) -> dict[str, Any]:
    """The trap with its community masked: the listener masks it, but rows of earlier versions hold it in clear."""
    notification = trap["notification"]
    if notification["version"] != "3":
        notification = notification | {"security": masked_community(notification["security"])}
    shown = {name: value for name, value in trap.items() if name != "raw"} | {"notification": notification}
    if raw:
        shown["raw"] = masked_datagram(bytes.fromhex(trap["raw"])).hex()
    return shown
