"""Instants of local dates and times, in whole microseconds since 1970 UTC. Pure.

A local time that the clock skips (the change to summer time) takes the offset before the change; of one that the clock shows
twice, the first counts (RFC 5545, 3.3.5). So local days never overlap and leave no gap: the day of a change is 23 or 25 hours.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant_of(day: date, seconds: int, zone: ZoneInfo) -> int:
    """The instant that is ``seconds`` after midnight of ``day`` on the wall clock of ``zone``; 86,400: the next midnight."""
    # Adding a timedelta to an aware datetime moves the wall clock, not the instant.
    return instant_at(datetime.combine(day, time(), tzinfo=zone) + timedelta(seconds=seconds))


def instant_at(at: datetime) -> int:
    """The instant of a datetime that has an offset or a zone."""
    return (at.astimezone(UTC) - _EPOCH) // _MICROSECOND


def utc_time(instant: int) -> datetime:
    """The datetime of an instant. Raises OverflowError outside of the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=instant)


def utc_text(instant: int) -> str:
    """``2026-03-01T03:00:00.000001+00:00``: the instant, exactly."""
    return utc_time(instant).isoformat()


def second_text(instant: int) -> str:
    """``2026-03-01 03:00:00 UTC``: the second, for people."""
    return f"{utc_time(instant):%Y-%m-%d %H:%M:%S} UTC"


def midnight(day: date, zone: ZoneInfo) -> int:
    """The instant at which ``day`` begins in ``zone``."""
    return instant_of(day, 0, zone)


def day_of(instant: int, zone: ZoneInfo) -> date:
    """The date that the wall clock of ``zone`` shows at ``instant``."""
    return wall_time(instant, zone).date()


def wall_time(instant: int, zone: ZoneInfo) -> datetime:
    """The local time at ``instant``, with its offset."""
    return utc_time(instant).astimezone(zone)
