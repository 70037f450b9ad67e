"""The bar of a period."""

from datetime import date
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.sla_reports import END, HOUR, START, make_sla_report

from faultd.sla_report.bar import COLUMNS, MOST_MARKS, BarPart, bar_parts, bar_ticks, outage_marks
from protocols.sla.local_time import midnight
from protocols.sla.report import ReportedOutage, ShareSpan, SlaReport, SlaShare

COLUMN = (END - START) // COLUMNS
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
QUARTER = ["1 Jan", "11 Jan", "21 Jan", "31 Jan", "10 Feb", "20 Feb", "2 Mar", "12 Mar", "22 Mar"]


def with_timeline(*spans: ShareSpan) -> SlaReport:
    return make_sla_report(timeline=spans)


def test_a_microsecond_of_downtime_is_a_column() -> None:
    report = with_timeline((START, START + 5 * COLUMN, "up"), (START + 5 * COLUMN, START + 5 * COLUMN + 1, "down"))
    assert bar_parts(report) == [BarPart(0, 5, "up"), BarPart(5, 6, "down")]


@pytest.mark.parametrize(
    ("worse", "better"),
    [("down", "unknown"), ("unknown", "excluded"), ("excluded", "up"), ("down", "up"), ("down", "excluded")],
)
def test_a_column_shows_the_worst_that_it_contains(worse: SlaShare, better: SlaShare) -> None:
    middle = START + COLUMN // 2
    for first, second in ((worse, better), (better, worse)):
        report = with_timeline((START, middle, first), (middle, START + COLUMN, second))
        assert bar_parts(report) == [BarPart(0, 1, worse)]


def test_time_without_a_contract_is_in_no_part() -> None:
    at = [START + number * COLUMN for number in (100, 200, 300, 400)]
    report = with_timeline((at[0], at[1], "up"), (at[2], at[3], "up"))
    assert bar_parts(report) == [BarPart(100, 200, "up"), BarPart(300, 400, "up")]


def test_an_empty_timeline_has_no_parts() -> None:
    assert bar_parts(with_timeline()) == []


@given(st.lists(st.integers(START, END), min_size=2, max_size=30, unique=True), st.data())
def test_each_column_by_a_look_at_every_span(bounds: list[int], data: st.DataObject) -> None:
    bounds.sort()
    shares: st.SearchStrategy[SlaShare | None] = st.sampled_from([*get_args(SlaShare), None])
    spans: list[ShareSpan] = []
    for start, end in pairwise(bounds):
        share = data.draw(shares)
        if share is not None:
            spans.append((start, end, share))
    drawn: list[SlaShare | None] = [None] * COLUMNS
    for part in bar_parts(with_timeline(*spans)):
        drawn[part.start : part.end] = [part.share] * (part.end - part.start)
    for column in range(COLUMNS):
        # Times the number of columns, so that the bounds of a column are whole.
        begin, behind = (START * COLUMNS + number * (END - START) for number in (column, column + 1))
        within = {share for start, end, share in spans if start * COLUMNS < behind and end * COLUMNS > begin}
        worst = next((share for share in ("down", "unknown", "excluded", "up") if share in within), None)
        assert drawn[column] == worst


def test_marks_are_numbers_of_the_list_and_keep_apart() -> None:
    starts = range(START, END, HOUR)
    outages = tuple(ReportedOutage(start=start, end=start + 1, counted=1, treatment="counted") for start in starts)
    marks = outage_marks(make_sla_report(outages=outages))
    assert marks[0] == (0, "1")
    assert 20 <= len(marks) <= MOST_MARKS
    columns = [mark.column for mark in marks]
    assert min(after - before for before, after in pairwise(columns)) >= COLUMNS // MOST_MARKS
    for mark in marks:
        assert mark.column == (int(mark.text) - 1) * COLUMNS // 720


def test_an_outage_that_began_before_the_period_is_marked_at_its_begin() -> None:
    outage = ReportedOutage(start=START - HOUR, end=None, counted=1, treatment="counted")
    over = ReportedOutage(start=START - 2 * HOUR, end=START - HOUR, counted=0, treatment="counted")
    assert outage_marks(make_sla_report(outages=(over, outage))) == [(0, "2")]


@pytest.mark.parametrize(
    ("first", "behind", "zone", "ticks"),
    [
        (date(2026, 11, 1), date(2026, 12, 1), "Europe/Berlin", [f"{day} Nov" for day in range(1, 31, 2)]),
        (date(2026, 11, 1), date(2026, 11, 8), "Europe/Berlin", [f"{day} Nov" for day in range(1, 8)]),
        (date(2026, 11, 1), date(2026, 11, 2), "UTC", [f"{hour:02}:00" for hour in range(0, 24, 3)]),
        (date(2026, 1, 1), date(2026, 4, 1), "Asia/Tokyo", QUARTER),
        (date(2024, 1, 1), date(2025, 1, 1), "America/New_York", [f"{month} 2024" for month in MONTHS.split()]),
        (date(2000, 1, 1), date(2100, 1, 1), "UTC", None),
    ],
)
def test_ticks_are_local_dates(first: date, behind: date, zone: str, ticks: list[str] | None) -> None:
    where = ZoneInfo(zone)
    report = make_sla_report(period_start=midnight(first, where), period_end=midnight(behind, where), zone=zone)
    found = bar_ticks(report)
    assert len(found) <= 17
    assert [tick.column for tick in found] == sorted(tick.column for tick in found)
    if ticks is not None:
        assert [tick.text for tick in found] == ticks


def test_the_night_of_a_change_of_the_clock_has_a_tick_for_each_third_hour() -> None:
    """25 October 2026 in Berlin has 25 hours: 03:00 is four hours after midnight."""
    where = ZoneInfo("Europe/Berlin")
    start, end = midnight(date(2026, 10, 25), where), midnight(date(2026, 10, 26), where)
    ticks = bar_ticks(make_sla_report(period_start=start, period_end=end))
    assert ticks[:3] == [(0, "00:00"), (160, "03:00"), (280, "06:00")]
