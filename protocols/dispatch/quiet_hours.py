"""Quiet hours: local times of a week in which a person, or a policy, lets only the named severities through. Pure."""

from datetime import timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, field

from protocols.rest_fields import RaisedSeverity
from protocols.sla.intervals import Interval
from protocols.sla.local_time import day_of, instant_of

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
"""``HH:MM`` by the wall clock of a zone."""


class LocalHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """From ``from`` until ``to`` on each of ``days``; a ``to`` that is not behind ``from`` is on the next day."""

    begin: ClockTime = field(name="from")
    end: ClockTime = field(name="to")
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=7)] = WEEKDAYS


class QuietHours(LocalHours, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Nothing is sent but what is ``allowed`` through; the rest follows when they end, if it is still so."""

    allowed: tuple[RaisedSeverity, ...] = ("critical",)


def interval_at(hours: LocalHours, zone: ZoneInfo, instant: int) -> Interval | None:
    """The interval of ``hours`` that ``instant`` is in, in microseconds since 1970; None when it is in none. A time that the
    clock of ``zone`` skips or shows twice is as :mod:`protocols.sla.local_time` has it."""
    today = day_of(instant, zone)
    begin, end = _seconds(hours.begin), _seconds(hours.end)
    for day in (today - timedelta(days=1), today):
        if WEEKDAYS[day.weekday()] in hours.days:
            start = instant_of(day, begin, zone)
            until = instant_of(day if end > begin else day + timedelta(days=1), end, zone)
            if start <= instant < until:
                return start, until
    return None


def _seconds(clock: str) -> int:
    return int(clock[:2]) * 3_600 + int(clock[3:]) * 60
