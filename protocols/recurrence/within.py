"""Occurrences of a plan within a span of time, in whole microseconds since 1970 UTC: for sums over the past and the future.

:mod:`protocols.recurrence.occurrences` answers for one moment.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple, Protocol

from protocols.recurrence.occurrences import SHIFT, series, to_utc, to_wall, zone_of
from protocols.rest_fields import EARLIEST, LATEST
from protocols.sla.local_time import instant_at

MOST_WITHIN = 10_000
"""Occurrences in one answer at most. A plan begins at most 24 times a day, so this is more than a year of any plan."""
_MICROSECOND = timedelta(microseconds=1)
_LAST = (LATEST - EARLIEST) // _MICROSECOND
_FIRST = datetime.min  # noqa: DTZ901 - of a wall clock


class Recurring(Protocol):
    """A plan that begins at ``start``, or by ``recurrence`` from ``local_start`` on. Every
    :class:`protocols.maintenance.MaintenanceWindow` is one."""

    @property
    def start(self) -> datetime:
        """UTC."""
        ...

    @property
    def local_start(self) -> datetime:
        """The same on the wall clock of ``time_zone``, without a zone."""
        ...

    @property
    def time_zone(self) -> str:
        """IANA name."""
        ...

    @property
    def duration_seconds(self) -> float:
        """Elapsed time from the start of an occurrence to its end."""
        ...

    @property
    def recurrence(self) -> str:
        """RRULE; empty: once."""
        ...

    @property
    def exceptions(self) -> tuple[str, ...]:
        """Dates, and date-times in UTC, of occurrences that do not take place."""
        ...


class Within(NamedTuple):
    """Occurrences that overlap a span. ``until``: the answer is complete before this instant."""

    occurrences: list[tuple[int, int]]
    """Start and end of each, as planned and therefore also beyond the span; by their starts. Two can overlap in the night in
    which the clock is put forward."""
    until: int


def occurrences_within(plan: Recurring, start: int, end: int, at_most: int = MOST_WITHIN) -> Within:
    """The occurrences of ``plan`` that overlap ``[start, end)``. ``until`` is ``end``, or the start of the first occurrence
    that is left out because ``at_most`` others begin in the span before it: ask again from there. Nothing begins after 2199.

    Raises :class:`protocols.recurrence.rule.PlanError` for a rule or zone that cannot be read.
    """
    found: list[tuple[int, int]] = []
    if start >= end:
        return Within(found, end)
    length = timedelta(seconds=plan.duration_seconds) // _MICROSECOND
    stop = min(end, _LAST)
    inside = 0
    for begin in _starts(plan, start, length):
        if begin >= stop:
            break
        if begin >= start:
            if inside == at_most:
                return Within(found, begin)
            inside += 1
        if begin + length > max(begin, start):
            found.append((begin, begin + length))
    return Within(found, end)


def _starts(plan: Recurring, start: int, length: int) -> Iterator[int]:
    """The starts of the occurrences that can last until ``start`` or later, in their order, each instant once."""
    if not plan.recurrence:
        yield instant_at(plan.start)
        return
    zone = zone_of(plan.time_zone)
    since = to_wall(EARLIEST + min(max(start, 0), _LAST) * _MICROSECOND, zone)
    since -= min(length * _MICROSECOND + SHIFT, since - _FIRST)
    walls = series(plan.recurrence, plan.local_start, plan.time_zone, plan.exceptions).walls(since)
    # Where the clock skips an hour, later readings of it can be earlier moments: each waits until none can come before it.
    waiting: list[tuple[int, datetime]] = []
    previous: int | None = None
    for wall in chain(walls, (None,)):
        while waiting and (wall is None or waiting[0][1] + SHIFT < wall):
            begin, _ = heapq.heappop(waiting)
            if begin != previous:
                yield begin
            previous = begin
        if wall is not None:
            heapq.heappush(waiting, (instant_at(to_utc(wall, zone)), wall))
