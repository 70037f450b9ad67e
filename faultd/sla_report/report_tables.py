"""The tables of one report: outages, exclusions, clocks, breaches, credits. Pure."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from faultd.sla_report.display import (
    NOTHING,
    deviation_percentage,
    duration,
    in_seconds,
    local_clock,
    local_date,
    local_time,
    measured_value,
    money,
)
from faultd.sla_report.plain_text import MOST_CHARACTERS, plain
from faultd.sla_report.table import Cell, PrintedTable, TableColumn, bounded_table
from protocols.sla.breach import SlaBreach
from protocols.sla.credit import CreditLine
from protocols.sla.report import (
    AlarmClock,
    AppliedExclusion,
    CreditTotal,
    OutageTreatment,
    ReportedOutage,
    SlaReport,
    deviation,
)

_MOST_ALARMS: Final = 5
_NAME: Final = 60
"""Characters of an id or a resource. No row is broken over two pages, so every row has to fit on one."""
_TREATMENTS: Final[dict[OutageTreatment, str]] = {
    "counted": "counted",
    "planned": "planned, not counted",
    "excluded": "excluded, not counted",
    "customer_power": "customer's own power, not counted",
    "unknown": "unknown: the service was not seen",
    "too_short": "shorter than the minimum, not counted",
}
_START, _END = TableColumn("Start"), TableColumn("End")
_LENGTH = TableColumn("Duration", "right")


def report_tables(report: SlaReport, most: int) -> list[PrintedTable]:
    """The tables in the order in which they are printed, each with at most ``most`` rows."""
    zone = ZoneInfo(report.zone)
    return [
        _outages(report, zone, most),
        _exclusions(report.exclusions, zone, most),
        _clocks(report.clocks, zone, most),
        _breaches(report.breaches, zone, most),
        _credits(report, most),
    ]


def totals_cell(totals: Sequence[CreditTotal]) -> Cell:
    """A line for each currency."""
    return [plain(money(each)) for each in totals] or [NOTHING]


def _outages(report: SlaReport, zone: ZoneInfo, most: int) -> PrintedTable:
    def row(number: int, outage: ReportedOutage) -> list[Cell]:
        length = (report.as_of if outage.end is None else outage.end) - outage.start
        what = ", ".join(text for text in (plain(outage.cause), plain(outage.resource, _NAME)) if text)
        why = _TREATMENTS[outage.treatment] + (f": {plain(outage.reason)}" if outage.reason else "")
        return [
            [str(number)],
            _instant(outage.start, zone),
            _instant(outage.end, zone) if outage.end is not None else ["lasts"],
            [duration(length), in_seconds(length)],
            [duration(outage.counted), in_seconds(outage.counted)],
            [what or NOTHING, why, *_alarms(outage.alarms)],
        ]

    counted = TableColumn("Counted", "right")
    columns = (TableColumn("No.", "right"), _START, _END, _LENGTH, counted, TableColumn("Cause", share=1))
    table = bounded_table("Outages", columns, report.outages, row, most=most, noun="outages", empty="No outages.")
    if report.outages:
        table.last = [[], ["Total"], [], [], [duration(report.downtime), in_seconds(report.downtime)], []]
    return table


def _exclusions(exclusions: Sequence[AppliedExclusion], zone: ZoneInfo, most: int) -> PrintedTable:
    def row(_number: int, exclusion: AppliedExclusion) -> list[Cell]:
        length = exclusion.end - exclusion.start
        return [
            [_words(exclusion.category)],
            _instant(exclusion.start, zone),
            _instant(exclusion.end, zone),
            [duration(length), in_seconds(length)],
            [plain(exclusion.reason) or NOTHING, f"entered by {plain(exclusion.author)}"],
        ]

    columns = (TableColumn("Category"), _START, _END, _LENGTH, TableColumn("Reason", share=1))
    return bounded_table("Exclusions", columns, exclusions, row, most=most, noun="exclusions", empty="No exclusions.")


def _clocks(clocks: Sequence[AlarmClock], zone: ZoneInfo, most: int) -> PrintedTable:
    def row(_number: int, clock: AlarmClock) -> list[Cell]:
        note = [plain(clock.note)] if clock.note else []
        return [
            [_words(clock.clock)],
            [plain(clock.alarm, _NAME), f"{clock.severity}, started {local_time(clock.started, zone)}", *note],
            [duration(clock.limit) if clock.limit is not None else NOTHING],
            [duration(clock.elapsed)],
            _instant(clock.due, zone) if clock.due is not None else [NOTHING],
            _instant(clock.stopped, zone) if clock.stopped is not None else [NOTHING],
            [clock.verdict],
        ]

    columns = (
        TableColumn("Clock"),
        TableColumn("Alarm", share=1),
        TableColumn("Limit", "right"),
        TableColumn("Elapsed", "right"),
        TableColumn("Due"),
        TableColumn("Stopped"),
        TableColumn("Verdict"),
    )
    return bounded_table("Response and resolution", columns, clocks, row, most=most, noun="clocks")


def _breaches(breaches: Sequence[SlaBreach], zone: ZoneInfo, most: int) -> PrintedTable:
    def row(_number: int, breach: SlaBreach) -> list[Cell]:
        names = (("breach", breach.id), ("alarm", breach.alarm_name or breach.alarm_id), ("ticket", breach.ticket_id))
        reason = [plain(breach.reason)] if breach.reason else []
        parts = deviation(breach)
        return [
            [_words(breach.type), *reason, *(f"{noun} {plain(name, _NAME)}" for noun, name in names if name)],
            _instant(breach.start, zone),
            _instant(breach.end, zone) if breach.end is not None else ["not resolved"],
            [measured_value(breach.type, breach.target)],
            [measured_value(breach.type, breach.actual)],
            [NOTHING if parts is None else deviation_percentage(parts)],
        ]

    figures = (TableColumn("Target", "right"), TableColumn("Actual", "right"), TableColumn("Deviation", "right"))
    columns = (TableColumn("Breach", share=1), _START, _END, *figures)
    return bounded_table("Breaches", columns, breaches, row, most=most, noun="breaches", empty="No breaches.")


def _credits(report: SlaReport, most: int) -> PrintedTable:
    def row(_number: int, line: CreditLine) -> list[Cell]:
        amount = money(CreditTotal(line.amount, report.currency, report.minor_digits))
        breach = [f"breach {plain(line.breach_id, _NAME)}"] if line.breach_id else []
        return [[plain(line.rule), plain(line.item), *breach], [plain(line.arithmetic, 2 * MOST_CHARACTERS)], [plain(amount)]]

    columns = (TableColumn("Rule and item", share=2), TableColumn("Arithmetic", share=4), TableColumn("Amount", "right"))
    table = bounded_table("Credits", columns, report.credits, row, most=most, noun="credit lines", empty="No credits.")
    if report.credits:
        table.last = [["Total"], [], totals_cell([report.credit])]
    return table


def _alarms(ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    more = f" and {len(ids) - _MOST_ALARMS:,} more" if len(ids) > _MOST_ALARMS else ""
    return [f"{'alarm' if len(ids) == 1 else 'alarms'} {', '.join(plain(each, _NAME) for each in ids[:_MOST_ALARMS])}{more}"]


def _instant(instant: int, zone: ZoneInfo) -> Cell:
    return [local_date(instant, zone), local_clock(instant, zone)]


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
