"""The response and the resolution clock of one alarm, with a limit for each severity. Pure, in whole microseconds since 1970.

Theory. An :class:`AlarmTimes` holds the facts of an alarm, corrected where one was wrong. :func:`read_clock` derives a clock
from nothing else. So a correction, also one of facts long past, gives the clock as if the mistake had not been made.

Both clocks start at the raise. ``CLOCKS`` names the facts that stop each of them:

==============  ============  ============  ============================================================================
fact            response      resolution    reason
==============  ============  ============  ============================================================================
acknowledged    stops it      -             the first acknowledgement is the response; no later event takes it away
ended           stops it      stops it      the alarm was cleared or resolved: nothing is left to respond to
re-opened       resumes it    resumes it    unless acknowledged; the time between end and re-opening does not count
paused          halts it      halts it      for a stated reason; pauses may overlap, lie in the past, and have no end
severity        other limit   other limit   the new limit applies to the whole elapsed time, pauses kept
==============  ============  ============  ============================================================================

A clock runs in business time. The state at an instant is the first of these that applies:

- *breached*: the clock was over its limit at this instant or earlier. Facts of a later time change nothing: no stop, no
  pause and no lower severity. A pause of an earlier time, stated afterwards, can.
- *met*: it is stopped, in time.
- *paused*: a pause contains the instant.
- *running*: everything else, also outside business hours.

Bounds are inclusive. A clock is *due* at the first instant at which it has run for its limit; stopped there it is met. It is
breached a microsecond later, also if that microsecond is outside business hours or within a pause. A new severity whose
limit has elapsed already breaches the clock at the instant of the change, never before it. An alarm that is ended cannot
breach; re-opened with its limit used up, it is breached at the re-opening.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from protocols.severity import Severity
from protocols.sla.business_time import FOREVER, BusinessCalendar, due_at, elapsed
from protocols.sla.clock_facts import AlarmTimes, ClockKind, ClockPause, ClockState, EndedSpan, PauseReason, SeverityChange
from protocols.sla.intervals import Interval, Timeline, union

StoppingFact = Literal["acknowledged", "ended"]

CLOCKS: Final[dict[ClockKind, tuple[StoppingFact, ...]]] = {
    "response": ("acknowledged", "ended"),
    "resolution": ("ended",),
}


class ClockTerms(Struct, frozen=True):
    """``limits``: microseconds by severity; a severity that is missing has no limit. ``calendar``: None for all hours.
    ``at_risk_percent``: the part of the limit after which a warning is given, 1 to 100; None for no warning."""

    limits: Mapping[Severity, int]
    calendar: BusinessCalendar | None = None
    at_risk_percent: int | None = None


class ClockResult(NamedTuple):
    """A clock at one instant. ``limit``, ``due_at`` and ``warning_at`` are those of the severity at that instant.

    ``due_at`` is None without a limit, if a pause without end began before the limit elapsed, and if there is no business time
    any more. It does not depend on the last stop: a clock that was met still says when it was due.

    ``warning_at`` and ``breach_at`` are instants in the past, or in the future if nothing changes; None if they never come.
    A clock that goes straight over its limit by a new severity has both at the instant of the change.
    """

    state: ClockState
    elapsed: int
    limit: int | None
    due_at: int | None
    warning_at: int | None
    breach_at: int | None
    stopped_at: int | None
    paused_by: tuple[PauseReason, ...]


# --- facts and corrections -----------------------------------------------------------------------------------------


def change_severity(times: AlarmTimes, at: int, severity: Severity) -> AlarmTimes:
    """Another severity from ``at`` on, also in the past. One for the same instant is replaced."""
    others = [each for each in times.changes if each.at != at]
    changes = sorted([*others, SeverityChange(at, severity)], key=lambda each: each.at)
    return replace(times, changes=tuple(changes))


def acknowledge(times: AlarmTimes, at: int) -> AlarmTimes:
    """An acknowledgement. The first in time counts, whichever becomes known first."""
    first = at if times.acknowledged is None else min(times.acknowledged, at)
    return replace(times, acknowledged=first)


def end(times: AlarmTimes, at: int) -> AlarmTimes:
    """Cleared or resolved. An alarm that is ended already keeps its end (cleared, and resolved later)."""
    if times.ended and times.ended[-1].end is None:
        return times
    return replace(times, ended=(*times.ended, EndedSpan(at)))


def reopen(times: AlarmTimes, at: int) -> AlarmTimes:
    """Re-opened at ``at``. Nothing happens to an alarm that is not ended."""
    if not times.ended or times.ended[-1].end is not None:
        return times
    return replace(times, ended=(*times.ended[:-1], replace(times.ended[-1], end=at)))


def set_pause(times: AlarmTimes, pause: ClockPause) -> AlarmTimes:
    """A pause, also one in the past or the future. One with the same id is replaced: so it is ended, moved, or taken back by an
    ``end`` that is not after its ``start``."""
    others = [each for each in times.pauses if each.id != pause.id]
    return replace(times, pauses=tuple(sorted([*others, pause], key=lambda each: (each.start, each.id))))


# --- the clock ---------------------------------------------------------------------------------------------------------


def read_clock(kind: ClockKind, times: AlarmTimes, terms: ClockTerms, now: int) -> ClockResult:
    """The clock of ``times`` at ``now``. Facts later than ``now`` count from their instants on."""
    stops = _stops(kind, times)
    stopped_at = next((start for start, until in stops if start <= now < until), None)
    stopped = stops.pop()[0] if stops and stops[-1][1] >= FOREVER else None
    # ``stops`` now has only those that a re-opening ended.
    halts = union([*stops, *((each.start, _ending(each.end)) for each in times.pauses)])
    segments = [SeverityChange(times.raised, times.severity), *times.changes]
    course = _Course(times.raised, terms.calendar, halts, stops, stopped)

    current = max((i for i, each in enumerate(segments) if i and each.at <= now), default=0)
    limit = terms.limits.get(segments[current].severity)
    warning = None
    if limit is not None and terms.at_risk_percent is not None:
        # Rounded up: not before the percentage has elapsed.
        amount = -(-limit * terms.at_risk_percent // 100)
        warning = course.first(segments, current, course.reached(amount))
    breach = _breach(course, segments, terms)

    paused_by = [each.reason for each in times.pauses if each.start <= now < _ending(each.end)]
    state: ClockState = "paused" if paused_by else "running"
    if breach is not None and breach <= now:
        state = "breached"
    elif stopped_at is not None:
        state = "met"
    return ClockResult(
        state=state,
        elapsed=elapsed(terms.calendar, times.raised, now if stopped is None else min(now, stopped), halts),
        limit=limit,
        due_at=None if limit is None else course.reached(limit),
        warning_at=warning,
        breach_at=breach,
        stopped_at=stopped_at,
        paused_by=() if stopped_at is not None else tuple(dict.fromkeys(paused_by)),
    )


class _Course(NamedTuple):
    """The course of one clock. ``halts`` has the pauses and ``stops``; ``stops`` those that ended; ``stopped`` the last one."""

    raised: int
    calendar: BusinessCalendar | None
    halts: Timeline
    stops: Timeline
    stopped: int | None

    def reached(self, amount: int) -> int | None:
        """The first instant at which the clock has run for ``amount``, were it not stopped."""
        return due_at(self.calendar, self.raised, amount, self.halts)

    def first(self, segments: list[SeverityChange], index: int, at: int | None) -> int | None:
        """The first instant from ``at`` on at which the severity of this index is in force and the clock is not stopped."""
        if at is None:
            return None
        if index:
            at = max(at, segments[index].at)
        for start, until in self.stops:
            # The instant of a stop is still the clock's: stopped a microsecond late is late.
            if start < at < until:
                at = until
        if index + 1 < len(segments) and at >= segments[index + 1].at:
            return None
        return None if self.stopped is not None and at > self.stopped else at


def _breach(course: _Course, segments: list[SeverityChange], terms: ClockTerms) -> int | None:
    """The first instant at which the clock is over the limit of the severity that is in force then."""
    for index, segment in enumerate(segments):
        limit = terms.limits.get(segment.severity)
        due = None if limit is None else course.reached(limit)
        found = None if due is None else course.first(segments, index, due + 1)
        if found is not None:
            return found
    return None


def _stops(kind: ClockKind, times: AlarmTimes) -> list[Interval]:
    """The timeline in which the facts of ``CLOCKS`` stop this clock."""
    facts: dict[StoppingFact, list[Interval]] = {
        "acknowledged": [] if times.acknowledged is None else [(times.acknowledged, FOREVER)],
        "ended": [(each.start, _ending(each.end)) for each in times.ended],
    }
    return union(interval for fact in CLOCKS[kind] for interval in facts[fact])


def _ending(at: int | None) -> int:
    return FOREVER if at is None else at
