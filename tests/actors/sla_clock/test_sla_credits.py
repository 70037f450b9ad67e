"""Credits: tables with figures, and a slow oracle that walks hour by hour."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.sla_clock.credits import capped, outage_credits, tier_credits
from protocols.sla.business_time import BusinessCalendar, Hours
from protocols.sla.credit import CreditLine
from protocols.sla.credit_models import CreditRate, CreditStep, CreditTier, OutageCredits, TierCredits
from protocols.sla.intervals import Interval
from protocols.sla.local_time import SECOND, instant_at

HOUR = 3600 * SECOND
WEEK = (*[(Hours(9 * 3600, 17 * 3600),)] * 5, (), ())
BERLIN = BusinessCalendar("Europe/Berlin", WEEK)
HOURLY = OutageCredits(
    rule="1 % an hour",
    currency="EUR",
    unit="hour",
    free=4,
    free_unit="hours",
    counts="part",
    rates=(CreditRate(date(2026, 1, 1), (CreditStep(1, percent=Decimal(1)),)),),
    cap_percent=Decimal(100),
)


def at(text: str) -> int:
    return instant_at(datetime.fromisoformat(text))


def amounts(lines: list[CreditLine]) -> list[int]:
    return [line.amount for line in lines]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-03-02T14:00:00Z", []),
        # A microsecond into hour 5 is a part of it.
        ("2026-03-02T14:00:00.000001Z", [50]),
        ("2026-03-02T16:00:00Z", [50, 50]),
        # Before the report: nothing.
        ("2026-03-02T09:00:00Z", []),
    ],
)
def test_an_hourly_credit_after_four_free_hours(until: str, expected: list[int]) -> None:
    outage = at("2026-03-02T08:00:00Z"), at(until)
    assert amounts(outage_credits(HOURLY, outage, at("2026-03-02T10:00:00Z"), 5000, BERLIN)) == expected


def test_an_hourly_credit_never_exceeds_its_cap_and_the_lines_sum_to_the_total() -> None:
    outage = at("2026-03-02T10:00:00Z"), at("2026-03-09T10:00:00Z")
    lines = outage_credits(HOURLY, outage, at("2026-03-02T10:00:00Z"), 5000, BERLIN)
    assert len(lines) == 164
    paid = capped(HOURLY, lines, 5000)
    assert paid[-1] == CreditLine(-3200, "1 % an hour", "cap", "sum 82.00 EUR, at most 50.00 EUR (100 % of 50.00 EUR)")
    assert sum(amounts(paid)) == 5000


@pytest.mark.parametrize(
    ("amount", "percent", "total"),
    [
        (None, None, 900),
        (901, None, 900),
        (899, None, 899),
        (None, Decimal(10), 500),
        (499, Decimal(10), 499),
        (501, Decimal(10), 500),
    ],
)
def test_the_lower_of_two_caps_holds(amount: int | None, percent: Decimal | None, total: int) -> None:
    model = TierCredits(rule="r", currency="EUR", tiers=(), cap_amount=amount, cap_percent=percent)
    assert sum(amounts(capped(model, [CreditLine(900, "r", "day 1", "")], 5000))) == total


def test_no_lines_have_no_cap() -> None:
    assert capped(HOURLY, [], 0) == []


@pytest.mark.parametrize(
    ("percent", "fee", "amount", "text"),
    [
        # Half to even, both ways.
        ("10", 25, 2, "0.02 EUR (10 % of 0.25 EUR is 0.025)"),
        ("10", 35, 4, "0.04 EUR (10 % of 0.35 EUR is 0.035)"),
        ("10", 36, 4, "0.04 EUR (10 % of 0.36 EUR is 0.036)"),
        ("0.000001", 100, 0, "0.00 EUR (0.000001 % of 1.00 EUR is 0.00000001)"),
        ("1E+2", 4990, 4990, "49.90 EUR (100 % of 49.90 EUR)"),
    ],
)
def test_a_percentage_of_the_fee_and_its_text(percent: str, fee: int, amount: int, text: str) -> None:
    model = TierCredits(rule="r", currency="EUR", tiers=(CreditTier(Decimal(100), Decimal(percent)),))
    (line,) = tier_credits(model, 0, 1, fee)
    assert line.amount == amount
    assert line.arithmetic == f"up 0 of 0.000001 s is 0.000000 % (rounded down), below 100 %: {text}"


def test_a_currency_without_minor_unit() -> None:
    model = TierCredits(rule="r", currency="JPY", minor_digits=0, tiers=(CreditTier(Decimal("99.9"), Decimal("12.5")),))
    (line,) = tier_credits(model, 0, SECOND, 4980)
    assert (line.amount, line.item) == (622, "below 99.9 %")
    assert line.arithmetic == "up 0 of 1 s is 0.000000 % (rounded down), below 99.9 %: 622 JPY (12.5 % of 4980 JPY is 622.5)"


def test_an_availability_that_rounds_to_the_tier_is_still_below_it() -> None:
    model = TierCredits(rule="r", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal(10)),))
    month = 2_592_000 * SECOND
    assert tier_credits(model, month // 1000 * 999, month, 5000) == []
    (line,) = tier_credits(model, month // 1000 * 999 - 1, month, 5000)
    assert "is 99.899999 % (rounded down), below 99.9 %" in line.arithmetic
    assert tier_credits(model, 0, 0, 5000) == []


def test_a_line_can_be_checked_by_its_text() -> None:
    steps = (CreditStep(3, 500, Decimal(10)), CreditStep(5, 1000, Decimal(20)))
    rates = (CreditRate(date(2021, 12, 1), steps),)
    model = OutageCredits(
        rule="TKG", currency="EUR", unit="day", free=2, free_unit="calendar_days", counts="whole", rates=rates
    )
    outage = at("2026-03-02T07:00:00+01:00"), at("2026-03-06T10:00:00+01:00")
    (line,) = outage_credits(model, outage, at("2026-03-02T09:30:00+01:00"), 3999, BERLIN)
    assert line.item == "day 3, 2026-03-05"
    assert line.arithmetic == (
        "reported 2026-03-02T09:30:00+01:00, free time until 2026-03-05T00:00:00+01:00; "
        "from day 3 on (rate of 2021-12-01) the higher of 5.00 EUR and 4.00 EUR (10 % of 39.99 EUR is 3.999): 5.00 EUR"
    )


def test_no_rate_before_its_date_and_no_credit_without_working_days() -> None:
    steps = (CreditStep(1, 100),)
    rates = (CreditRate(date(2026, 3, 4), steps),)
    model = OutageCredits(rule="r", currency="EUR", unit="day", free=0, free_unit="working_days", counts="part", rates=rates)
    outage = at("2026-03-02T07:00:00+01:00"), at("2026-03-05T00:00:00+01:00")
    assert [line.item for line in outage_credits(model, outage, outage[0], 0, BERLIN)] == ["day 2, 2026-03-04"]
    never = BusinessCalendar("Europe/Berlin", ((),) * 7)
    waiting = OutageCredits(rule="r", currency="EUR", unit="day", free=1, free_unit="working_days", counts="part", rates=rates)
    assert outage_credits(waiting, (outage[0], at("2046-03-05T00:00:00+01:00")), outage[0], 0, never) == []


@pytest.mark.parametrize(("free", "items"), [(2, ["day 1, 2026-03-03"]), (3, [])])
def test_a_day_in_which_the_free_time_ends_is_not_the_last_free_one(free: int, items: list[str]) -> None:
    model = OutageCredits(
        rule="r",
        currency="EUR",
        unit="day",
        free=free,
        free_unit="hours",
        counts="whole",
        rates=(CreditRate(date(2026, 1, 1), (CreditStep(1, 100),)),),
        pays_last_free_unit=True,
    )
    outage = at("2026-03-02T22:00:00+01:00"), at("2026-03-04T00:00:00+01:00")
    assert [line.item for line in outage_credits(model, outage, outage[0], 0, BERLIN)] == items


def test_a_date_that_the_zone_skipped_pays_nothing() -> None:
    # Samoa had no 30 December 2011.
    rates = (CreditRate(date(2000, 1, 1), (CreditStep(1, 100),)),)
    model = OutageCredits(rule="r", currency="WST", unit="day", free=0, free_unit="calendar_days", counts="whole", rates=rates)
    outage = at("2011-12-28T12:00:00-10:00"), at("2012-01-01T00:00:00+14:00")
    lines = outage_credits(model, outage, outage[0], 0, BusinessCalendar("Pacific/Apia", WEEK))
    assert [line.item for line in lines] == ["day 1, 2011-12-29", "day 3, 2011-12-31"]


# The oracle: every hour of some weeks in a set; zones with whole hours of offset.
# From Tuesday 24 March 2026; the clocks change on 29 March.
_BASE = datetime(2026, 3, 24, tzinfo=UTC)
_HOURS = 24 * 16
_spans = st.tuples(st.integers(0, _HOURS), st.integers(0, _HOURS)).map(lambda pair: (min(pair), max(pair)))
_percents = st.integers(0, 10_000).map(lambda value: Decimal(value) / 100)


def _oracle(
    model: OutageCredits, outage: Interval, reported: int, fee: int, calendar: BusinessCalendar, excluded: list[Interval]
) -> list[int]:
    zone = ZoneInfo(calendar.zone)
    local = {hour: (_BASE + timedelta(hours=hour)).astimezone(zone).date() for hour in range(-48, _HOURS + 24 * 40)}
    down = {hour for hour in range(*outage) if not any(begin <= hour < end for begin, end in excluded)}
    report_day = local[reported]
    if model.free_unit == "hours":
        free_end = reported + model.free
    else:
        days = sorted({day for day in local.values() if day > report_day})
        if model.free_unit == "working_days":
            days = [day for day in days if day.weekday() < 5 and day not in calendar.holidays]
        last_free = [report_day, *days][model.free]
        free_end = max(hour for hour in local if local[hour] == last_free) + 1
    units: dict[int, list[int]] = {}
    for hour in range(reported, outage[1] + 30):
        number = hour - reported + 1 if model.unit == "hour" else (local[hour] - report_day).days
        if number:
            units.setdefault(number, []).append(hour)
    paid = []
    for number, hours in units.items():
        if hours[0] < free_end and not (model.pays_last_free_unit and hours[-1] + 1 == free_end):
            continue
        counted = {"whole": set(hours) <= down, "part": bool(set(hours) & down), "end": hours[-1] in down}[model.counts]
        rate = [rate for rate in model.rates if rate.valid_from <= local[hours[0]]]
        step = [step for step in rate[-1].steps if step.first <= number] if rate else []
        if counted and step:
            part = (step[-1].percent * fee / 100).quantize(Decimal(1), ROUND_HALF_EVEN)
            paid.append(max(step[-1].amount, int(part)))
    return paid


@given(
    unit=st.sampled_from(["hour", "day"]),
    free=st.integers(0, 4),
    free_unit=st.sampled_from(["hours", "calendar_days", "working_days"]),
    counts=st.sampled_from(["whole", "part", "end"]),
    pays_last=st.booleans(),
    zone=st.sampled_from(["Europe/Berlin", "Europe/London", "UTC", "America/St_Thomas"]),
    outage=_spans,
    reported=st.integers(0, _HOURS),
    excluded=st.lists(_spans, max_size=2),
    holidays=st.frozensets(st.dates(date(2026, 3, 25), date(2026, 4, 8)), max_size=3),
    first=st.integers(1, 4),
    money=st.tuples(st.integers(0, 2000), st.integers(1, 2000), _percents, _percents, st.integers(0, 10_000)),
)
def test_credits_of_an_outage_are_those_of_a_walk_hour_by_hour(
    unit: Literal["hour", "day"],
    free: int,
    free_unit: Literal["hours", "calendar_days", "working_days"],
    counts: Literal["whole", "part", "end"],
    pays_last: bool,
    zone: str,
    outage: Interval,
    reported: int,
    excluded: list[Interval],
    holidays: frozenset[date],
    first: int,
    money: tuple[int, int, Decimal, Decimal, int],
) -> None:
    low, high, percent, other, fee = money
    rates = (
        CreditRate(date(2026, 3, 26), (CreditStep(first, low, percent), CreditStep(first + 2, high, other))),
        CreditRate(date(2026, 4, 1), (CreditStep(1, high, percent),)),
    )
    model = OutageCredits(
        rule="r",
        currency="EUR",
        unit=unit,
        free=free,
        free_unit=free_unit,
        counts=counts,
        rates=rates,
        pays_last_free_unit=pays_last and free > 0,
    )
    calendar = BusinessCalendar(zone, WEEK, dict.fromkeys(sorted(holidays), ""))
    base = instant_at(_BASE)

    def instants(span: Interval) -> Interval:
        return base + span[0] * HOUR, base + span[1] * HOUR

    lines = outage_credits(
        model, instants(outage), base + reported * HOUR, fee, calendar, [instants(span) for span in excluded]
    )
    assert amounts(lines) == _oracle(model, outage, reported, fee, calendar, excluded)
    if outage[0] < outage[1] and reported == outage[0]:
        # The longer outage never pays less.
        longer = outage_credits(model, instants((outage[0], outage[1] + 24)), base + reported * HOUR, fee, calendar)
        assert sum(amounts(longer)) >= sum(amounts(lines))


@given(
    belows=st.lists(st.integers(1, 10_000), min_size=1, max_size=4, unique=True),
    percent=_percents,
    up=st.integers(0, 10_000),
    fee=st.integers(0, 10**9),
)
def test_the_tier_is_the_lowest_that_the_availability_is_below(belows: list[int], percent: Decimal, up: int, fee: int) -> None:
    tiers = tuple(CreditTier(Decimal(below) / 100, percent) for below in sorted(belows, reverse=True))
    lines = tier_credits(TierCredits(rule="r", currency="EUR", tiers=tiers), up * 7, 70_000, fee)
    under = [below for below in belows if up < below]
    assert [line.item for line in lines] == ([f"below {Decimal(min(under)) / 100:f} %"] if under else [])
    if lines:
        assert lines[0].amount == (percent * fee / 100).quantize(Decimal(1), ROUND_HALF_EVEN)
