"""The tables of service level agreements, and the last state of each row that Changes write."""

from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple

from msgspec import Struct

from actors.postgres import Connection
from actors.store import encode, sla_row_of, sla_rows
from actors.store.upsert import upsert
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


class SlaTable(NamedTuple):
    """A table: its name, the row that a Change makes, and the columns of its primary key. ``key_of`` gives the same key of the
    Change."""

    name: str
    row: type[Struct]
    row_of: Callable[[Any], Struct]
    key: tuple[str, ...]
    key_of: Callable[[Any], Hashable]


TABLES: Final[dict[type, SlaTable]] = {
    SlaDefinitionChanged: SlaTable(
        "sla_definitions",
        sla_rows.DefinitionRow,
        sla_row_of.definition_row,
        ("id", "version"),
        lambda change: (change.definition.id, change.definition.version),
    ),
    SlaInstanceChanged: SlaTable(
        "sla_instances", sla_rows.InstanceRow, sla_row_of.instance_row, ("id",), lambda change: change.instance.id
    ),
    SlaOutageChanged: SlaTable(
        "sla_outages", sla_rows.OutageRow, sla_row_of.outage_row, ("id",), lambda change: change.outage.id
    ),
    SlaExclusionChanged: SlaTable(
        "sla_exclusions", sla_rows.ExclusionRow, sla_row_of.exclusion_row, ("id",), lambda change: change.exclusion.id
    ),
    SlaClockChanged: SlaTable(
        "sla_clocks", sla_rows.ClockRow, sla_row_of.clock_row, ("alarm_id",), lambda change: change.alarm_id
    ),
    SlaMeasured: SlaTable(
        "sla_measurements",
        sla_rows.MeasurementRow,
        sla_row_of.measurement_row,
        ("sla_instance_id", "metric", "start_time"),
        lambda change: (change.summary.instance_id, change.summary.metric, change.summary.start),
    ),
    FaultReported: SlaTable(
        "fault_reports", sla_rows.FaultReportRow, sla_row_of.fault_report_row, ("id",), lambda change: change.report.id
    ),
    SlaBreachChanged: SlaTable(
        "sla_breaches", sla_rows.BreachRow, sla_row_of.breach_row, ("id",), lambda change: change.breach.id
    ),
    SlaCreditChanged: SlaTable(
        "sla_credits",
        sla_rows.CreditRow,
        sla_row_of.credit_row,
        ("sla_instance_id", "period_start"),
        lambda change: (change.credit.instance_id, change.credit.period_start),
    ),
    SlaPeriodClosed: SlaTable(
        "sla_periods",
        sla_rows.PeriodRow,
        sla_row_of.period_row,
        ("sla_instance_id", "period_start", "revision"),
        lambda change: (change.figures.instance_id, change.figures.start, change.figures.revision),
    ),
    SlaWindowChanged: SlaTable(
        "sla_window_histories",
        sla_rows.WindowHistoryRow,
        sla_row_of.window_history_row,
        ("window_id",),
        lambda change: change.window_id,
    ),
}
"""By the Change that writes a row. SlaNotificationRequested writes none."""
SLA_UPSERT: Final = {table.name: upsert(table.name, table.row, table.key) for table in TABLES.values()}
SLA_EMPTY: Final = f"TRUNCATE {', '.join(SLA_UPSERT)}"


class SlaRows(Struct):
    """For each row the Change that came last, by the type of the Change and the key: a storm on one instance writes one row."""

    changes: dict[type, dict[Hashable, Any]] = {}

    def add(self, change: SlaChange) -> None:
        """Take in the next Change."""
        kind = type(change)
        table = TABLES.get(kind)
        if table is not None:
            self.changes.setdefault(kind, {})[table.key_of(change)] = change

    async def write(self, connection: Connection) -> None:
        """Make the tables so, within the caller's transaction."""
        for kind, found in self.changes.items():
            table = TABLES[kind]
            await connection.execute(
                SLA_UPSERT[table.name], encode.rows(_last([table.row_of(each) for each in found.values()], table))
            )


def _last(rows: list[Struct], table: SlaTable) -> list[Struct]:
    """The rows, one for each key as PostgreSQL has it: texts that differ only in characters that it cannot store are one."""
    unique = {tuple(encode.clean(getattr(row, name)) for name in table.key): row for row in rows}
    return rows if len(unique) == len(rows) else list(unique.values())
