"""Availability: the cases of operators with their figures, and any history against a walk second by second."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.sla_clock.availability import availability, breached_at, breaches_at, budget, shares
from actors.trusted_clock import micros
from protocols.sla.intervals import Interval, total, union
from protocols.sla.periods import PeriodRule, period_at

SECOND = 1_000_000
DAY = 86_400 * SECOND
THIRTY = (0, 30 * DAY)
NINES = 999_000_000


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).astimezone(UTC))


def hours(start: float, end: float) -> Interval:
    return int(start * 3600) * SECOND, int(end * 3600) * SECOND


def test_announced_work_inside_an_outage_counts_on_neither_side() -> None:
    found = shares(THIRTY, THIRTY, [hours(10, 14)], [hours(11, 12)], now=30 * DAY)
    assert total(found.down) == 10_800 * SECOND
    assert total(found.up) + total(found.down) == 2_588_400 * SECOND
    assert found.planned == 3_600 * SECOND
    assert availability(found) == 995_828


def test_a_contract_that_begins_in_the_middle_has_half_a_base() -> None:
    found = shares(THIRTY, (15 * DAY, 60 * DAY), [(20 * DAY, 20 * DAY + 600 * SECOND)], [], now=30 * DAY)
    assert availability(found) == 999_537


def test_the_budget_is_used_up_exactly_and_a_microsecond_later_breached() -> None:
    allowed = budget(THIRTY, THIRTY, [], NINES)
    assert allowed == 2_592 * SECOND
    assert breached_at([(0, allowed)], allowed) is None
    assert breached_at([(5, 5 + allowed + 1)], allowed) == 5 + allowed + 1


def test_many_short_outages_add_up_exactly() -> None:
    tenths = [(each * SECOND, each * SECOND + SECOND // 10) for each in range(25_920)]
    allowed = budget(THIRTY, THIRTY, [], NINES)
    found = shares(THIRTY, THIRTY, tenths, [], now=30 * DAY)
    assert total(found.down) == allowed
    assert breached_at(found.down, allowed) is None
    last = (29 * DAY, 29 * DAY + 1)
    assert breached_at(shares(THIRTY, THIRTY, [*tenths, last], [], now=30 * DAY).down, allowed) == last[1]


@pytest.mark.parametrize(
    ("day", "outage", "seconds", "expected"),
    [
        ("2026-10-25", ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"), 90_000, 960_000),
        ("2026-03-29", ("2026-03-29T12:00:00+02:00", "2026-03-29T12:00:00+02:00"), 82_800, 1_000_000),
    ],
)
def test_days_on_which_the_clock_changes(day: str, outage: tuple[str, str], seconds: int, expected: int) -> None:
    period = period_at(PeriodRule("Europe/Berlin", date(2026, 1, 1), "days", 1), at(f"{day}T12:00:00+01:00"))
    found = shares(period, period, [(at(outage[0]), at(outage[1]))], [], now=period[1])
    assert total(found.contract) == seconds * SECOND
    assert availability(found) == expected


def test_an_outage_over_the_turn_of_the_month_is_shared_by_both_periods() -> None:
    outage = (at("2026-11-30T23:30:00+01:00"), at("2026-12-01T00:45:00+01:00"))
    rule = PeriodRule("Europe/Berlin", date(2026, 1, 1))
    parts = [period_at(rule, outage[0]), period_at(rule, outage[1])]
    down = [total(shares(each, each, [outage], [], now=each[1]).down) for each in parts]
    assert down == [1_800 * SECOND, 2_700 * SECOND]


def test_unknown_time_counts_as_the_definition_says() -> None:
    found = shares((0, 100), (0, 100), [(10, 20)], [], [(15, 60)], now=100)
    assert (total(found.down), total(found.unknown), total(found.up)) == (10, 40, 50)
    assert [availability(found, policy) for policy in ("up", "down", "excluded")] == [900_000, 500_000, 833_333]


def test_before_anything_was_measured_there_is_no_availability() -> None:
    assert availability(shares((0, 100), (50, 100), [], [], now=50)) is None


@pytest.mark.parametrize(
    ("outages", "exclusions", "now", "minimum", "expected"),
    [
        ([(100, 150)], [], 150, 0, 130 + 1),  # under way: 30 are allowed, and were used up
        ([(100, 120)], [], 120, 0, 130 + 1),  # under way: will be used up
        ([(100, 120)], [], 121, 0, None),  # over
        ([(100, 120)], [(125, 145)], 120, 0, 150 + 1),  # planned work comes between
        ([(100, 120)], [], 120, 40, 140),  # an outage counts once it is as long as the minimum
        ([(980, 990)], [], 990, 0, None),  # the period ends before
    ],
)
def test_the_instant_at_which_the_budget_ends_if_things_stay_as_they_are(
    outages: list[Interval], exclusions: list[Interval], now: int, minimum: int, expected: int | None
) -> None:
    assert breaches_at((0, 1000), (0, 1000), outages, exclusions, 30, now=now, minimum=minimum) == expected


spans = st.lists(st.tuples(st.integers(-20, 120), st.integers(-20, 120)), max_size=6)


@given(spans, spans, spans, st.tuples(st.integers(-10, 50), st.integers(40, 130)), st.integers(0, 110), st.integers(0, 12))
def test_the_shares_are_those_of_a_walk_instant_by_instant(
    outages: list[Interval],
    exclusions: list[Interval],
    blind: list[Interval],
    contract: Interval,
    now: int,
    minimum: int,
) -> None:
    period = (0, 100)
    found = shares(period, contract, outages, exclusions, blind, now=now, minimum=minimum)
    long_enough = [each for each in union(outages) if min(each[1], now) - each[0] >= max(minimum, 1)]
    walked = {"excluded": 0, "down": 0, "unknown": 0, "up": 0}
    for instant in range(max(0, contract[0]), min(100, contract[1], now)):
        if any(start <= instant < end for start, end in exclusions):
            walked["excluded"] += 1
        elif any(start <= instant < end for start, end in long_enough):
            walked["down"] += 1
        elif any(start <= instant < end for start, end in blind):
            walked["unknown"] += 1
        else:
            walked["up"] += 1
    assert {name: total(getattr(found, name)) for name in walked} == walked
    measured = walked["up"] + walked["unknown"] + walked["down"]
    assert availability(found) == (round((measured - walked["down"]) * 10**6 / measured) if measured else None)


@given(spans, spans, st.integers(0, 100), st.integers(0, 60))
def test_a_budget_ends_at_the_instant_that_a_walk_finds(
    outages: list[Interval], exclusions: list[Interval], now: int, allowed: int
) -> None:
    outages = [each for each in outages if each[0] <= now]
    found = breaches_at((0, 100), (0, 100), outages, exclusions, allowed, now=now)
    merged = union(outages)
    lasts = bool(merged) and merged[-1][0] <= now <= merged[-1][1]
    used, expected = 0, None
    for instant in range(100):
        is_out = any(start <= instant < end for start, end in merged) or (lasts and instant >= merged[-1][0])
        if is_out and not any(start <= instant < end for start, end in exclusions):
            used += 1
            if used > allowed:
                expected = instant + 1
                break
    assert found == expected
