"""The first page of a document of several reports: a line for each, and the totals. Pure."""

from typing import Any
from zoneinfo import ZoneInfo

from faultd.sla_report.display import NOTHING, availability, duration, local_time, period, target_percentage, verdict
from faultd.sla_report.plain_text import HEADING_CHARACTERS, plain
from faultd.sla_report.report_tables import totals_cell
from faultd.sla_report.table import Cell, PrintedTable, TableColumn, bounded_table
from protocols.printable import counted
from protocols.sla.report import SlaReport, SlaReports

_COLUMNS = (
    TableColumn("Service", share=3),
    TableColumn("Definition", share=2),
    TableColumn("Availability", "right"),
    TableColumn("Target", "right"),
    TableColumn("Down", "right"),
    TableColumn("Excluded", "right"),
    TableColumn("Unknown", "right"),
    TableColumn("Breaches", "right"),
    TableColumn("Credits", "right"),
)


def summary_of(given: SlaReports, *, shown: int, most: int) -> dict[str, Any]:
    """The values for the template. ``shown``: reports that follow in full. ``most``: lines of the table."""
    zone = ZoneInfo(given.zone)
    left_out = len(given.items) - shown
    return {
        "heading": plain(given.subject, HEADING_CHARACTERS),
        "facts": [
            ["For", plain(given.subject)],
            ["Period", period(given.period_start, given.period_end, zone)],
            ["Time zone", f"{given.zone}; times are local, with their offset from UTC"],
            ["Document", f"{counted(len(given.items), 'report')}, made {local_time(given.made_at, zone)}"],
        ],
        "table": _table(given, most),
        "note": f"{counted(left_out, 'report')} of these do not follow in full; the JSON has all." if left_out > 0 else "",
    }


def _table(given: SlaReports, most: int) -> PrintedTable:
    table = bounded_table("", _COLUMNS, given.items, _row, most=most, noun="reports", empty="No reports.")
    if given.items:
        mean = given.avg_availability
        down, excluded, unknown = (
            sum(getattr(each.shares, share) for each in given.items) for share in ("down", "excluded", "unknown")
        )
        table.last = [
            ["Total"],
            [],
            [NOTHING if mean is None else target_percentage(mean * 1000), "mean"],
            [],
            [duration(down)],
            [duration(excluded)],
            [duration(unknown)],
            [f"{given.total_breaches:,}"],
            totals_cell(given.total_credits),
        ]
    return table


def _row(_number: int, report: SlaReport) -> list[Cell]:
    return [
        [plain(report.service_id), plain(report.customer_name)],
        [plain(report.definition_name), f"version {report.definition_version}"],
        [availability(report)],
        [NOTHING if report.target is None else target_percentage(report.target), verdict(report)],
        [duration(report.shares.down)],
        [duration(report.shares.excluded)],
        [duration(report.shares.unknown)],
        [f"{len(report.breaches):,}"],
        totals_cell([report.credit] if report.credits else []),
    ]
