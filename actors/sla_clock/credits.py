"""Credits by a model: each is a line that a customer can check. Pure; whole minor units and fractions, no float."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from zoneinfo import ZoneInfo

from actors.sla_clock.credit_money import money, part_of_fee
from protocols.decimal_text import decimal, seconds
from protocols.sla.business_time import BusinessCalendar
from protocols.sla.credit import CreditLine
from protocols.sla.credit_models import CreditModel, CreditRate, CreditStep, OutageCredits, TierCredits
from protocols.sla.intervals import Interval, difference, intersection, total, union
from protocols.sla.local_time import SECOND, day_of, midnight, wall_time

_HOUR = 3600 * SECOND


def tier_credits(model: TierCredits, up: int, measured: int, fee: int) -> list[CreditLine]:
    """The line of the lowest tier that ``up / measured`` (microseconds of one period) is below; none when it is below no tier,
    or nothing was measured. The fraction is compared exactly, not rounded. ``fee``: the monthly fee."""
    if not measured:
        return []
    share = Fraction(100 * up, measured)
    for tier in reversed(model.tiers):
        if share < Fraction(tier.below):
            amount, text = part_of_fee(model, tier.percent, fee)
            reached = decimal(100 * up * 10**6 // measured, 6)
            compared = f"up {seconds(up)} of {seconds(measured)} s is {reached} % (rounded down), below {tier.below:f} %"
            return [CreditLine(amount, model.rule, f"below {tier.below:f} %", f"{compared}: {text}")]
    return []


def outage_credits(
    model: OutageCredits,
    outage: Interval,
    reported: int,
    fee: int,
    calendar: BusinessCalendar,
    excluded: Iterable[Interval] = (),
) -> list[CreditLine]:
    """A line for each paid hour or day of one complete outage, in order. An outage under way ends at now.

    ``reported``: receipt of the fault report. ``fee``: the monthly fee. ``calendar``: its zone says when a day begins, and its
    working days are those with business hours. ``excluded``: times for which nothing is owed (the customer's fault, force
    majeure); units keep their numbers and the free time goes on.
    """
    zone = ZoneInfo(calendar.zone)
    free_end = free_until(model, reported, outage[1], calendar)
    if free_end is None:
        return []
    owed = difference(union([outage]), union(excluded))
    began = "reported" if model.starts == "report" else "down since"
    since = f"{began} {wall_time(reported, zone).isoformat()}, free time until {wall_time(free_end, zone).isoformat()}"
    lines = []
    for number, unit in _units(model, reported, outage[1], zone):
        paid = unit[0] >= free_end or (model.pays_last_free_unit and unit[1] == free_end)
        if not paid or not _counts(model, unit, owed):
            continue
        begin = wall_time(unit[0], zone)
        rate, step = _rate_and_step(model, number, begin.date())
        if rate is not None and step is not None:
            item = f"day {number}, {begin.date()}" if model.unit == "day" else f"hour {number}, {begin.isoformat()}"
            amount, text = _step_amount(model, step, fee)
            owing = f"from {model.unit} {step.first} on (rate of {rate.valid_from}) {text}"
            lines.append(CreditLine(amount, model.rule, item, f"{since}; {owing}", at=unit[0]))
    return lines


def capped(model: CreditModel, lines: Sequence[CreditLine], fee: int) -> list[CreditLine]:
    """``lines`` (those of one period) and, when their sum is above the cap, a negative line that lowers it to the cap."""
    limits = []
    if model.cap_amount is not None:
        limits.append((model.cap_amount, money(model, model.cap_amount)))
    if model.cap_percent is not None:
        limits.append(part_of_fee(model, model.cap_percent, fee))
    owed = sum(line.amount for line in lines)
    if not limits or owed <= min(limits)[0]:
        return list(lines)
    limit, text = min(limits)
    arithmetic = f"sum {money(model, owed)}, at most {text}"
    return [*lines, CreditLine(limit - owed, model.rule, "cap", arithmetic)]


def free_until(model: OutageCredits, reported: int, end: int, calendar: BusinessCalendar) -> int | None:
    """The instant at which the free time ends; None when no unit before ``end`` can be paid."""
    if model.free_unit == "hours":
        return reported + model.free * _HOUR
    zone = ZoneInfo(calendar.zone)
    day, left = day_of(reported, zone), model.free
    while left and midnight(day + timedelta(days=1), zone) < end:
        day += timedelta(days=1)
        if model.free_unit == "calendar_days" or calendar.hours(day):
            left -= 1
    return None if left else midnight(day + timedelta(days=1), zone)


def _units(model: OutageCredits, reported: int, end: int, zone: ZoneInfo) -> Iterator[tuple[int, Interval]]:
    """Number and interval of each unit after the report that begins before ``end``."""
    first = day_of(reported, zone)
    for number in count(1):
        if model.unit == "hour":
            unit = reported + (number - 1) * _HOUR, reported + number * _HOUR
        else:
            day = first + timedelta(days=number)
            unit = midnight(day, zone), midnight(day + timedelta(days=1), zone)
        if unit[0] >= end:
            return
        yield number, unit


def next_unit(model: OutageCredits, reported: int, now: int, zone: ZoneInfo) -> int:
    """The first end of an hour or day behind ``now``: what is owed can be more then."""
    if model.unit == "hour":
        return reported + ((now - reported) // _HOUR + 1) * _HOUR
    return midnight(day_of(now, zone) + timedelta(days=1), zone)


def _counts(model: OutageCredits, unit: Interval, owed: Sequence[Interval]) -> bool:
    if model.counts == "end":
        unit = max(unit[0], unit[1] - 1), unit[1]
    found = total(intersection([unit], owed))
    # A date that the zone skipped is empty and has no outage.
    return found > 0 and (model.counts != "whole" or found == unit[1] - unit[0])


def _rate_and_step(model: OutageCredits, number: int, day: date) -> tuple[CreditRate | None, CreditStep | None]:
    rate = next((each for each in reversed(model.rates) if each.valid_from <= day), None)
    steps = () if rate is None else rate.steps
    return rate, next((each for each in reversed(steps) if each.first <= number), None)


def _step_amount(model: OutageCredits, step: CreditStep, fee: int) -> tuple[int, str]:
    if not step.percent:
        return step.amount, money(model, step.amount)
    part, text = part_of_fee(model, step.percent, fee)
    if not step.amount:
        return part, text
    amount = max(step.amount, part)
    return amount, f"the higher of {money(model, step.amount)} and {text}: {money(model, amount)}"
