"""Reports as CSV: a line for each service and period. Times in UTC, lengths in seconds, money in major units. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from protocols.csv_cells import cell, lines
from protocols.decimal_text import decimal, seconds, shortest
from protocols.sla.report import SlaReport

COLUMNS: Final = (
    "period_start",
    "period_end",
    "as_of",
    "closed",
    "revision",
    "tenant_id",
    "customer_id",
    "customer_name",
    "instance_id",
    "service_id",
    "definition_name",
    "definition_version",
    "target",
    "availability",
    "contract_seconds",
    "up_seconds",
    "down_seconds",
    "excluded_seconds",
    "unknown_seconds",
    "unknown_counts_as",
    "downtime_seconds",
    "budget_seconds",
    "budget_left_seconds",
    "outages",
    "breaches",
    "credit_amount",
    "currency",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reports_csv(reports: Iterable[SlaReport]) -> str:
    """The head and a line for each report, in their order."""
    return lines([COLUMNS, *map(_cells, reports)])


def _cells(report: SlaReport) -> list[str]:
    shares, credit = report.shares, report.credit
    # Own figures go in as they are: a number below zero is a number, and stays one in a spreadsheet.
    return [
        _time(report.period_start),
        _time(report.period_end),
        _time(report.as_of),
        cell(report.closed),
        cell(report.revision),
        cell(report.tenant_id),
        cell(report.customer_id),
        cell(report.customer_name),
        cell(report.instance_id),
        cell(report.service_id),
        cell(report.definition_name),
        cell(report.definition_version),
        "" if report.target is None else shortest(report.target, 9),
        "" if report.availability is None else decimal(report.availability, 6),
        seconds(shares.elapsed),
        seconds(shares.up),
        seconds(shares.down),
        seconds(shares.excluded),
        seconds(shares.unknown),
        report.unknown_counts_as,
        seconds(report.downtime),
        "" if report.budget is None else seconds(report.budget),
        "" if report.budget_left is None else seconds(report.budget_left),
        cell(len(report.outages)),
        cell(len(report.breaches)),
        decimal(credit.amount, credit.minor_digits),
        cell(credit.currency),
    ]


def _time(instant: int) -> str:
    return cell(_EPOCH + timedelta(microseconds=instant))
