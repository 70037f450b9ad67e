"""Periods: consecutive, in local time, through both changes of the clock, leap days and month ends."""

from datetime import UTC, date, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.trusted_clock import micros
from protocols.sla.intervals import Interval
from protocols.sla.periods import PeriodRule, period_at

BERLIN = "Europe/Berlin"


def at(text: str) -> int:
    """The instant of an ISO 8601 text with its offset, or in UTC."""
    found = datetime.fromisoformat(text)
    return micros(found if found.tzinfo else found.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("rule", "instant", "start", "end"),
    [
        (PeriodRule(BERLIN, date(2026, 1, 1)), "2026-03-29T12:00", "2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00"),
        (PeriodRule(BERLIN, date(2026, 1, 1)), "2026-10-31T23:30", "2026-11-01T00:00+01:00", "2026-12-01T00:00+01:00"),
        (PeriodRule(BERLIN, date(2025, 1, 15)), "2026-02-14T22:59", "2026-01-15T00:00+01:00", "2026-02-15T00:00+01:00"),
        (PeriodRule(BERLIN, date(2026, 2, 1), "quarter"), "2026-01-10", "2025-11-01T00:00+01:00", "2026-02-01T00:00+01:00"),
        (PeriodRule("UTC", date(2020, 4, 6), "year"), "2028-02-29", "2027-04-06", "2028-04-06"),
        (PeriodRule("UTC", date(2026, 1, 1), "days", 30), "2026-01-31", "2026-01-31", "2026-03-02"),
        (PeriodRule("UTC", date(2026, 1, 1), "days", 30), "2025-12-31T23:59:59.999999", "2025-12-02", "2026-01-01"),
        # The clock skipped the midnight: the day began at 01:00.
        (PeriodRule("Africa/Cairo", date(2024, 4, 26), "days", 1), "2024-04-25T22:00", "2024-04-25T22:00", "2024-04-26T21:00"),
    ],
)
def test_the_period_of_an_instant(rule: PeriodRule, instant: str, start: str, end: str) -> None:
    assert period_at(rule, at(instant)) == (at(start), at(end))


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2026-03-29", 23), ("2026-06-01", 24)])
def test_a_local_day_has_the_hours_of_its_clock(day: str, hours: int) -> None:
    start, end = period_at(PeriodRule(BERLIN, date(2026, 1, 1), "days", 1), at(f"{day}T12:00"))
    assert end - start == hours * 3_600_000_000


UNITS: list[Literal["days", "month", "quarter", "year"]] = ["days", "month", "quarter", "year"]
rules = st.builds(
    PeriodRule,
    zone=st.sampled_from([BERLIN, "UTC", "Africa/Cairo", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"]),
    anchor=st.dates(date(1990, 1, 1), date(2040, 1, 1)).map(lambda day: day.replace(day=min(day.day, 28))),
    unit=st.sampled_from(UNITS),
    days=st.integers(1, 400),
)


@given(rules, st.integers(at("1995-01-01"), at("2045-01-01")))
def test_periods_follow_one_another_without_a_gap(rule: PeriodRule, instant: int) -> None:
    period: Interval = period_at(rule, instant)
    assert period[0] <= instant < period[1]
    assert period_at(rule, period[0]) == period == period_at(rule, period[1] - 1)
    assert period_at(rule, period[1])[0] == period[1]
    assert period_at(rule, period[0] - 1)[1] == period[0]
