"""The response and resolution clocks of an instance in a period, as they stood at the report."""

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.clock_breaches import KINDS, limits_of, terms_of
from actors.sla_clock.limits.instance_clocks import InstanceClock, clocks_of
from actors.sla_clock.time_limit import read_clock
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import wall_time
from protocols.sla.report import AlarmClock

MOST_PAUSES: Final = 3
"""Pauses that the note of one clock names."""


def reported_clocks(reader: EvidenceReader, instance: SlaInstance, period: Period, as_of: int) -> tuple[AlarmClock, ...]:
    """The clocks that ran within the period and have a limit. Facts behind ``as_of`` change nothing."""
    if not len(reader.state.clocks):
        return ()
    found: list[AlarmClock] = []
    for clock in clocks_of(reader, instance, period, as_of):
        if clock.times.raised < as_of:
            found += _of_alarm(reader, clock, period, as_of)
    return tuple(sorted(found, key=lambda each: (each.started, each.alarm, each.clock)))


def _of_alarm(reader: EvidenceReader, clock: InstanceClock, period: Period, as_of: int) -> Iterator[AlarmClock]:
    facts = reader.state.clocks.by_id[clock.alarm_id]
    for kind in KINDS:
        if not limits_of(clock, kind):
            continue
        result = read_clock(kind, clock.times, terms_of(clock, kind), as_of)
        over = result.stopped_at is not None and result.stopped_at < period.start
        if result.limit is None or over:
            continue
        severity = clock.times.severity
        for change in clock.times.changes:
            if change.at <= as_of:
                severity = change.severity
        yield AlarmClock(
            clock=kind,
            alarm=facts.name or clock.alarm_id,
            severity=severity,
            started=clock.times.raised,
            limit=result.limit,
            elapsed=result.elapsed,
            due=result.due_at,
            stopped=result.stopped_at,
            verdict=result.state,
            note=_note(clock, as_of),
        )


def _note(clock: InstanceClock, as_of: int) -> str:
    """The pauses so far, and whether business hours apply."""
    terms = clock.definition.terms
    zone = ZoneInfo(terms.calendar.zone if terms.calendar is not None else terms.period.zone)
    raised, ended = clock.times.raised, clock.times.ended
    last = ended[-1].start if ended and ended[-1].end is None else as_of
    begun = [each for each in clock.times.pauses if each.start < min(last, as_of)]
    # A pause that lasts stands behind those of the same begin that have ended.
    pauses = sorted({(each.start, NEVER if each.end is None else each.end, each.reason) for each in begun})
    shown = [each for each in pauses if each[1] > raised]
    parts = [f"in business hours ({terms.calendar.zone})"] if terms.calendar is not None else []
    for start, end, reason in shown[:MOST_PAUSES]:
        until = f" to {wall_time(end, zone):%Y-%m-%d %H:%M:%S}" if end <= as_of else ""
        since = f"{wall_time(max(start, raised), zone):%Y-%m-%d %H:%M:%S}"
        parts.append(f"paused {'from ' if not until else ''}{since}{until}: {reason.replace('_', ' ')}")
    if len(shown) > MOST_PAUSES:
        parts.append(f"and {len(shown) - MOST_PAUSES} more pauses")
    return "; ".join(parts)
