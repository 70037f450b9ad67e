"""Reading the history of service level agreements back from its rows: the facts from which figures are derived, as the stage
``sla_clock`` had them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from actors.postgres import Connection
from actors.store import sla_rows
from actors.store.operator_rows import NodeRow
from protocols.sla.breach import SlaBreach
from protocols.sla.clock_facts import AlarmTimes
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.exclusion import ExclusionScope, SlaExclusion
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import FormerDefinition, SlaInstance
from protocols.sla.local_time import instant_at
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
    instances = [_instance(row) for row in await _rows(connection, sla_rows.InstanceRow, _INSTANCES, ids)]
    definitions: dict[str, tuple[SlaDefinition, ...]] = {}
    for version in [_definition(row) for row in await _rows(connection, sla_rows.DefinitionRow, _DEFINITIONS)]:
        definitions[version.id] = (*definitions.get(version.id, ()), version)
    resources = list(dict.fromkeys(each for instance in instances for each in instance.resources))
    nodes = [_node(row) for row in await _rows(connection, NodeRow, _NODES, resources)]
    places = list(dict.fromkeys([*resources, *(parent for node, _ in nodes for parent in (node.id, *node.parents)), ""]))
    services = list(dict.fromkeys(each.service_id for each in instances))
    customers = list(dict.fromkeys(each.customer_id for each in instances))
    outages = [_outage(row) for row in await _rows(connection, sla_rows.OutageRow, _OUTAGES, places, services, customers)]
    return SlaHistory(
        definitions=definitions,
        instances=sorted(instances, key=lambda each: each.id),
        nodes=nodes,
        windows=[msgspec.json.decode(row["history"], type=WindowHistory) for row in await connection.fetch(_WINDOWS)],
        exclusions=[_exclusion(row) for row in await _rows(connection, sla_rows.ExclusionRow, _EXCLUSIONS)],
        outages=outages,
        clocks=await _clocks(connection, outages),
        measurements=[_measurement(row) for row in await _rows(connection, sla_rows.MeasurementRow, _MEASUREMENTS, ids)],
        reports=[_report(row) for row in await _rows(connection, sla_rows.FaultReportRow, _REPORTS, ids)],
        breaches=[_breach(row) for row in await _rows(connection, sla_rows.BreachRow, _BREACHES, ids)],
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
        wanted = {each for each in wanted - asked if sla_rows.uuid_or_none(each)}
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


def _instant(at: datetime | None) -> Any:
    return None if at is None else instant_at(at)


def _microseconds(seconds: Decimal | None) -> Any:
    return None if seconds is None else int(seconds * 1_000_000)


def _definition(row: sla_rows.DefinitionRow) -> SlaDefinition:
    return SlaDefinition(
        id=row.id,
        version=row.version,
        tenant_id=row.tenant_id,
        # Keys of dictionaries are texts in JSON: dates are read from them.
        terms=msgspec.convert(row.terms, SlaTerms, strict=False),
        since=row.since,
        by=row.updated_by,
        created_at=row.created_at,
        created_by=row.created_by,
        deleted_at=row.deleted_at,
        key=row.idempotency_key,
    )


def _instance(row: sla_rows.InstanceRow) -> SlaInstance:
    return SlaInstance(
        id=row.id,
        tenant_id=row.tenant_id,
        definition_id=row.sla_definition_id,
        customer_id=row.customer_id,
        service_id=row.service_id,
        customer_name=row.customer_name,
        resources=row.resources,
        start=instant_at(row.start_date),
        end=_instant(row.end_date),
        monthly_fee=row.monthly_fee_minor,
        currency=row.currency,
        minor_digits=row.minor_digits,
        account_manager=row.account_manager,
        suspended=row.suspended,
        origin=row.origin,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        revision=row.revision,
        key=row.idempotency_key,
        former=msgspec.convert(row.former, tuple[FormerDefinition, ...]),
        node_id=row.node_id,
        edited=row.edited,
    )


def _node(row: NodeRow) -> tuple[Node, int]:
    fields = {name: getattr(row, name) for name in Node.__struct_fields__}
    fields["addresses"] = row.addresses if len(row.addresses) > 1 else ()
    return Node(**fields), row.revision


def _outage(row: sla_rows.OutageRow) -> SlaOutage:
    same = {name: getattr(row, name) for name in SlaOutage.__struct_fields__ if hasattr(row, name)}
    # Without an alarm faultd itself did not run, which the type names.
    same["alarm_id"] = row.alarm_id or row.alarm_type
    return SlaOutage(**same, start=instant_at(row.start_time), end=_instant(row.end_time))


def _exclusion(row: sla_rows.ExclusionRow) -> SlaExclusion:
    same = {name: getattr(row, name) for name in SlaExclusion.__struct_fields__ if hasattr(row, name)}
    same["scope"] = msgspec.convert(row.scope, ExclusionScope)
    return SlaExclusion(**same, start=instant_at(row.start_time), end=instant_at(row.end_time), key=row.idempotency_key)


def _measurement(row: sla_rows.MeasurementRow) -> MeasurementSummary:
    return MeasurementSummary(
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        metric=row.metric,
        start=instant_at(row.start_time),
        end=_instant(row.end_time),
        limit=row.limit,
        worst=row.worst,
    )


def _report(row: sla_rows.FaultReportRow) -> FaultReport:
    same = {name: getattr(row, name) for name in FaultReport.__struct_fields__ if hasattr(row, name)}
    return FaultReport(**{**same, "reported_at": instant_at(row.reported_at)}, key=row.idempotency_key)


def _breach(row: sla_rows.BreachRow) -> SlaBreach:
    same = {name: getattr(row, name) for name in SlaBreach.__struct_fields__ if hasattr(row, name)}
    return SlaBreach(
        **{**same, "alarm_id": row.alarm_id or "", "period_start": instant_at(row.period_start)},
        instance_id=row.sla_instance_id,
        definition_id=row.sla_definition_id,
        type=row.breach_type,
        start=instant_at(row.breach_start),
        end=_instant(row.breach_end),
        credit=row.credit_minor,
    )


def _period(row: sla_rows.PeriodRow) -> KeptPeriod:
    figures = PeriodFigures(
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        customer_id=row.customer_id,
        service_id=row.service_id,
        definition_id=row.sla_definition_id,
        definition_version=row.definition_version,
        start=instant_at(row.period_start),
        end=instant_at(row.period_end),
        revision=row.revision,
        contract=_microseconds(row.contract_time),
        up=_microseconds(row.uptime),
        down=_microseconds(row.unplanned_downtime),
        excluded=_microseconds(row.excluded_time),
        unknown=_microseconds(row.unknown_time),
        planned=_microseconds(row.planned_downtime),
        budget=_microseconds(row.error_budget),
        availability=None if row.availability is None else int(row.availability * 1_000_000),
        breaches=row.breach_count,
        credit=row.credit_minor,
        currency=row.currency,
        minor_digits=row.minor_digits,
        reason=row.reason,
        closed_by=row.closed_by,
        made_at=instant_at(row.made_at),
        customer_name=row.customer_name,
        contract_start=instant_at(row.contract_start),
        contract_end=_instant(row.contract_end),
    )
    report = None if row.report is None else msgspec.convert(row.report, SlaReport)
    return KeptPeriod(figures, report, row.offset)
