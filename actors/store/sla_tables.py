"""The tables of service level agreements."""

from typing import Final

from actors.store import sla_row_of, sla_rows
from actors.store.change_table import ChangeTable
from protocols.sla.changes import (
    FaultReported,
    SlaBreachChanged,
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

SLA_TABLES: Final[dict[type, ChangeTable]] = {
    SlaDefinitionChanged: ChangeTable(
        "sla_definitions",
        sla_rows.DefinitionRow,
        sla_row_of.definition_row,
        ("id", "version"),
        lambda change: (change.definition.id, change.definition.version),
    ),
    SlaInstanceChanged: ChangeTable(
        "sla_instances", sla_rows.InstanceRow, sla_row_of.instance_row, ("id",), lambda change: change.instance.id
    ),
    SlaOutageChanged: ChangeTable(
        "sla_outages", sla_rows.OutageRow, sla_row_of.outage_row, ("id",), lambda change: change.outage.id
    ),
    SlaExclusionChanged: ChangeTable(
        "sla_exclusions", sla_rows.ExclusionRow, sla_row_of.exclusion_row, ("id",), lambda change: change.exclusion.id
    ),
    SlaClockChanged: ChangeTable(
        "sla_clocks", sla_rows.ClockRow, sla_row_of.clock_row, ("alarm_id",), lambda change: change.alarm_id
    ),
    SlaMeasured: ChangeTable(
        "sla_measurements",
        sla_rows.MeasurementRow,
        sla_row_of.measurement_row,
        ("sla_instance_id", "metric", "start_time"),
        lambda change: (change.summary.instance_id, change.summary.metric, change.summary.start),
    ),
    FaultReported: ChangeTable(
        "fault_reports", sla_rows.FaultReportRow, sla_row_of.fault_report_row, ("id",), lambda change: change.report.id
    ),
    SlaBreachChanged: ChangeTable(
        "sla_breaches", sla_rows.BreachRow, sla_row_of.breach_row, ("id",), lambda change: change.breach.id
    ),
    SlaCreditChanged: ChangeTable(
        "sla_credits",
        sla_rows.CreditRow,
        sla_row_of.credit_row,
        ("sla_instance_id", "period_start"),
        lambda change: (change.credit.instance_id, change.credit.period_start),
    ),
    SlaPeriodClosed: ChangeTable(
        "sla_periods",
        sla_rows.PeriodRow,
        sla_row_of.period_row,
        ("sla_instance_id", "period_start", "revision"),
        lambda change: (change.figures.instance_id, change.figures.start, change.figures.revision),
    ),
    SlaWindowChanged: ChangeTable(
        "sla_window_histories",
        sla_rows.WindowHistoryRow,
        sla_row_of.window_history_row,
        ("window_id",),
        lambda change: change.window_id,
    ),
}
"""By the Change that writes a row. SlaNotificationRequested writes none."""
