"""Service level agreements read back from PostgreSQL, to begin a new ledger when the old one is lost: rows as the Changes that
wrote them. The stage needs no more than the running period and the one before; the rest is history and stays where it is.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from actors.postgres import Connection
from actors.store import sla_rows
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import (
    FaultReported,
    SlaBreachChanged,
    SlaChange,
    SlaClockChanged,
    SlaCreditChanged,
    SlaDefinitionChanged,
    SlaExclusionChanged,
    SlaInstanceChanged,
    SlaMeasured,
    SlaOutageChanged,
    SlaPeriodClosed,
    SlaWindowChanged,
)
from protocols.sla.clock_facts import AlarmTimes
from protocols.sla.credit import CreditLine, SlaCredit
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.exclusion import ExclusionScope, SlaExclusion
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import FormerDefinition, SlaInstance
from protocols.sla.local_time import instant_at
from protocols.sla.measurement import MeasurementSummary
from protocols.sla.outage import SlaOutage
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.window_history import WindowHistory

T = TypeVar("T")
_PREFETCH = 5_000
_LONGEST: Final = {"month": 31, "quarter": 92, "year": 366}


async def read_agreements(connection: Connection, now: datetime) -> list[SlaChange]:
    """The records within reach, those of definitions first, within the caller's transaction. Raises
    ``msgspec.ValidationError`` for a row that this version cannot read."""
    found: list[SlaChange] = []
    async for definition in _rows(connection, sla_rows.DefinitionRow, "sla_definitions ORDER BY id, version"):
        found.append(definition_of(definition))
    since = now - 2 * _longest_period(found) - timedelta(days=2)
    for kind, table, make in _TABLES:
        async for row in _rows(connection, kind, table, since):
            found.append(make(row))
    return found


def _longest_period(definitions: list[SlaChange]) -> timedelta:
    rules = [each.definition.terms.period for each in definitions if isinstance(each, SlaDefinitionChanged)]
    return timedelta(days=max((_LONGEST.get(each.unit, each.days) for each in rules), default=1))


async def _rows(connection: Connection, kind: type[T], table: str, *args: Any) -> AsyncIterator[T]:
    decode = msgspec.json.Decoder(kind).decode
    sql = f"SELECT to_jsonb(t)::text AS row FROM (SELECT * FROM {table}) AS t"
    async for each in connection.cursor(sql, *args, prefetch=_PREFETCH):
        yield decode(each["row"])


def definition_of(row: sla_rows.DefinitionRow) -> SlaDefinitionChanged:
    terms = msgspec.convert(row.terms, SlaTerms, strict=False, str_keys=True)
    return SlaDefinitionChanged(
        0,
        SlaDefinition(
            id=row.id,
            version=row.version,
            tenant_id=row.tenant_id,
            terms=terms,
            since=row.since,
            by=row.updated_by,
            created_at=row.created_at,
            created_by=row.created_by,
            deleted_at=row.deleted_at,
            key=row.idempotency_key,
        ),
    )


def instance_of(row: sla_rows.InstanceRow) -> SlaInstanceChanged:
    instance = SlaInstance(
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
    )
    return SlaInstanceChanged(
        0,
        instance,
        row.status,
        row.reason,
        row.breach_count,
        _instant(row.breaches_at),
        row.placed,
        _instant(row.period_start),
        _instant(row.period_end),
        row.period_definition_id,
        row.period_definition_version,
    )


def outage_of(row: sla_rows.OutageRow) -> SlaOutageChanged:
    outage = SlaOutage(
        id=row.id,
        number=row.number,
        # Of what is no alarm the row has the name within its id.
        alarm_id=row.alarm_id or row.id.rpartition(".")[0],
        alarm_name=row.alarm_name,
        alarm_type=row.alarm_type,
        title=row.title,
        tenant_id=row.tenant_id,
        resource_id=row.resource_id,
        services=row.services,
        customers=row.customers,
        effect=row.effect,
        severity=row.severity,
        parent_alarm_id=row.parent_alarm_id,
        customer_power=row.customer_power,
        start=instant_at(row.start_time),
        end=_instant(row.end_time),
        moved=row.moved,
        corrected=row.corrected,
    )
    return SlaOutageChanged(0, outage, row.reason)


def exclusion_of(row: sla_rows.ExclusionRow) -> SlaExclusionChanged:
    exclusion = SlaExclusion(
        id=row.id,
        tenant_id=row.tenant_id,
        category=row.category,
        scope=msgspec.convert(row.scope, ExclusionScope),
        start=instant_at(row.start_time),
        end=instant_at(row.end_time),
        reason=row.reason,
        rrule=row.rrule,
        time_zone=row.time_zone,
        created_at=row.created_at,
        created_by=row.created_by,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
        revision=row.revision,
        key=row.idempotency_key,
    )
    return SlaExclusionChanged(0, exclusion)


def clock_of(row: sla_rows.ClockRow) -> SlaClockChanged:
    times = msgspec.convert(row.times, AlarmTimes)
    return SlaClockChanged(0, row.alarm_id, row.tenant_id, times, row.reason, row.alarm_name, row.ticket_id)


def measurement_of(row: sla_rows.MeasurementRow) -> SlaMeasured:
    summary = MeasurementSummary(
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        metric=row.metric,
        start=instant_at(row.start_time),
        end=_instant(row.end_time),
        limit=row.limit,
        worst=row.worst,
    )
    return SlaMeasured(0, summary)


def fault_report_of(row: sla_rows.FaultReportRow) -> FaultReported:
    report = FaultReport(
        id=row.id,
        tenant_id=row.tenant_id,
        customer_id=row.customer_id,
        service_id=row.service_id,
        reported_at=instant_at(row.reported_at),
        text=row.text,
        instances=row.instances,
        created_at=row.created_at,
        created_by=row.created_by,
        key=row.idempotency_key,
    )
    return FaultReported(0, report)


def breach_of(row: sla_rows.BreachRow) -> SlaBreachChanged:
    breach = SlaBreach(
        id=row.id,
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        definition_id=row.sla_definition_id,
        definition_version=row.definition_version,
        customer_id=row.customer_id,
        service_id=row.service_id,
        type=row.breach_type,
        period_start=instant_at(row.period_start),
        start=instant_at(row.breach_start),
        end=_instant(row.breach_end),
        target=row.target,
        actual=row.actual,
        alarm_id=row.alarm_id or "",
        alarm_name=row.alarm_name,
        alarms=row.alarms,
        ticket_id=row.ticket_id,
        credit=row.credit_minor,
        currency=row.currency,
        minor_digits=row.minor_digits,
        resolved=row.resolved,
        withdrawn=row.withdrawn,
        reason=row.reason,
        revision=row.revision,
    )
    return SlaBreachChanged(0, breach)


def credit_of(row: sla_rows.CreditRow) -> SlaCreditChanged:
    credit = SlaCredit(
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        customer_id=row.customer_id,
        period_start=instant_at(row.period_start),
        currency=row.currency,
        minor_digits=row.minor_digits,
        lines=msgspec.convert(row.lines, tuple[CreditLine, ...]),
        final=row.final,
    )
    return SlaCreditChanged(0, credit)


def period_of(row: sla_rows.PeriodRow) -> SlaPeriodClosed:
    """The figures; the report stays where it is."""
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
        budget=None if row.error_budget is None else _microseconds(row.error_budget),
        availability=None if row.availability is None else _microseconds(row.availability),
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
    return SlaPeriodClosed(0, figures)


def window_of(row: sla_rows.WindowHistoryRow) -> SlaWindowChanged:
    return SlaWindowChanged(0, row.window_id, msgspec.convert(row.history, WindowHistory))


def _instant(at: datetime | None) -> int | None:
    return None if at is None else instant_at(at)


def _microseconds(seconds: Decimal) -> int:
    return int(seconds.scaleb(6))


_TABLES: Final[tuple[tuple[type[Any], str, Callable[[Any], SlaChange]], ...]] = (
    (
        sla_rows.InstanceRow,
        "sla_instances WHERE end_date IS NULL OR end_date > $1 "
        "ORDER BY created_at, length(split_part(id, '.', 1)), split_part(id, '.', 1), length(id), id",
        instance_of,
    ),
    (sla_rows.ExclusionRow, "sla_exclusions WHERE end_time > $1 OR rrule <> '' ORDER BY created_at, id", exclusion_of),
    (sla_rows.WindowHistoryRow, "sla_window_histories WHERE over_at IS NULL OR over_at > $1 ORDER BY window_id", window_of),
    (
        sla_rows.OutageRow,
        "sla_outages WHERE end_time IS NULL OR end_time > $1 ORDER BY alarm_id, number, id",
        outage_of,
    ),
    (sla_rows.ClockRow, "sla_clocks WHERE ended_at IS NULL OR ended_at > $1 ORDER BY alarm_id", clock_of),
    (sla_rows.FaultReportRow, "fault_reports WHERE reported_at > $1 ORDER BY created_at, id", fault_report_of),
    (
        sla_rows.PeriodRow,
        "(SELECT DISTINCT ON (sla_instance_id, period_start) * FROM sla_periods WHERE period_end > $1 "
        "ORDER BY sla_instance_id, period_start, revision DESC) AS sla_periods ORDER BY sla_instance_id, period_start",
        period_of,
    ),
    (
        sla_rows.BreachRow,
        "sla_breaches WHERE NOT resolved OR period_start > $1 ORDER BY period_start, breach_start, length(id), id",
        breach_of,
    ),
    (sla_rows.CreditRow, "sla_credits WHERE period_start > $1 ORDER BY sla_instance_id, period_start", credit_of),
    (
        sla_rows.MeasurementRow,
        "sla_measurements WHERE end_time IS NULL AND $1::timestamptz IS NOT NULL ORDER BY sla_instance_id, metric, start_time",
        measurement_of,
    ),
)
"""For each table its row, what is read of it (``$1``: the begin of the reach), and the Change of a row. In the order in which
the stage needs them: instances before periods, periods before breaches."""
