"""Maintenance of which customers had notice, from the history of a maintenance window. Pure, in whole microseconds.

A window can be changed, so each plan of it counts for the time in which it was in force: from the command that made it until
the next one. Time that passed within a window stays maintenance, whatever is changed later; time that an early end or a
cancellation took away never becomes maintenance.

The *announcement* of an instant is the first plan since which the window has had it within an occurrence, without interruption
and with the service in its scope. Work is *planned* if its announcement is at least the notice before the begin of its
occurrence. A new title takes no announcement away. A window that is moved, extended or widened announces only the time and the
services that it adds. A window that begins before it is made is never planned, not even with a notice of 0.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple

from protocols.maintenance import MaintenanceWindow
from protocols.recurrence.within import occurrences_within
from protocols.sla.intervals import Interval, Timeline, clip, difference, intersection, union
from protocols.sla.local_time import instant_at
from protocols.sla.window_history import PlanInForce, WindowHistory

MOST_PLANS = 20
"""Plans kept of one window. Of more the oldest go, with the time in which they were in force and their announcements."""
MOST_EARLY_ENDS = 10_000
"""Early ends kept of one window, the latest: more than a year of the most frequent one."""


class Work(NamedTuple):
    """Time ``[start, end)`` in a window, in one occurrence and with one announcement."""

    start: int
    end: int
    begin: int
    """Start of the occurrence."""
    announced_at: int


Covers = Callable[[MaintenanceWindow], bool]
"""Whether the service is in the scope of a window."""


def with_version(history: WindowHistory, window: MaintenanceWindow) -> WindowHistory:
    """The history with the window as it is now. A window of the same revision adds nothing: it has only opened or closed.

    The first version that is seen counts as in force since the window was made, but as announced only since its last change:
    an earlier announcement is not known.
    """
    if window.revision <= history.revision:
        return history
    plans, ends = history.plans, history.early_ends
    updated = instant_at(window.updated_at)
    if not plans:
        plans = (PlanInForce(window, instant_at(window.created_at), updated),)
    elif _plan_of(plans[-1].window) != _plan_of(window):
        plans = (*plans[-(MOST_PLANS - 1) :], PlanInForce(window, updated, updated))
    if window.ended_at is not None:
        ends = tuple(sorted({*ends, instant_at(window.ended_at)}))[-MOST_EARLY_ENDS:]
    cancelled = None if window.cancelled_at is None else instant_at(window.cancelled_at)
    return WindowHistory(plans, ends, cancelled, window.revision)


def work_within(history: WindowHistory, start: int, end: int, covers: Covers = lambda window: True) -> list[Work]:
    """The time of ``[start, end)`` that was, is or will be in the window while the service is in its scope; by start. For
    pauses and for display: the work need not be planned."""
    found: list[Work] = []
    if history.cancelled_at is not None:
        end = min(end, history.cancelled_at)
    plans = history.plans
    for number, plan in enumerate(plans):
        following = plans[number + 1].since if number + 1 < len(plans) else end
        bounds = max(start, plan.since), min(end, following)
        # Each with the start of its occurrence; what an earlier plan had as well was announced by that one.
        rest = [(*each, one[0]) for one in _occurrences(history, plan, bounds, covers) for each in clip([one], bounds)]
        for earlier in range(number, -1, -1):
            if not rest:
                break
            span = rest[0][0], max(each[1] for each in rest)
            known = union(_occurrences(history, plans[earlier - 1], span, covers)) if earlier else []
            before: list[tuple[int, int, int]] = []
            for start_of, end_of, begin in rest:
                piece, near = [(start_of, end_of)], _overlapping(known, start_of, end_of)
                found += [Work(*each, begin, plans[earlier].announced_at) for each in difference(piece, near)]
                before += [(*each, begin) for each in intersection(piece, near)]
            rest = before
    return sorted(found)


def planned_occurrences(
    history: WindowHistory, start: int, end: int, notice: int, covers: Covers = lambda window: True
) -> list[Work]:
    """The part of :func:`work_within` that was announced ``notice`` microseconds before the begin of its occurrence, or
    earlier."""
    return [each for each in work_within(history, start, end, covers) if each.announced_at <= each.begin - notice]


def excused_time(planned: Iterable[Work], outages: Iterable[Interval]) -> list[Interval]:
    """The timeline of planned work without the time of outages that were under way when it was announced: work that is
    announced during an outage does not shorten the outage, whatever the notice."""
    merged = union(outages)
    starts = [each[0] for each in merged]
    excused = []
    for work in planned:
        begin = work.start
        # Planned work is announced before it begins, so such an outage contains its start or does not touch it.
        number = bisect_right(starts, begin) - 1
        if number >= 0 and merged[number][0] < work.announced_at:
            begin = max(begin, merged[number][1])
        excused.append((begin, work.end))
    return union(excused)


def _plan_of(window: MaintenanceWindow) -> tuple[object, ...]:
    """Everything that decides when the window is open and for whom."""
    times = window.start, window.local_start, window.time_zone, window.duration_seconds, window.recurrence, window.exceptions
    return *times, window.scope


def _occurrences(history: WindowHistory, plan: PlanInForce, bounds: Interval, covers: Covers) -> list[Interval]:
    """Occurrences of the plan that overlap ``bounds``, until their early end."""
    found: list[Interval] = []
    since, end = bounds
    if since >= end or not covers(plan.window):
        return found
    while since < end:
        occurrences, since = occurrences_within(plan.window, since, end)
        for begin, finish in occurrences:
            ended = bisect_left(history.early_ends, begin)
            if ended < len(history.early_ends):
                finish = min(finish, history.early_ends[ended])
            if begin < finish and (not found or begin > found[-1][0]):
                found.append((begin, finish))
    return found


def _overlapping(timeline: Timeline, start: int, end: int) -> Timeline:
    """The intervals of ``timeline`` that overlap ``[start, end)``."""
    first = bisect_right(timeline, (start, start))
    if first and timeline[first - 1][1] > start:
        first -= 1
    return timeline[first : bisect_left(timeline, (end, end))]


def over_before(history: WindowHistory, horizon: int) -> bool:
    """True when the window was never open at ``horizon`` or later, and will not be."""
    last = history.plans[-1].window
    if history.cancelled_at is not None:
        return history.cancelled_at < horizon
    return not last.recurrence and instant_at(last.start) + round(last.duration_seconds * 1e6) < horizon
