"""Occurrences of recurring plans, and of maintenance windows at one moment.

Occurrences are those of ``dateutil.rrule`` on the wall clock of the plan's zone. Each becomes an instant by RFC 5545, 3.3.5:
a time that the clock skips takes the offset from before the gap (02:30 in that night is the instant that the clock shows as
03:30); of a time that the clock shows twice, the first counts. RFC 5545, 3.3.10 would drop skipped occurrences. faultd keeps
them: work that is planned nightly also takes place in that night, and must not wake anybody.

A rule may have no occurrence at all (30 February): a search ends after ``HORIZON_YEARS``.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from protocols.maintenance import MaintenanceWindow, Occurrence
from protocols.recurrence.rule import PlanError, RecurrenceRule, read_rule
from protocols.rest_fields import LATEST

HORIZON_YEARS = 10
"""An occurrence further from the one before it, or from the moment of asking, is not found."""
_PERIODS = {DAILY: 366, WEEKLY: 53, MONTHLY: 12, YEARLY: 1}
"""In a year, at most."""
SHIFT = timedelta(hours=26)
"""A wall clock and UTC, and two readings of one wall clock, differ by less (Samoa went without a whole day in 2011)."""
_FIRST = datetime.min  # noqa: DTZ901 - of a wall clock
_OF_THE_MACHINE = ("localtime", "posixrules", "posix/", "right/")


class Around(NamedTuple):
    """The latest start at or before a moment (None when it is too long ago to matter), and the first after it."""

    before: datetime | None
    after: datetime | None


class WindowTimes(NamedTuple):
    """``now``: the occurrence under way; ``next``: the start of the following one."""

    now: Occurrence | None
    next: datetime | None


class _Exhausted(Exception):
    """After this many periods without an occurrence the search ends."""


class _Steps(int):
    """An interval that counts how often a rule has stepped on by it: dateutil itself goes on to the year 9999."""

    left: int

    def __radd__(self, other: int) -> int:
        self._step()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self._step()
        return int(self) * other

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _Exhausted


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises :class:`PlanError`."""
    try:
        if name.startswith(_OF_THE_MACHINE):
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        text = f"{name[:60]!r} is no time zone such as Europe/Berlin"
        raise PlanError("time_zone", text) from error


def to_utc(at: datetime, zone: ZoneInfo) -> datetime:
    """UTC of a moment, or of a local time in ``zone``."""
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone, fold=0)).astimezone(UTC)


