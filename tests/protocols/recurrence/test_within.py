"""Occurrences within a span of time: against dateutil and a walk over every start, and bounded."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.recurrence import ZONES, planned_window, rules, starts_by_dateutil, utc

from protocols.maintenance import MaintenanceWindow
from protocols.recurrence.occurrences import series, standing
from protocols.recurrence.rule import PlanError
from protocols.recurrence.within import occurrences_within
from protocols.sla.local_time import instant_at

HOUR = 3_600_000_000


def at(text: str) -> int:
    return instant_at(utc(text))


def shown(occurrences: list[tuple[int, int]]) -> list[tuple[str, str]]:
    moments = [[datetime.fromtimestamp(each // 1_000_000, UTC) for each in both] for both in occurrences]
    return [(f"{start:%m-%dT%H:%M}", f"{end:%m-%dT%H:%M}") for start, end in moments]


CLOCK = [
    # The night that has no 02:30 (29 March), and the one that has two (25 October).
    ("2026-03-20T02:30", 1, "2026-03-28", "2026-03-30", [("03-28T01:30", "03-28T02:30"), ("03-29T01:30", "03-29T02:30")]),
    ("2026-03-20T02:30", 1, "2026-10-24", "2026-10-26", [("10-24T00:30", "10-24T01:30"), ("10-25T00:30", "10-25T01:30")]),
    # A duration is elapsed time: it ends at 07:00 and at 05:00 on the wall clock.
    ("2026-03-20T22:00", 8, "2026-03-29", "2026-03-29T12:00", [("03-28T21:00", "03-29T05:00")]),
    ("2026-03-20T22:00", 8, "2026-10-25", "2026-10-25T12:00", [("10-24T20:00", "10-25T04:00")]),
    # It is under way at 06:00 on the wall clock, although four hours before, by subtraction, it was 02:00.
    ("2026-03-20T01:30", 4, "2026-03-29T04:00", "2026-03-29T05:00", [("03-29T00:30", "03-29T04:30")]),
    # All day, every day: two overlap on 29 March, and an hour is left on 25 October.
    ("2026-03-20T00:00", 24, "2026-03-29", "2026-03-30", [("03-28T23:00", "03-29T23:00"), ("03-29T22:00", "03-30T22:00")]),
    ("2026-03-20T00:00", 24, "2026-10-25", "2026-10-26", [("10-24T22:00", "10-25T22:00"), ("10-25T23:00", "10-26T23:00")]),
]


@pytest.mark.parametrize(("start", "hours", "since", "until", "expected"), CLOCK)
def test_when_the_clock_changes(start: str, hours: float, since: str, until: str, expected: list[tuple[str, str]]) -> None:
    one = planned_window(start, "Europe/Berlin", hours, "FREQ=DAILY")
    assert shown(occurrences_within(one, at(since), at(until)).occurrences) == expected


def test_starts_are_in_the_order_of_instants_each_once() -> None:
    """02:30 is later than 03:00 in the night that has no 02:30, and Samoa's 30 December 2011 coincides with the 31st."""
    one = planned_window("2026-03-01T02:30", "Europe/Berlin", 0.25, "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30")
    found = shown(occurrences_within(one, at("2026-03-29"), at("2026-03-30")).occurrences)
    assert [start for start, _ in found] == ["03-29T01:00", "03-29T01:30"]
    one = planned_window("2011-12-28T02:30", "Pacific/Apia", recurrence="FREQ=DAILY", at=utc("2011-12-01"))
    found = shown(occurrences_within(one, at("2011-12-29"), at("2012-01-01")).occurrences)
    assert [start for start, _ in found] == ["12-29T12:30", "12-30T12:30", "12-31T12:30"]


def test_the_span_is_half_open_and_an_occurrence_is_whole() -> None:
    one = planned_window("2026-03-10T10:00", hours=2)
    ten, twelve = at("2026-03-10T10:00"), at("2026-03-10T12:00")
    cases = {(0, ten): [], (0, ten + 1): [(ten, twelve)], (twelve - 1, twelve): [(ten, twelve)], (twelve, twelve + HOUR): []}
    assert {span: occurrences_within(one, *span).occurrences for span in cases} == cases
    assert occurrences_within(one, ten + 1, ten + 1) == ([], ten + 1)
    assert occurrences_within(one, twelve, ten) == ([], ten)


def test_exceptions_do_not_take_place_and_count() -> None:
    one = planned_window(
        "2026-01-05T22:00",
        "Europe/Berlin",
        recurrence="FREQ=DAILY;COUNT=5",
        exceptions=("2026-01-06", "2026-01-07T22:00:00", "2026-01-08T21:00:00Z"),
    )
    found = occurrences_within(one, 0, at("2027-01-01")).occurrences
    assert shown(found) == [("01-05T21:00", "01-05T22:00"), ("01-09T21:00", "01-09T22:00")]


HOURLY = "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24)))


