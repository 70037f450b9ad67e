"""The instants that :class:`~protocols.dispatch.quiet_hours.LocalHours` name in a zone, in microseconds since 1970. Pure.

Hours follow the wall clock (:mod:`protocols.sla.local_time`): 08:30 to 17:30 begins at 07:30 UTC in a London summer, at 08:30
UTC in winter. Of a time that the clock shows twice, the first counts.
"""

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from protocols.dispatch.quiet_hours import WEEKDAYS, LocalHours
from protocols.sla.business_time import DAY
from protocols.sla.intervals import Interval, Timeline, union
from protocols.sla.local_time import SECOND, day_of, instant_of

_SEARCH = 16 * DAY * SECOND
"""Hours come again within this time, also where a change of the clock skips those of one day whole."""


def seconds_of(clock: str) -> int:
    """Seconds after midnight of ``HH:MM``; 86,400 for ``24:00``."""
    return int(clock[:2]) * 3600 + int(clock[3:]) * 60


def timeline(hours: Iterable[LocalHours], zone: ZoneInfo, start: int, end: int) -> Timeline:
    """The timeline of ``hours``, whole days around ``[start, end)`` included."""
    spans = []
    # The hours of a day end on the next one at the latest, and the day of a change lasts up to 25 hours.
    day, last = day_of(start, zone) - timedelta(days=2), day_of(end, zone) + timedelta(days=1)
    of_day = [[(seconds_of(each.begin), _end(each)) for each in hours if weekday in each.days] for weekday in WEEKDAYS]
    while day <= last:
        spans += [(instant_of(day, begin, zone), instant_of(day, end, zone)) for begin, end in of_day[day.weekday()]]
        day += timedelta(days=1)
    return union(spans)


def interval_at(hours: LocalHours, zone: ZoneInfo, at: int) -> Interval | None:
    """The interval of ``hours`` that ``at`` is in, that of one of their days; None when they do not hold then."""
    today, begin, end = day_of(at, zone), seconds_of(hours.begin), _end(hours)
    for day in (today - timedelta(days=1), today):
        if WEEKDAYS[day.weekday()] in hours.days:
            start, until = instant_of(day, begin, zone), instant_of(day, end, zone)
            if start <= at < until:
                return start, until
    return None


def open_until(hours: LocalHours, zone: ZoneInfo, at: int) -> int | None:
    """The instant at which ``hours`` end that hold at ``at``, also some days later when they go on from day to day; None when
    they do not hold then. Hours without an end are said to end 16 days later or more."""
    until = None
    while (held := interval_at(hours, zone, at if until is None else until)) is not None:
        until = held[1]
        if until > at + _SEARCH:
            break
    return until


def never_end(hours: LocalHours, zone: ZoneInfo) -> bool:
    """True when the hours go on from day to day through the whole week."""
    # Any week serves. 1 January 1970 at 12:00 UTC is within hours that never end, whatever the zone.
    start = DAY * SECOND // 2
    until = open_until(hours, zone, start)
    return until is not None and until > start + 8 * DAY * SECOND


def opens_at(hours: LocalHours, zone: ZoneInfo, at: int) -> int:
    """``at`` when ``hours`` hold then, else the instant at which they begin next."""
    for start, end in timeline((hours,), zone, at, at + _SEARCH):
        if at < end:
            return max(start, at)
    raise ValueError(f"{hours} hold at no time of a week")


def _end(hours: LocalHours) -> int:
    end = seconds_of(hours.end)
    return end if end > seconds_of(hours.begin) else end + DAY