def to_wall(at: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock of ``zone`` at an instant, without the zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


class Series:
    """The starts of a recurring plan. Stateless: the cost of a question does not grow with the age of the plan."""

    def __init__(self, rule: RecurrenceRule, local: datetime, zone: ZoneInfo, exceptions: tuple[str, ...]) -> None:
        self._rule, self._local, self._zone = rule, local, zone
        self._by = _explicit(rule, local)
        self._dates = {date.fromisoformat(each) for each in exceptions if "T" not in each}
        moments = [datetime.fromisoformat(each) for each in exceptions if "T" in each]
        self._except = {to_utc(each, zone) for each in moments}
        until = rule.until
        if rule.count is not None:
            until = self._nth(rule.count)
        self._until = None if until is None else to_utc(until, zone)
        self._last = None if until is None else (until if until.tzinfo is None else to_wall(until, zone) + SHIFT)

    def walls(self, since: datetime, *, excepted: bool = False) -> Iterator[datetime]:
        """Wall-clock starts from ``since`` on, in their order; ends when none is left or none comes within the horizon."""
        steps = _Steps(self._rule.interval)
        most = HORIZON_YEARS * _PERIODS[self._rule.frequency] // self._rule.interval + 2
        steps.left = most
        found = rrule(self._rule.frequency, dtstart=self._from(since), interval=steps, until=self._last, **self._by)
        try:
            for wall in found:
                steps.left = most
                if wall < max(since, self._local):
                    continue
                if not excepted and (wall.date() in self._dates or to_utc(wall, self._zone) in self._except):
                    continue
                if self._rule.until is not None and self._until is not None and to_utc(wall, self._zone) > self._until:
                    continue
                yield wall
        except (_Exhausted, OverflowError):
            return

    def around(self, at: datetime, reach: timedelta) -> Around:
        """Around ``at``; a start longer ago than ``reach`` is of no interest."""
        before: datetime | None = None
        after: datetime | None = None
        enough: datetime | None = None
        since = to_wall(at, self._zone)
        since = since - min(reach + SHIFT, since - _FIRST)
        for wall in self.walls(since):
            if enough is not None and wall > enough:
                break
            # Where the clock skips an hour, later readings of it can be earlier moments.
            start = to_utc(wall, self._zone)
            if start <= at:
                before = start if before is None else max(before, start)
            else:
                after = start if after is None else min(after, start)
                enough = enough or wall + SHIFT
        return Around(before, after)

    def _from(self, since: datetime) -> datetime:
        """A start for dateutil from which it finds every occurrence since ``since``: a whole number of the rule's periods after
        its first."""
        first, interval = self._local, self._rule.interval
        match self._rule.frequency:
            case 3:  # DAILY
                days = (since - first).days // interval * interval
                found = datetime.combine(first.date() + timedelta(days=days), datetime.min.time())
            case 2:  # WEEKLY: the first week may be one from its middle on
                weeks = ((since - first).days // (7 * interval) - 1) * interval
                found = datetime.combine(first.date() + timedelta(weeks=weeks), datetime.min.time())
            case 1:  # MONTHLY
                months = (since.year - first.year) * 12 + since.month - first.month
                year, month = divmod(first.year * 12 + first.month - 1 + months // interval * interval, 12)
                found = datetime(year, month + 1, 1)  # noqa: DTZ001
            case _:
                found = datetime(first.year + (since.year - first.year) // interval * interval, 1, 1)  # noqa: DTZ001
        return first if found <= first else found

    def _nth(self, count: int) -> datetime:
        """The last of ``count`` starts (of those that come at all)."""
        self._until = self._last = None
        last = self._local
        for number, wall in enumerate(self.walls(self._local, excepted=True), 1):
            last = wall
            if number == count or wall.year >= LATEST.year:
                break
        return last


def _explicit(rule: RecurrenceRule, local: datetime) -> dict[str, Any]:
    """The rule's BY... parts with what RFC 5545 takes from the start where they are not given."""
    by = {"byhour": local.hour, "byminute": local.minute, "bysecond": local.second} | rule.by
    if not any(name in by for name in ("byweekno", "byyearday", "bymonthday", "byweekday")):
        if rule.frequency == WEEKLY:
            by["byweekday"] = (weekday(local.weekday()),)
        elif rule.frequency in (MONTHLY, YEARLY):
            by["bymonthday"] = local.day
            if rule.frequency == YEARLY:
                by.setdefault("bymonth", local.month)
    return by


@lru_cache(maxsize=4_096)
def series(recurrence: str, local: datetime, time_zone: str, exceptions: tuple[str, ...]) -> Series:
    """The starts of a plan with a recurrence. Raises :class:`PlanError`."""
    return Series(read_rule(recurrence), local, zone_of(time_zone), exceptions)


def around(window: MaintenanceWindow, at: datetime) -> Around:
    """Its starts around ``at``, whether or not it was cancelled."""
    if not window.recurrence:
        return Around(window.start, None) if window.start <= at else Around(None, window.start)
    found = series(window.recurrence, window.local_start, window.time_zone, window.exceptions)
    return found.around(at, timedelta(seconds=window.duration_seconds))


def standing(window: MaintenanceWindow, at: datetime) -> WindowTimes:
    """The occurrence at ``at``, and the next start. Where occurrences overlap (24 hours, every day, in the night that has an
    hour less) the later one counts."""
    if window.cancelled_at is not None:
        return WindowTimes(None, None)
    before, after = around(window, at)
    now = None
    if before is not None and (window.ended_at is None or before > window.ended_at):
        occurrence = occurrence_from(window, before)
        now = occurrence if at < occurrence.end else None
    return WindowTimes(now, after)


def occurrence_from(window: MaintenanceWindow, start: datetime) -> Occurrence:
    """The occurrence of the window that begins at ``start``."""
    return Occurrence(start, start + timedelta(seconds=window.duration_seconds))
