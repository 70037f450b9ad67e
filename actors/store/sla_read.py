"""Reading the history of service level agreements back from its rows: the facts from which figures are derived, as the stage
``sla_clock`` had them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from actors.postgres import Connection
from actors.store import sla_records, sla_row_of, sla_rows
from actors.store.operator_rows import NodeRow
from protocols.sla.breach import SlaBreach
from protocols.sla.clock_facts import AlarmTimes
from protocols.sla.definition import SlaDefinition
from protocols.sla.exclusion import SlaExclusion
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import SlaInstance
from protocols.sla.measurement import MeasurementSummary
from protocols.sla.outage import SlaOutage
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import SlaReport
from protocols.sla.window_history import WindowHistory
from protocols.topology import Node

_Row = TypeVar("_Row", bound=Struct)
_PREFETCH: Final = 5_000
DEEPEST: Final = 64
"""Generations of nodes above a service, and of alarms above one another, that are read."""

_INSTANCES: Final = "SELECT to_jsonb(t)::text AS row FROM sla_instances AS t WHERE id = ANY($1)"
_DEFINITIONS: Final = "SELECT to_jsonb(t)::text AS row FROM sla_definitions AS t ORDER BY id, version"
_EXCLUSIONS: Final = "SELECT to_jsonb(t)::text AS row FROM sla_exclusions AS t ORDER BY id"
_WINDOWS: Final = "SELECT window_id, history::text FROM sla_window_histories ORDER BY window_id"
_NODES: Final = f"""
WITH RECURSIVE above (id, depth) AS (
    SELECT unnest($1::text[]), 0
    UNION
    SELECT parent, depth + 1 FROM above JOIN topology_nodes AS n ON n.id = above.id, unnest(n.parents) AS parent
    WHERE depth < {DEEPEST}
)
SELECT to_jsonb(t)::text AS row FROM topology_nodes AS t WHERE id IN (SELECT id FROM above)
"""
_OUTAGES: Final = """
SELECT to_jsonb(t)::text AS row FROM sla_outages AS t
WHERE resource_id = ANY($1) OR services && $2 OR customers && $3 ORDER BY start_time, id
"""
_CLOCKS: Final = """
SELECT alarm_id::text, tenant_id, times::text FROM sla_clocks WHERE alarm_id = ANY($1::uuid[]) ORDER BY alarm_id
"""
_MEASUREMENTS: Final = "SELECT to_jsonb(t)::text AS row FROM sla_measurements AS t WHERE sla_instance_id = ANY($1)"
_REPORTS: Final = "SELECT to_jsonb(t)::text AS row FROM fault_reports AS t WHERE instances && $1 ORDER BY reported_at, id"
_BREACHES: Final = "SELECT to_jsonb(t)::text AS row FROM sla_breaches AS t WHERE sla_instance_id = ANY($1)"
_PERIODS: Final = """
SELECT to_jsonb(t)::text AS row FROM sla_periods AS t
WHERE sla_instance_id = ANY($1) AND ($2::timestamptz IS NULL OR period_start = $2) ORDER BY period_start, revision
"""
_IDS: Final = """
SELECT id FROM sla_instances WHERE id > $1
AND ($2 = '' OR id IN (SELECT sla_instance_id FROM sla_periods WHERE sla_definition_id = $2)) ORDER BY id LIMIT $3
"""


class KeptPeriod(Struct, frozen=True):
    """One revision of a closed period. ``offset``: that of the Event that made it, 0 if it is not known. ``report`` None: it
    follows from the figures."""

    figures: PeriodFigures
    report: SlaReport | None
    offset: int


class KeptClock(Struct, frozen=True):
    """The facts of one alarm's clocks."""

    alarm_id: str
    tenant_id: str
    times: AlarmTimes


class SlaHistory(Struct, frozen=True):
    """Everything in the database that the figures of some instances are derived from. ``nodes``: what they hang from, as it is
    now, each with the offset of its last change. ``periods``: every revision, by begin and revision."""

    definitions: Mapping[str, tuple[SlaDefinition, ...]]
    instances: Sequence[SlaInstance]
    nodes: Sequence[tuple[Node, int]]
    windows: Sequence[WindowHistory]
    exclusions: Sequence[SlaExclusion]
    outages: Sequence[SlaOutage]
    clocks: Sequence[KeptClock]
    measurements: Sequence[MeasurementSummary]
    reports: Sequence[FaultReport]
    breaches: Sequence[SlaBreach]
    periods: Sequence[KeptPeriod]


