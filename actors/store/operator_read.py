"""Operators' data, service level agreements and dispatch read back from PostgreSQL, to begin a new ledger."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from actors.postgres import Connection, connected_apart
from actors.store.cursor import find_cursor
from actors.store.dispatch_restore import read_dispatch
from actors.store.operator_rows import NodeRow, RuleRow, WindowRow
from actors.store.schema import CONNECT_SECONDS, check_schema
from actors.store.sla_restore import read_agreements
from actors.supervisor import OperatorNeeded
from protocols.dispatch.changes import DispatchChange
from protocols.dispatch.lost_alarm import LostAlarm
from protocols.maintenance import MaintenanceWindow
from protocols.rule import Rule, RuleRecord
from protocols.sla.changes import SlaChange
from protocols.topology import Node, TopologyNode

_Row = TypeVar("_Row", RuleRow, WindowRow, NodeRow)
_PREFETCH = 5_000

HIGHEST_OFFSET = """
SELECT greatest(
    0,
    (SELECT max(revision) FROM topology_nodes),
    (SELECT max(substring(id FROM '^MW([0-9]{1,18})$')::bigint) FROM maintenance_windows),
    (SELECT max(substring(id FROM '^SD([0-9]{1,18})')::bigint) FROM sla_definitions),
    (SELECT max(substring(id FROM '^SI([0-9]{1,18})')::bigint) FROM sla_instances),
    (SELECT max(substring(id FROM '^SX([0-9]{1,18})')::bigint) FROM sla_exclusions),
    (SELECT max(substring(id FROM '^SB([0-9]{1,18})')::bigint) FROM sla_breaches),
    (SELECT max(substring(id FROM '^FR([0-9]{1,18})')::bigint) FROM fault_reports),
    (SELECT max(substring(id FROM '^NP([0-9]{1,18})')::bigint) FROM notification_policies),
    (SELECT max(substring(id FROM '^CT([0-9]{1,18})')::bigint) FROM contacts),
    (SELECT max(substring(id FROM '^RO([0-9]{1,18})')::bigint) FROM rotas),
    (SELECT max(substring(id FROM '^TK([0-9]{1,18})')::bigint) FROM tickets),
    (SELECT max(substring(id FROM '^N([0-9]{1,18})')::bigint) FROM notifications),
    (SELECT max("offset") FROM dispatch_notes),
    (SELECT "offset" FROM alarm_timeline ORDER BY at DESC, "offset" DESC LIMIT 1),
    (SELECT "offset" FROM device_events ORDER BY at DESC, "offset" DESC LIMIT 1)
)
"""
"""The highest offset of the lost ledger that a row names, as far as the newest rows say."""


class OperatorData(Struct, frozen=True):
    """Rules, windows, nodes and records of service level agreements and of dispatch that the ledger ``ledger_id`` filled the
    database with, up to batch ``seq``. ``offset`` is the highest offset of that ledger which is known, ``known_at``
    the ledger's time at which it was the highest (None: not known)."""

    ledger_id: str
    seq: int
    offset: int
    rules: Sequence[RuleRecord]
    windows: Sequence[MaintenanceWindow]
    nodes: Sequence[TopologyNode]
    known_at: datetime | None = None
    agreements: Sequence[SlaChange] = ()
    dispatch: Sequence[DispatchChange] = ()
    lost: Sequence[LostAlarm] = ()


class NothingToRestore(OperatorNeeded):
    """No ledger has filled this database."""

    def __init__(self) -> None:
        super().__init__("no ledger has filled this database: there is nothing to restore; `faultd run` begins a new ledger")


def read_operator_data(url: str, now: datetime) -> OperatorData:
    """Rules, windows, nodes, agreements and dispatch of the database at ``url``, at the time ``now``. Blocks. Raises
    SchemaMismatch when its schema is not the one of this version, NothingToRestore, OSError or asyncpg's errors when the
    database cannot be used, ``msgspec.ValidationError`` for a row that this version cannot read."""
    return asyncio.run(_read(url, now))


async def _read(url: str, now: datetime) -> OperatorData:
    async with (
        connected_apart(url, CONNECT_SECONDS) as connection,
        # One moment for all tables.
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute("SET LOCAL TIME ZONE 'UTC'")
        await check_schema(connection)
        cursor = await find_cursor(connection)
        if cursor is None:
            raise NothingToRestore
        rules = [_rule(row) for row in await _rows(connection, "rules", RuleRow)]
        windows = [_window(row) for row in await _rows(connection, "maintenance_windows", WindowRow)]
        nodes = [_node(row) for row in await _rows(connection, "topology_nodes", NodeRow)]
        agreements = await read_agreements(connection, now)
        dispatch = await read_dispatch(connection, now)
        offset = max(cursor.mark.events_through, await connection.fetchval(HIGHEST_OFFSET))
    # In the order in which they were made, which is that of their numbers.
    windows.sort(key=lambda window: (window.created_at, len(window.id), window.id))
    recorded = cursor.mark.recorded_at
    known = dispatch.records, dispatch.lost
    return OperatorData(cursor.ledger_id, cursor.seq, offset, rules, windows, nodes, recorded, agreements, *known)


async def _rows(connection: Connection, table: str, row: type[_Row]) -> list[_Row]:
    decode = msgspec.json.Decoder(row).decode
    found = connection.cursor(f"SELECT to_jsonb(t)::text AS row FROM {table} AS t ORDER BY id", prefetch=_PREFETCH)
    return [decode(each["row"]) async for each in found]


def _rule(row: RuleRow) -> RuleRecord:
    rule = msgspec.convert({name: getattr(row, name) for name in Rule.__struct_fields__}, Rule)
    names = [name for name in RuleRecord.__struct_fields__ if name not in ("rule", "error")]
    return msgspec.convert({"rule": rule, **{name: getattr(row, name) for name in names}}, RuleRecord)


def _window(row: WindowRow) -> MaintenanceWindow:
    same = {name: getattr(row, name) for name in MaintenanceWindow.__struct_fields__ if hasattr(row, name)}
    return MaintenanceWindow(**same, start=row.start_time, key=row.idempotency_key)


def _node(row: NodeRow) -> TopologyNode:
    fields = {name: getattr(row, name) for name in Node.__struct_fields__}
    fields["addresses"] = row.addresses if len(row.addresses) > 1 else ()
    return TopologyNode(Node(**fields), row.origin, row.revision)
