"""Rows of rules, maintenance windows and topology nodes. The fields are the columns, in their order."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from actors.postgres import Connection
from actors.store import encode
from actors.store.upsert import delete, upsert
from protocols.change import NodesChanged, RuleChanged, WindowChanged
from protocols.maintenance import MaintenanceWindow, WindowScope
from protocols.origin import Origin
from protocols.rule import RuleRecord
from protocols.topology import TopologyNode


class RuleRow(Struct, frozen=True):
    """A row of ``rules``."""

    id: str
    name: str
    type: str
    description: str
    enabled: bool
    priority: int
    tenant_id: str | None
    time_window: float
    conditions: dict[str, Any]
    actions: dict[str, Any]
    origin: Origin
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: int
    switched: bool


class WindowRow(Struct, frozen=True):
    """A row of ``maintenance_windows``. ``start_time`` and ``end_time`` are those of the first occurrence; the other two of the
    one under way, or else the next."""

    id: str
    tenant_id: str | None
    title: str
    description: str
    status: str
    scope: WindowScope
    time_zone: str
    start_time: datetime
    end_time: datetime
    duration_seconds: float
    recurrence: str
    exceptions: tuple[str, ...]
    occurrence_start: datetime | None
    occurrence_end: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    ended_at: datetime | None
    ended_by: str | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    revision: int
    local_start: datetime
    idempotency_key: str


class NodeRow(Struct, frozen=True, gc=False):
    """A row of ``topology_nodes``."""

    id: str
    type: str
    parents: tuple[str, ...]
    name: str
    address: str
    addresses: tuple[str, ...]
    vendor: str
    tenant: str
    customer_id: str
    service_id: str
    serial: str
    area: str
    sla_class: str
    index: str
    phone: str
    postal_address: str
    latitude: float | None
    longitude: float | None
    credentials: str
    poll: str
    poll_interval: float | None
    origin: Origin
    revision: int


def rule_row(record: RuleRecord) -> RuleRow:
    rule = {name: getattr(record.rule, name) for name in record.rule.__struct_fields__}
    for name in ("conditions", "actions"):
        # As REST has them, also where a text has to be cleaned for PostgreSQL: by their names there, without what is not set.
        rule[name] = msgspec.to_builtins(rule[name])
    kept = {name: getattr(record, name) for name in RuleRow.__struct_fields__ if name not in rule}
    return RuleRow(**rule, **kept)


def window_row(window: MaintenanceWindow, change: WindowChanged) -> WindowRow:
    same = {name: getattr(window, name) for name in WindowRow.__struct_fields__ if hasattr(window, name)}
    occurrence = change.occurrence
    return WindowRow(
        **same,
        status=change.status,
        start_time=window.start,
        end_time=window.start + timedelta(seconds=window.duration_seconds),
        occurrence_start=None if occurrence is None else occurrence.start,
        occurrence_end=None if occurrence is None else occurrence.end,
        idempotency_key=window.key,
    )


def node_row(shown: TopologyNode) -> NodeRow:
    node = shown.node
    # By position: this is done for every node of a plant.
    return NodeRow(
        node.id,
        node.type,
        node.parents,
        node.name,
        node.address,
        node.every_address,
        node.vendor,
        node.tenant,
        node.customer_id,
        node.service_id,
        node.serial,
        node.area,
        node.sla_class,
        node.index,
        node.phone,
        node.postal_address,
        node.latitude,
        node.longitude,
        node.credentials,
        node.poll,
        node.poll_interval,
        shown.origin,
        shown.revision,
    )


UPSERT = {
    "rules": upsert("rules", RuleRow),
    "maintenance_windows": upsert("maintenance_windows", WindowRow),
    "topology_nodes": upsert("topology_nodes", NodeRow),
}
DELETE = {table: delete(table) for table in UPSERT}
EMPTY = f"TRUNCATE {', '.join(UPSERT)}"


class OperatorRows(Struct):
    """For each row of the three tables its last state, by id; None: it is to be deleted."""

    rules: dict[str, RuleRecord | None] = {}
    windows: dict[str, WindowChanged] = {}
    nodes: dict[str, TopologyNode | None] = {}

    def add(self, change: RuleChanged | WindowChanged | NodesChanged) -> None:
        """Add the next Change."""
        match change:
            case RuleChanged():
                self.rules[change.id] = change.record
            case WindowChanged():
                self.windows[change.id] = change
            case NodesChanged():
                self.nodes.update((shown.node.id, shown) for shown in change.puts)
                self.nodes.update(dict.fromkeys(change.removes))

    async def write(self, connection: Connection) -> None:
        """Write the rows to their tables, within the caller's transaction."""
        rules = [rule_row(record) for record in self.rules.values() if record is not None]
        windows = [window_row(change.window, change) for change in self.windows.values() if change.window is not None]
        nodes = [node_row(shown) for shown in self.nodes.values() if shown is not None]
        gone = {
            "rules": [one for one, record in self.rules.items() if record is None],
            "maintenance_windows": [one for one, change in self.windows.items() if change.window is None],
            "topology_nodes": [one for one, shown in self.nodes.items() if shown is None],
        }
        rows: dict[str, list[Any]] = {"rules": rules, "maintenance_windows": windows, "topology_nodes": nodes}
        for table, ids in gone.items():
            if ids:
                await connection.execute(DELETE[table], encode.rows(ids))
        for table, found in rows.items():
            if found:
                await connection.execute(UPSERT[table], encode.rows(found))
