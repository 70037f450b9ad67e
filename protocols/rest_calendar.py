"""The calendar of maintenance windows: their occurrences within a span of time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from protocols.maintenance import MaintenanceWindow
from protocols.recurrence.within import occurrences_within
from protocols.rest_body import Body
from protocols.rest_fields import Name, Time, check_time
from protocols.sla.local_time import instant_at, utc_time

LONGEST: Final = timedelta(days=62)
MOST: Final = 2_000
"""Occurrences in one answer."""


class CalendarQuery(Body, frozen=True, kw_only=True, rename={"since": "from", "before": "to"}):
    """The query of the calendar."""

    since: Annotated[Time, Meta(description="Occurrences that overlap the time from here on")]
    before: Annotated[Time, Meta(description="until before here, at most 62 days later")]
    tenant_id: Name | None = None

    def __post_init__(self) -> None:
        check_time("from", self.since)
        check_time("to", self.before)
        if not self.since < self.before <= self.since + LONGEST:
            raise ValueError(f"to: is not after from, or more than {LONGEST.days} days later")


class OccurrenceShown(Struct, frozen=True, kw_only=True):
    """One time that a window is open, as planned; where somebody ended or cancelled it, until then."""

    window_id: str
    tenant_id: str | None
    title: str
    start: datetime
    end: datetime
    ended_early: bool


class WindowCalendar(Struct, frozen=True):
    """Occurrences by their starts. ``complete`` is false when there are more than 2,000: the first are shown."""

    items: tuple[OccurrenceShown, ...]
    complete: bool


def calendar_of(windows: Iterable[MaintenanceWindow], since: datetime, before: datetime) -> WindowCalendar:
    """The occurrences of these windows that overlap ``[since, before)``."""
    start, end = instant_at(since), instant_at(before)
    found: list[tuple[int, int, MaintenanceWindow, bool]] = []
    complete = True
    for window in windows:
        within = occurrences_within(window, start, end, MOST)
        complete = complete and within.until >= end
        for begin, planned in within.occurrences:
            until = _until(window, begin, planned)
            if until > max(begin, start):
                found.append((begin, until, window, until < planned))
    found.sort(key=lambda each: (each[0], each[1], each[2].id))
    shown = tuple(
        OccurrenceShown(
            window_id=window.id,
            tenant_id=window.tenant_id,
            title=window.title,
            start=utc_time(begin),
            end=utc_time(until),
            ended_early=early,
        )
        for begin, until, window, early in found[:MOST]
    )
    return WindowCalendar(shown, complete and len(found) <= MOST)


def _until(window: MaintenanceWindow, begin: int, planned: int) -> int:
    """The end of an occurrence, or when somebody ended it or cancelled the window. Not after ``begin``: it is none."""
    until = planned
    if window.cancelled_at is not None:
        until = min(until, instant_at(window.cancelled_at))
    if window.ended_at is not None and begin <= instant_at(window.ended_at):
        until = min(until, instant_at(window.ended_at))
    return until