async def instance_ids(connection: Connection, after: str, most: int, definition_id: str = "") -> list[str]:
    """Up to ``most`` ids of instances behind ``after``, in the order of their texts: those with a closed period by a
    definition, or all for ""."""
    return [row["id"] for row in await connection.fetch(_IDS, after, definition_id, most)]


async def read_history(connection: Connection, ids: Sequence[str]) -> SlaHistory:
    """The history of the instances with these ids. Call it in a transaction that sees one moment. Raises
    ``msgspec.ValidationError`` for a row that this version cannot read."""
    instances = [sla_records.instance_of(row) for row in await _rows(connection, sla_rows.InstanceRow, _INSTANCES, ids)]
    definitions: dict[str, tuple[SlaDefinition, ...]] = {}
    for version in [sla_records.definition_of(row) for row in await _rows(connection, sla_rows.DefinitionRow, _DEFINITIONS)]:
        definitions[version.id] = (*definitions.get(version.id, ()), version)
    resources = list(dict.fromkeys(each for instance in instances for each in instance.resources))
    nodes = [_node(row) for row in await _rows(connection, NodeRow, _NODES, resources)]
    places = list(dict.fromkeys([*resources, *(parent for node, _ in nodes for parent in (node.id, *node.parents)), ""]))
    services = list(dict.fromkeys(each.service_id for each in instances))
    customers = list(dict.fromkeys(each.customer_id for each in instances))
    outages = [
        sla_records.outage_of(row) for row in await _rows(connection, sla_rows.OutageRow, _OUTAGES, places, services, customers)
    ]
    return SlaHistory(
        definitions=definitions,
        instances=sorted(instances, key=lambda each: each.id),
        nodes=nodes,
        windows=[msgspec.json.decode(row["history"], type=WindowHistory) for row in await connection.fetch(_WINDOWS)],
        exclusions=[sla_records.exclusion_of(row) for row in await _rows(connection, sla_rows.ExclusionRow, _EXCLUSIONS)],
        outages=outages,
        clocks=await _clocks(connection, outages),
        measurements=[
            sla_records.measurement_of(row) for row in await _rows(connection, sla_rows.MeasurementRow, _MEASUREMENTS, ids)
        ],
        reports=[sla_records.fault_report_of(row) for row in await _rows(connection, sla_rows.FaultReportRow, _REPORTS, ids)],
        breaches=[sla_records.breach_of(row) for row in await _rows(connection, sla_rows.BreachRow, _BREACHES, ids)],
        periods=await read_periods(connection, ids),
    )


async def read_periods(connection: Connection, ids: Sequence[str], start: datetime | None = None) -> list[KeptPeriod]:
    """Every revision of the closed periods of some instances, by begin and revision; of the one that began at ``start``."""
    return [_period(row) for row in await _rows(connection, sla_rows.PeriodRow, _PERIODS, ids, start)]


async def _rows(connection: Connection, row: type[_Row], query: str, *arguments: object) -> list[_Row]:
    decode = msgspec.json.Decoder(row).decode
    return [decode(each["row"]) async for each in connection.cursor(query, *arguments, prefetch=_PREFETCH)]


async def _clocks(connection: Connection, outages: Iterable[SlaOutage]) -> list[KeptClock]:
    """The facts of the alarms of ``outages``, and of those above them."""
    found: dict[str, KeptClock] = {}
    asked: set[str] = set()
    wanted = {each for outage in outages for each in (outage.alarm_id, outage.parent_alarm_id or "")}
    for _ in range(DEEPEST):
        wanted = {each for each in wanted - asked if sla_row_of.uuid_or_none(each)}
        if not wanted:
            break
        asked |= wanted
        rows = await connection.fetch(_CLOCKS, sorted(wanted))
        wanted = set()
        for row in rows:
            times = msgspec.json.decode(row["times"], type=AlarmTimes)
            found[row["alarm_id"]] = KeptClock(row["alarm_id"], row["tenant_id"], times)
            wanted |= {span.parent_id for span in times.attached}
    return list(found.values())


def _node(row: NodeRow) -> tuple[Node, int]:
    fields = {name: getattr(row, name) for name in Node.__struct_fields__}
    fields["addresses"] = row.addresses if len(row.addresses) > 1 else ()
    return Node(**fields), row.revision


def _period(row: sla_rows.PeriodRow) -> KeptPeriod:
    report = None if row.report is None else msgspec.convert(row.report, SlaReport)
    return KeptPeriod(sla_records.figures_of(row), report, row.offset)
