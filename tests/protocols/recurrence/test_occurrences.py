"""When a window is open: across the changes of the clock, against dateutil, and never without bound."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.recurrence import NOW, SCOPE, ZONES, planned_window, rules, starts_by_dateutil, utc

from protocols.maintenance import MaintenanceWindow
from protocols.recurrence.occurrences import HORIZON_YEARS, Series, series, standing


def starts(one: MaintenanceWindow, since: str, count: int) -> list[str]:
    """The next starts after a moment, in UTC."""
    found: list[str] = []
    at = utc(since)
    while len(found) < count:
        following = standing(one, at).next
        if following is None:
            break
        found.append(f"{following:%m-%dT%H:%M}")
        at = following
    return found


# --- the clock changes -----------------------------------------------------------------------------------------------

NIGHTS = [
    # Forward in Berlin on 29 March: 02:30 is skipped, and is 03:30 of summer time; back on 25 October: 02:30 comes twice.
    ("Europe/Berlin", "2026-03-20T02:30", "2026-03-28T00:00", ["03-28T01:30", "03-29T01:30", "03-30T00:30"]),
    ("Europe/Berlin", "2026-03-20T02:30", "2026-10-24T00:00", ["10-24T00:30", "10-25T00:30", "10-26T01:30"]),
    ("Europe/Berlin", "2026-03-20T22:00", "2026-03-28T00:00", ["03-28T21:00", "03-29T20:00", "03-30T20:00"]),
    # New York, 8 March and 1 November.
    ("America/New_York", "2026-03-01T02:30", "2026-03-07T00:00", ["03-07T07:30", "03-08T07:30", "03-09T06:30"]),
    ("America/New_York", "2026-03-01T01:30", "2026-10-31T00:00", ["10-31T05:30", "11-01T05:30", "11-02T06:30"]),
    # Lord Howe puts the clock forward by half an hour.
    ("Australia/Lord_Howe", "2026-09-01T02:15", "2026-10-02T00:00", ["10-02T15:45", "10-03T15:45", "10-04T15:15"]),
]


@pytest.mark.parametrize(("zone", "start", "since", "expected"), NIGHTS)
def test_a_nightly_window_across_the_changes_of_the_clock(zone: str, start: str, since: str, expected: list[str]) -> None:
    assert starts(planned_window(start, zone, recurrence="FREQ=DAILY"), since, 3) == expected


def test_where_a_whole_day_is_missing_its_occurrence_coincides_with_the_next_day() -> None:
    """Samoa had no 30 December 2011: each moment counts once."""
    one = planned_window("2011-12-28T02:30", "Pacific/Apia", recurrence="FREQ=DAILY", at=utc("2011-12-01T00:00"))
    assert starts(one, "2011-12-28T13:00", 3) == ["12-29T12:30", "12-30T12:30", "12-31T12:30"]
    assert starts(one, "2011-12-28T12:00", 1) == ["12-28T12:30"]


def test_a_duration_is_elapsed_time() -> None:
    spring = planned_window("2026-03-28T22:00", "Europe/Berlin", hours=8, recurrence="FREQ=DAILY")
    found = standing(spring, utc("2026-03-29T01:00")).now
    assert found is not None
    assert (found.start, found.end) == (utc("2026-03-28T21:00"), utc("2026-03-29T05:00"))
    assert found.end.astimezone(ZoneInfo("Europe/Berlin")).hour == 7
    once = planned_window("2026-10-25T01:30", "Europe/Berlin", hours=2)
    assert standing(once, utc("2026-10-25T01:29")).now is not None
    assert standing(once, utc("2026-10-25T01:30")).now is None


def test_times_that_the_clock_skips_are_in_their_order_as_moments() -> None:
    """02:30 is later than 03:00 in the night in which there is no 02:30."""
    one = planned_window("2026-03-01T02:30", "Europe/Berlin", 0.25, "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30")
    assert starts(one, "2026-03-29T00:30", 3) == ["03-29T01:00", "03-29T01:30", "03-30T00:00"]


def test_around_the_clock_each_day_is_open_also_when_a_day_has_23_or_25_hours() -> None:
    one = planned_window("2026-03-27T00:00", "Europe/Berlin", 24, "FREQ=DAILY")
    spring = standing(one, utc("2026-03-29T22:00")).now
    assert spring is not None
    assert spring.start == utc("2026-03-29T22:00")
    assert standing(one, utc("2026-10-25T22:30")).now is None, "25 hours, of which the window covers 24"


# --- what a rule can say ---------------------------------------------------------------------------------------------

ONCE_MORE = {
    "FREQ=WEEKLY;BYDAY=TU,TH": ["01-06T22:00", "01-08T22:00", "01-13T22:00"],
    "FREQ=MONTHLY;BYDAY=-1SU": ["01-25T22:00", "02-22T22:00", "03-29T22:00"],
    "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2": ["01-31T22:00", "02-28T22:00"],
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1": ["01-30T22:00", "02-27T22:00", "03-31T22:00"],
    "FREQ=DAILY;UNTIL=20260107T220000Z": ["01-05T22:00", "01-06T22:00", "01-07T22:00"],
    "FREQ=DAILY;UNTIL=20260106": ["01-05T22:00", "01-06T22:00"],
    "FREQ=DAILY;INTERVAL=2;COUNT=3": ["01-05T22:00", "01-07T22:00", "01-09T22:00"],
    "FREQ=YEARLY;BYYEARDAY=6": ["01-06T22:00", "01-06T22:00", "01-06T22:00"],
    "FREQ=YEARLY;BYWEEKNO=3;BYDAY=MO": ["01-12T22:00", "01-18T22:00", "01-17T22:00"],
}


@pytest.mark.parametrize("rule", ONCE_MORE)
def test_rules(rule: str) -> None:
    assert starts(planned_window("2026-01-05T22:00", recurrence=rule), "2026-01-02T00:00", 3) == ONCE_MORE[rule]


LATER = {
    "FREQ=DAILY;INTERVAL=3": ["05-31T22:00", "06-03T22:00"],
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO": ["05-31T22:00", "06-08T22:00"],
    "FREQ=MONTHLY;INTERVAL=2": ["07-05T22:00", "09-05T22:00"],
    "FREQ=MONTHLY;INTERVAL=3": ["07-05T22:00", "10-05T22:00"],
    "FREQ=MONTHLY;INTERVAL=5": ["09-05T22:00", "02-05T22:00"],
    "FREQ=YEARLY;INTERVAL=3;BYMONTH=2,8": ["02-05T22:00", "08-05T22:00"],
    "FREQ=WEEKLY;COUNT=800": ["06-01T22:00", "06-08T22:00"],
}


@pytest.mark.parametrize("rule", LATER)
def test_intervals_are_counted_from_the_first_occurrence_however_late_one_asks(rule: str) -> None:
    assert starts(planned_window("2026-01-05T22:00", recurrence=rule), "2037-05-30T00:00", 2) == LATER[rule]


def test_exceptions_are_left_out_and_still_counted() -> None:
    one = planned_window(
        "2026-01-05T22:00",
        "Europe/Berlin",
        recurrence="FREQ=DAILY;COUNT=5",
        exceptions=("2026-01-06", "2026-01-07T22:00:00", "2026-01-08T21:00:00Z"),
    )
    assert starts(one, "2026-01-01T00:00", 5) == ["01-05T21:00", "01-09T21:00"]


# --- against dateutil itself -----------------------------------------------------------------------------------------


@given(
    rules(),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
    st.integers(1, 30),
    st.lists(st.integers(0, 4 * 365 * 24 * 60), min_size=1, max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_open_exactly_when_brute_force_says_so(rule: str, zone: str, local: datetime, hours: int, minutes: list[int]) -> None:
    local = local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)
    found = series(rule, local, zone, ())
    if next(found.walls(local), None) is None:
        # What dateutil never finds either, to the year 9999; only that it does not occur soon is claimed.
        return
    horizon = local + timedelta(days=5 * 365)
    expected = starts_by_dateutil(rule, local, zone, horizon)
    first = local.replace(tzinfo=UTC)
    one = MaintenanceWindow(
        id="MW1",
        tenant_id=None,
        title="",
        scope=SCOPE,
        time_zone=zone,
        start=first,
        local_start=local,
        duration_seconds=hours * 3600,
        recurrence=rule,
        created_at=NOW,
        created_by="",
        updated_at=NOW,
        updated_by="",
    )
    moments = [first + timedelta(minutes=minute) for minute in minutes]
    moments += [start + timedelta(seconds=shift) for start in expected[:3] for shift in (-1, 0, hours * 3600 - 1, hours * 3600)]
    for at in moments:
        begun = [start for start in expected if start <= at]
        is_open = bool(begun) and at < begun[-1] + timedelta(hours=hours)
        ahead = [start for start in expected if start > at]
        now, following = standing(one, at)
        assert (now is not None) == is_open
        assert now is None or now.start == begun[-1]
        if ahead and ahead[0] <= at + timedelta(days=365):
            assert following == ahead[0]


@given(st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(1, 23))  # noqa: DTZ001
@settings(max_examples=40, deadline=None)
def test_between_the_occurrences_a_daily_window_is_closed(zone: str, local: datetime, hours: int) -> None:
    """Starts strictly increase, and from an end to the next start nothing is open: the gaps stay gaps."""
    local = local.replace(second=0, microsecond=0)
    one = planned_window(local.isoformat(), zone, hours, "FREQ=DAILY")
    at = one.start - timedelta(days=2)
    for _ in range(12):
        following = standing(one, at).next
        assert following is not None
        assert following > at
        opened = standing(one, following)
        assert opened.now is not None
        assert opened.next is not None
        assert opened.now.start == following
        if opened.now.end < opened.next:
            assert standing(one, opened.now.end).now is None
            assert standing(one, opened.next - timedelta(microseconds=1)).now is None
        at = following


# --- never without bound ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29"])
def test_a_search_takes_no_more_steps_than_the_horizon_has_periods(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from protocols.recurrence import occurrences

    taken = 0
    step = occurrences._Steps._step

    def counted(self: Any) -> None:
        nonlocal taken
        taken += 1
        step(self)

    monkeypatch.setattr(occurrences._Steps, "_step", counted)
    found = series(rule, datetime(2026, 1, 5, 22), "UTC", ())  # noqa: DTZ001
    assert list(found.walls(datetime(2026, 1, 5))) == []  # noqa: DTZ001
    assert 0 < taken <= HORIZON_YEARS * 366 + 3


def test_an_old_window_is_not_counted_through_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    from protocols.recurrence import occurrences

    steps: list[int] = []
    monkeypatch.setattr(occurrences._Steps, "_step", lambda self: steps.append(1))
    one = planned_window("1990-01-01T22:00", recurrence="FREQ=DAILY")
    steps.clear()
    assert standing(one, utc("2060-06-01T22:30")).now is not None
    assert len(steps) < 10


def test_a_count_of_many_years_ends_where_times_do() -> None:
    found = series("FREQ=YEARLY;COUNT=1000", datetime(2026, 1, 5), "UTC", ())  # noqa: DTZ001
    assert isinstance(found, Series)
    assert len(list(islice(found.walls(datetime(2026, 1, 5)), 1000))) <= 176  # noqa: DTZ001
