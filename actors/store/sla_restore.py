"""Service level agreements read back from PostgreSQL, to begin a new ledger when the old one is lost: rows as the Changes that
wrote them. The stage needs no more than the running period and the one before; the rest is history and stays where it is.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from actors.postgres import Connection
from actors.store import sla_records, sla_rows
from actors.store.sla_records import instant_of
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
from protocols.sla.window_history import WindowHistory

T = TypeVar("T")
_PREFETCH = 5_000
_LONGEST: Final = {"month": 31, "quarter": 92, "year": 366}


async def read_agreements(connection: Connection, now: datetime) -> list[SlaChange]:
    """The records within reach, those of definitions first, within the caller's transaction. Raises
    ``msgspec.ValidationError`` for a row that this version cannot read."""
    found: list[SlaChange] = []
    async for definition in _rows(connection, sla_rows.DefinitionRow, "sla_definitions ORDER BY id, version"):
        found.append(SlaDefinitionChanged(0, sla_records.definition_of(definition)))
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


def _instance(row: sla_rows.InstanceRow) -> SlaInstanceChanged:
    return SlaInstanceChanged(
        0,
        sla_records.instance_of(row),
        row.status,
        row.reason,
        row.breach_count,
        instant_of(row.breaches_at),
        row.placed,
        instant_of(row.period_start),
        instant_of(row.period_end),
        row.period_definition_id,
        row.period_definition_version,
    )


def _clock(row: sla_rows.ClockRow) -> SlaClockChanged:
    times = msgspec.convert(row.times, AlarmTimes)
    return SlaClockChanged(0, row.alarm_id, row.tenant_id, times, row.reason, row.alarm_name, row.ticket_id)


def _window(row: sla_rows.WindowHistoryRow) -> SlaWindowChanged:
    return SlaWindowChanged(0, row.window_id, msgspec.convert(row.history, WindowHistory))


_TABLES: Final[tuple[tuple[type[Any], str, Callable[[Any], SlaChange]], ...]] = (
    (
        sla_rows.InstanceRow,
        "sla_instances WHERE end_date IS NULL OR end_date > $1 "
        "ORDER BY created_at, length(split_part(id, '.', 1)), split_part(id, '.', 1), length(id), id",
        _instance,
    ),
    (
        sla_rows.ExclusionRow,
        "sla_exclusions WHERE end_time > $1 OR rrule <> '' ORDER BY created_at, id",
        lambda row: SlaExclusionChanged(0, sla_records.exclusion_of(row)),
    ),
    (sla_rows.WindowHistoryRow, "sla_window_histories WHERE over_at IS NULL OR over_at > $1 ORDER BY window_id", _window),
    (
        sla_rows.OutageRow,
        "sla_outages WHERE end_time IS NULL OR end_time > $1 ORDER BY alarm_id, number, id",
        lambda row: SlaOutageChanged(0, sla_records.outage_of(row), row.reason),
    ),
    (sla_rows.ClockRow, "sla_clocks WHERE ended_at IS NULL OR ended_at > $1 ORDER BY alarm_id", _clock),
    (
        sla_rows.FaultReportRow,
        "fault_reports WHERE reported_at > $1 ORDER BY created_at, id",
        lambda row: FaultReported(0, sla_records.fault_report_of(row)),
    ),
    (
        sla_rows.PeriodRow,
        "(SELECT DISTINCT ON (sla_instance_id, period_start) * FROM sla_periods WHERE period_end > $1 "
        "ORDER BY sla_instance_id, period_start, revision DESC) AS sla_periods ORDER BY sla_instance_id, period_start",
        lambda row: SlaPeriodClosed(0, sla_records.figures_of(row)),
    ),
    (
        sla_rows.BreachRow,
        "sla_breaches WHERE NOT resolved OR period_start > $1 ORDER BY period_start, breach_start, length(id), id",
        lambda row: SlaBreachChanged(0, sla_records.breach_of(row)),
    ),
    (
        sla_rows.CreditRow,
        "sla_credits WHERE period_start > $1 ORDER BY sla_instance_id, period_start",
        lambda row: SlaCreditChanged(0, sla_records.credit_of(row)),
    ),
    (
        sla_rows.MeasurementRow,
        "sla_measurements WHERE end_time IS NULL AND $1::timestamptz IS NOT NULL ORDER BY sla_instance_id, metric, start_time",
        lambda row: SlaMeasured(0, sla_records.measurement_of(row)),
    ),
)
"""For each table its row, what is read of it (``$1``: the begin of the reach), and the Change of a row. In the order in which
the stage needs them: instances before periods, periods before breaches."""
