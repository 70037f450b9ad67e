"""The bar of a period: its shares in columns, dates below, and the numbers of the outages. Pure.

A column shows the worst share that it contains, so that a short outage is seen: down, unknown, excluded, up.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from protocols.sla.local_time import day_of, instant_of, midnight
from protocols.sla.report import SlaReport, SlaShare

COLUMNS: Final = 1000
MOST_MARKS: Final = 40
"""Outage numbers below one bar."""
_MARK_APART: Final = COLUMNS // MOST_MARKS
_WORST_FIRST: Final[tuple[SlaShare, ...]] = ("down", "unknown", "excluded", "up")
_HOUR: Final = 3600
_STEPS: Final = (1, 2, 5, 10)
_MOST_TICKS: Final = 16


class BarPart(NamedTuple):
    """Columns ``start`` up to but without ``end``, of one share."""

    start: int
    end: int
    share: SlaShare


class BarLabel(NamedTuple):
    """A text at a column: a date, or the number of an outage."""

    column: int
    text: str


def bar_parts(report: SlaReport) -> list[BarPart]:
    """The parts in order. Columns without any contract time, and those of the future, are in none."""
    ranks: list[int] = [len(_WORST_FIRST)] * COLUMNS
    for start, end, share in report.timeline:
        rank = _WORST_FIRST.index(share)
        for column in range(_column(report, start), _column(report, end - 1) + 1):
            ranks[column] = min(ranks[column], rank)
    parts, behind = [], 0
    for rank, group in groupby(ranks):
        start, behind = behind, behind + len(list(group))
        if rank < len(_WORST_FIRST):
            parts.append(BarPart(start, behind, _WORST_FIRST[rank]))
    return parts


def outage_marks(report: SlaReport) -> list[BarLabel]:
    """Numbers of outages at the column at which they begin, 1 for the first; those too close to the one before are left out."""
    marks: list[BarLabel] = []
    for number, outage in enumerate(report.outages, 1):
        if outage.start >= report.period_end or (outage.end is not None and outage.end <= report.period_start):
            continue
        column = _column(report, max(outage.start, report.period_start))
        if all(abs(column - mark.column) >= _MARK_APART for mark in marks):
            marks.append(BarLabel(column, str(number)))
            if len(marks) == MOST_MARKS:
                break
    return marks


def bar_ticks(report: SlaReport) -> list[BarLabel]:
    """Local dates, or hours of a period of at most two days, evenly spread: at most 17 of them."""
    zone = ZoneInfo(report.zone)
    ticks = ((at, text) for at, text in _ticks(report, zone) if report.period_start <= at < report.period_end)
    return [BarLabel(_column(report, at), text) for at, text in ticks]


def _ticks(report: SlaReport, zone: ZoneInfo) -> Iterator[tuple[int, str]]:
    first, last = day_of(report.period_start, zone), day_of(report.period_end - 1, zone)
    days = (last - first).days + 1
    if days <= 2:
        for day in (first, last) if days == 2 else (first,):
            for hour in range(0, 24, 3):
                yield instant_of(day, hour * _HOUR, zone), f"{hour:02}:00"
    elif days <= _MOST_TICKS * _STEPS[-1]:
        step = next(each for each in _STEPS if days <= _MOST_TICKS * each)
        for number in range(0, days, step):
            day = first + timedelta(days=number)
            yield midnight(day, zone), f"{day.day} {_MONTHS[day.month - 1]}"
    else:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        for number in range(0, months, -(-months // _MOST_TICKS)):
            year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
            yield midnight(date(year, month + 1, 1), zone), f"{_MONTHS[month]} {year}"


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _column(report: SlaReport, instant: int) -> int:
    return (instant - report.period_start) * COLUMNS // (report.period_end - report.period_start)
