"""Business time: the hours of a week in which a clock runs, without public holidays. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from protocols.sla.intervals import Interval, Timeline, difference, total, union
from protocols.sla.local_time import day_of, instant_of, midnight

DAY = 86_400
FOREVER = 1 << 62
"""The end of an interval that has none."""
_SEARCH_DAYS = 366 * 20
"""Days without any business time after which a search gives up."""
_LAST = midnight(date.max - timedelta(days=2), ZoneInfo("UTC"))


class Hours(Struct, frozen=True, array_like=True):
    """Seconds after local midnight, ``start`` < ``end`` <= 86,400."""

    start: int
    end: int


class BusinessCalendar(Struct, frozen=True):
    """``week``: the hours of each weekday, Monday first. ``holidays``: dates without business time, with their names, in order.
    ``exceptions``: hours of single dates, which replace those of the week and of holidays. A calendar is kept by content, so
    that a newer list of holidays changes no closed period."""

    zone: str
    week: tuple[tuple[Hours, ...], ...]
    holidays: Mapping[date, str] = {}
    exceptions: Mapping[date, tuple[Hours, ...]] = {}

    def hours(self, day: date) -> tuple[Hours, ...]:
        """The business hours of one local date."""
        found = self.exceptions.get(day)
        if found is not None:
            return found
        return () if day in self.holidays else self.week[day.weekday()]

    def intervals(self, start: int, end: int | None) -> Iterator[Interval]:
        """Business time from ``start`` to ``end`` in order; without an ``end`` until there was none for 20 years. None from the
        last days of the year 9999 on."""
        if start >= _LAST:
            return
        zone = ZoneInfo(self.zone)
        # The day before can reach over midnight where the clock is put back at midnight.
        day = day_of(start, zone) - timedelta(days=1)
        idle = 0
        while idle < _SEARCH_DAYS:
            opened = union((instant_of(day, each.start, zone), instant_of(day, each.end, zone)) for each in self.hours(day))
            if end is not None and instant_of(day, 0, zone) >= end:
                return
            idle = 0 if opened else idle + 1
            for begin, until in opened:
                begin, until = max(begin, start), until if end is None else min(until, end)
                if begin < until:
                    yield begin, until
            if day >= date.max - timedelta(days=2):
                return
            day += timedelta(days=1)


def elapsed(calendar: BusinessCalendar | None, start: int, end: int, pauses: Timeline = ()) -> int:
    """Microseconds that a clock ran from ``start`` to ``end``: business time without ``pauses``. Without a calendar it always
    runs."""
    running = [(start, end)] if calendar is None else union(calendar.intervals(start, end))
    return total(difference(running, pauses)) if start < end else 0


def due_at(calendar: BusinessCalendar | None, start: int, amount: int, pauses: Timeline = ()) -> int | None:
    """The first instant at which the clock has run for ``amount`` microseconds; ``start`` for 0. None when it never does: the
    calendar has no business time any more, or a pause has no end.

    ``pauses`` is a timeline; a pause without end ends at ``FOREVER``. The bound is inclusive: a clock stopped at this instant
    is met, one stopped a microsecond later is breached.
    """
    if amount <= 0:
        return start
    # From pause to pause, so that a pause of years is not searched day by day.
    for begin, until in difference([(start, FOREVER)], pauses):
        hours = [(begin, until)] if calendar is None else calendar.intervals(begin, None if until == FOREVER else until)
        for opened, closed in hours:
            if amount <= closed - opened:
                return opened + amount
            amount -= closed - opened
    return None
