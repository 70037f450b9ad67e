"""Measurement periods: consecutive, without gaps, in the definition's time zone. Pure."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from protocols.sla.intervals import Interval
from protocols.sla.local_time import day_of, midnight

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class PeriodRule(Struct, frozen=True):
    """``days`` local days from ``anchor`` on, again and again; or calendar months, quarters or years. For these ``anchor``
    gives the day of the month (at most 28) and, for quarters and years, the month in which one begins."""

    zone: str
    anchor: date
    unit: Literal["days", "month", "quarter", "year"] = "month"
    days: int = 30


@lru_cache(maxsize=256)
def period_at(rule: PeriodRule, instant: int) -> Interval:
    """The period that contains ``instant``. Periods also exist before the anchor."""
    zone = ZoneInfo(rule.zone)
    day = day_of(instant, zone)
    start = _first_day(rule, day)
    # A day whose midnight the clock skips begins later than its date says on the wall clock of other days.
    while midnight(start, zone) > instant:
        start = _first_day(rule, start - timedelta(days=1))
    return midnight(start, zone), midnight(_next(rule, start), zone)


def _first_day(rule: PeriodRule, day: date) -> date:
    if rule.unit == "days":
        return day - timedelta(days=(day - rule.anchor).days % rule.days)
    months = _MONTHS[rule.unit]
    since = (day.year - rule.anchor.year) * 12 + day.month - rule.anchor.month - (day.day < rule.anchor.day)
    return _month(rule.anchor, since - since % months)


def _next(rule: PeriodRule, start: date) -> date:
    if rule.unit == "days":
        return start + timedelta(days=rule.days)
    return _month(start, _MONTHS[rule.unit])


def _month(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, day.day)