def test_more_than_the_bound_is_said_and_asked_for_again() -> None:
    one = planned_window("2026-01-01T00:00", hours=1, recurrence=HOURLY)
    start, end = at("2026-02-01T00:30"), at("2026-02-04T00:00")
    whole = occurrences_within(one, start, end)
    assert (len(whole.occurrences), whole.until) == (72, end)
    assert whole.occurrences[0] == (start - HOUR // 2, start + HOUR // 2)
    pieces: set[tuple[int, int]] = set()
    asked = 0
    since = start
    while since < end:
        found = occurrences_within(one, since, end, at_most=10)
        assert len(found.occurrences) <= 11
        assert since < found.until <= end
        assert all(begin < found.until for begin, _ in found.occurrences)
        pieces.update(found.occurrences)
        since = found.until
        asked += 1
    assert sorted(pieces) == whole.occurrences
    assert asked == 8


def test_a_year_of_the_most_frequent_plan_is_one_answer() -> None:
    one = planned_window("2024-01-01T00:00", hours=0.5, recurrence=HOURLY)
    found = occurrences_within(one, at("2024-01-01"), at("2025-01-01"))
    assert (len(found.occurrences), found.until) == (366 * 24, at("2025-01-01"))
    longer = occurrences_within(one, at("2024-01-01"), at("2034-01-01"))
    assert (len(longer.occurrences), longer.until) == (10_000, at("2024-01-01") + 10_000 * HOUR)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-14", "Etc/GMT+12"])
@pytest.mark.parametrize(
    ("rule", "number"), [("", 1), ("FREQ=YEARLY", 174), ("FREQ=YEARLY;COUNT=1000", 174), ("FREQ=DAILY", 10_000)]
)
def test_any_span_of_integers_has_an_answer(zone: str, rule: str, number: int) -> None:
    one = planned_window("2026-12-31T02:00", zone, recurrence=rule)
    assert len(occurrences_within(one, -(2**70), 2**70).occurrences) == number
    assert occurrences_within(one, 2**70, 2**71) == ([], 2**71)
    assert occurrences_within(one, -(2**71), -(2**70)) == ([], -(2**70))


def test_a_rule_that_never_occurs_ends_and_one_that_cannot_be_read_raises() -> None:
    one = replace(planned_window("2026-01-01T00:00"), recurrence="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    assert occurrences_within(one, 0, 2**62) == ([], 2**62)
    with pytest.raises(PlanError, match="recurrence"):
        occurrences_within(replace(one, recurrence="FREQ=SECONDLY"), 0, 1)
    with pytest.raises(PlanError, match="time_zone"):
        occurrences_within(replace(one, time_zone="Mars/Olympus"), 0, 1)


# --- against slow oracles --------------------------------------------------------------------------------------------


@given(
    rules(),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
    st.integers(1, 30),
    st.integers(-90, 3 * 365),
    st.integers(1, 24 * 200),
)
@example("FREQ=DAILY;INTERVAL=1;WKST=MO;UNTIL=20280630", "UTC", datetime(2025, 8, 9, 0, 30), 1, 1027, 697)  # noqa: DTZ001
@settings(max_examples=150, deadline=None)
def test_those_of_dateutil_that_overlap(rule: str, zone: str, local: datetime, hours: int, day: int, span: int) -> None:
    local = local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)
    if next(series(rule, local, zone, ()).walls(local), None) is None:
        return
    first = local.replace(tzinfo=UTC)
    since = first + timedelta(days=day)
    until = since + timedelta(hours=span)
    one = _window(local, zone, hours, rule)
    every = [
        (instant_at(start), instant_at(start) + hours * HOUR)
        for start in starts_by_dateutil(rule, local, zone, until.replace(tzinfo=None) + timedelta(days=3))
    ]
    start, end = instant_at(since), instant_at(until)
    assert occurrences_within(one, start, end).occurrences == [each for each in every if each[0] < end and each[1] > start]


@given(rules(), st.sampled_from(ZONES), st.integers(1, 30), st.lists(st.integers(0, 3 * 365 * 48), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_open_at_a_moment_is_an_occurrence_of_the_span_that_the_moment_is(
    rule: str, zone: str, hours: int, halves: list[int]
) -> None:
    """The fold of the alarms and the arithmetic of the SLA see the same maintenance."""
    one = _window(datetime(2026, 1, 5, 2, 30), zone, hours, rule)  # noqa: DTZ001
    for half in halves:
        moment = utc("2026-01-01") + timedelta(minutes=30 * half)
        instant = instant_at(moment)
        found = occurrences_within(one, instant, instant + 1).occurrences
        assert (standing(one, moment).now is not None) == bool(found)


def _window(local: datetime, zone: str, hours: float, rule: str) -> MaintenanceWindow:
    """A window that nobody has checked: its occurrences can overlap."""
    return replace(
        planned_window("2026-01-01T00:00", zone),
        local_start=local,
        start=local.replace(tzinfo=UTC),
        duration_seconds=hours * 3600,
        recurrence=rule,
    )
