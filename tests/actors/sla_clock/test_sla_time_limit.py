"""Response and resolution clocks: cases with their instants, and any history against a walk second by second."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.sla_clock.time_limit import (
    ClockTerms,
    acknowledge,
    change_severity,
    end,
    read_clock,
    reopen,
    set_pause,
)
from actors.trusted_clock import instant, micros
from protocols.severity import Severity
from protocols.sla.business_time import BusinessCalendar, Hours
from protocols.sla.clock_facts import AlarmTimes, ClockKind, ClockPause, ClockState, EndedSpan

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = 1_000_000
HOUR = 3600 * SECOND
MON, TUE, FRI, NEXT_MON = "2026-11-30", "2026-12-01", "2026-12-04", "2026-12-07"


def at(text: str) -> int:
    """The instant of a local time of Berlin."""
    return micros(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def workdays(start: int, end: int) -> BusinessCalendar:
    return BusinessCalendar("Europe/Berlin", ((Hours(start * 3600, end * 3600),),) * 5 + ((), ()))


def test_a_warning_comes_in_business_time_not_at_midnight() -> None:
    terms = ClockTerms({"major": 4 * HOUR}, workdays(8, 18), at_risk_percent=75)
    found = read_clock("resolution", AlarmTimes(at(f"{MON}T17:00"), "major"), terms, at(f"{MON}T20:00"))
    assert found.due_at is not None
    assert found.warning_at is not None
    assert instant(found.due_at) == instant(at(f"{TUE}T11:00"))
    assert instant(found.warning_at) == instant(at(f"{TUE}T10:00"))
    assert (found.state, found.elapsed, found.breach_at) == ("running", HOUR, found.due_at + 1)


@pytest.mark.parametrize(
    ("pause", "due"),
    [
        ((f"{FRI}T17:00", f"{NEXT_MON}T09:00"), f"{NEXT_MON}T16:00"),
        ((f"{FRI}T18:00", f"{NEXT_MON}T09:00"), f"{NEXT_MON}T15:00"),
    ],
)
def test_a_pause_over_the_weekend_moves_the_due_instant_by_its_business_time(pause: tuple[str, str], due: str) -> None:
    terms = ClockTerms({"major": 8 * HOUR}, workdays(9, 18))
    times = AlarmTimes(at(f"{FRI}T16:00"), "major")
    times = set_pause(times, ClockPause("p1", "waiting_for_customer", at(pause[0]), at(pause[1])))
    found = read_clock("resolution", times, terms, at(f"{FRI}T20:00"))
    assert found.due_at == at(due)
    assert (found.state, found.paused_by) == ("paused", ("waiting_for_customer",))


@pytest.mark.parametrize(
    ("acknowledged", "state"),
    [
        ("2026-11-30T14:59:59.999999", "met"),
        ("2026-11-30T15:00:00.000000", "met"),
        ("2026-11-30T15:00:00.000001", "breached"),
    ],
)
@pytest.mark.parametrize("calendar", [None, workdays(8, 15), workdays(8, 18)])
def test_the_due_instant_is_met_and_a_microsecond_later_is_breached(
    acknowledged: str, state: ClockState, calendar: BusinessCalendar | None
) -> None:
    terms = ClockTerms({"critical": HOUR}, calendar)
    times = acknowledge(AlarmTimes(at(f"{MON}T14:00"), "critical"), at(acknowledged))
    found = read_clock("response", times, terms, at(f"{TUE}T12:00"))
    assert found.state == state
    assert found.due_at == at(f"{MON}T15:00")
    assert found.breach_at == (found.due_at + 1 if state == "breached" else None)


@dataclass
class Case:
    """One alarm raised at 100 as minor. Limits: 15 critical, 50 minor, none for info; warned after 80 %."""

    times: AlarmTimes
    state: ClockState
    elapsed: int
    due_at: int | None
    warning_at: int | None
    breach_at: int | None
    kind: ClockKind = "resolution"
    now: int = 200


LIMITS: dict[Severity, int] = {"critical": 15, "minor": 50}
MINOR = AlarmTimes(100, "minor")
SPELL = set_pause(MINOR, ClockPause("p1", "maintenance", 110, 130))


@pytest.mark.parametrize(
    "case",
    [
        Case(MINOR, "running", 0, 150, 140, 151, now=50),
        Case(MINOR, "running", 50, 150, 140, 151, now=150),
        Case(MINOR, "breached", 51, 150, 140, 151, now=151),
        # An acknowledgement stops the response alone, an end both.
        Case(acknowledge(MINOR, 120), "met", 20, 150, None, None, kind="response"),
        Case(acknowledge(MINOR, 120), "breached", 100, 150, 140, 151),
        Case(end(MINOR, 120), "met", 20, 150, None, None, kind="response"),
        Case(end(MINOR, 145), "met", 45, 150, 140, None),
        Case(end(end(MINOR, 145), 190), "met", 45, 150, 140, None),
        # The first acknowledgement counts; a mistaken one is taken back by a correction.
        Case(acknowledge(acknowledge(MINOR, 190), 120), "met", 20, 150, None, None, kind="response"),
        Case(replace(acknowledge(MINOR, 120), acknowledged=None), "breached", 100, 150, 140, 151, kind="response"),
        # Pauses: overlapping, outside of the clock, without end, stated again with an end, and taken back.
        Case(set_pause(SPELL, ClockPause("p2", "agreed", 120, 140)), "breached", 70, 180, 170, 181),
        Case(set_pause(MINOR, ClockPause("p1", "agreed", 10, 100)), "breached", 100, 150, 140, 151),
        Case(set_pause(MINOR, ClockPause("p1", "agreed", 120)), "paused", 20, None, None, None),
        Case(set_pause(MINOR, ClockPause("p1", "agreed", 145)), "paused", 45, None, 140, None),
        Case(set_pause(MINOR, ClockPause("p1", "agreed", 160)), "breached", 60, 150, 140, 151),
        Case(set_pause(SPELL, ClockPause("p1", "maintenance", 110, 115)), "breached", 95, 155, 145, 156),
        Case(set_pause(SPELL, ClockPause("p1", "maintenance", 110, 110)), "breached", 100, 150, 140, 151),
        # A pause that begins at the due instant does not change that instant.
        Case(set_pause(MINOR, ClockPause("p1", "agreed", 150)), "breached", 50, 150, 140, 151),
        # A worse severity: its limit for the whole elapsed time, breached at once if that is used up, and pauses kept.
        Case(change_severity(MINOR, 105, "critical"), "breached", 100, 115, 112, 116),
        Case(change_severity(MINOR, 130, "critical"), "breached", 100, 115, 130, 130),
        Case(change_severity(SPELL, 132, "critical"), "breached", 80, 135, 132, 136),
        Case(change_severity(SPELL, 120, "critical"), "breached", 80, 135, 132, 136),
        Case(change_severity(SPELL, 120, "critical"), "paused", 10, 135, 132, 136, now=125),
        # A lower severity gives more time, and cures no breach.
        Case(change_severity(AlarmTimes(100, "critical"), 110, "minor"), "running", 30, 150, 140, 151, now=130),
        Case(change_severity(AlarmTimes(100, "critical"), 130, "minor"), "breached", 30, 150, 140, 116, now=130),
        Case(change_severity(MINOR, 130, "info"), "running", 100, None, None, None),
        # A change at the instant of the breach takes effect before it.
        Case(change_severity(AlarmTimes(100, "critical"), 116, "minor"), "running", 20, 150, 140, 151, now=120),
        # Re-opening: the time between does not count.
        Case(reopen(end(MINOR, 130), 160), "running", 50, 180, 170, 181, now=180),
        Case(reopen(end(MINOR, 130), 160), "met", 30, 180, 170, 181, now=150),
        Case(reopen(end(MINOR, 150), 160), "breached", 50, 150, 140, 160, now=160),
        Case(reopen(end(MINOR, 151), 160), "breached", 51, 150, 140, 151, now=155),
        Case(reopen(acknowledge(end(MINOR, 130), 140), 160), "met", 30, 150, None, None, kind="response"),
        Case(reopen(MINOR, 160), "breached", 100, 150, 140, 151),
        # Corrections: of the raise, of a clear that became known late, of one that was reported too early.
        Case(replace(MINOR, raised=80), "breached", 120, 130, 120, 131),
        Case(replace(MINOR, raised=180), "running", 20, 230, 220, 231),
        Case(replace(MINOR, ended=(EndedSpan(150),)), "met", 50, 150, 140, None),
        Case(replace(MINOR, ended=(EndedSpan(151),)), "breached", 51, 150, 140, 151),
        Case(end(MINOR, 120), "met", 20, 150, None, None),
        Case(replace(end(MINOR, 150), raised=170), "met", 0, 220, None, None),
    ],
)
def test_a_clock_in_its_cases(case: Case) -> None:
    found = read_clock(case.kind, case.times, ClockTerms(LIMITS, at_risk_percent=80), case.now)
    got = Case(case.times, found.state, found.elapsed, found.due_at, found.warning_at, found.breach_at, case.kind, case.now)
    assert got == case


def test_without_business_time_a_clock_is_never_due() -> None:
    terms = ClockTerms(LIMITS, BusinessCalendar("UTC", ((),) * 7), at_risk_percent=80)
    found = read_clock("resolution", MINOR, terms, 10**15)
    assert (found.state, found.elapsed, found.due_at, found.breach_at) == ("running", 0, None, None)


def test_the_warning_is_not_before_its_percentage_has_elapsed() -> None:
    found = read_clock("resolution", AlarmTimes(0, "minor"), ClockTerms({"minor": 10}, at_risk_percent=75), 0)
    assert found.warning_at == 8


# --- the walk ------------------------------------------------------------------------------------------------------------


Walked = tuple[ClockState, int, int | None, int | None, int | None]
"""State, elapsed, due, warning and breach."""


def walk(
    kind: ClockKind, times: AlarmTimes, terms: ClockTerms, now: int, opened: Callable[[int], bool], unit: int, last: int
) -> Walked:
    """The clock by the sentences of its theory, unit by unit up to ``last``. Facts are at whole units."""
    stops = [(each.start, each.end) for each in times.ended]
    if kind == "response" and times.acknowledged is not None:
        stops.append((times.acknowledged, None))

    def stopped(moment: int) -> bool:
        return any(start <= moment and (until is None or moment < until) for start, until in stops)

    def paused(moment: int) -> bool:
        return any(each.start <= moment and (each.end is None or moment < each.end) for each in times.pauses)

    def segment(moment: int) -> int:
        return sum(each.at <= moment for each in times.changes)

    severities = [times.severity, *(each.severity for each in times.changes)]
    moments = range(times.raised, last, unit)
    for_good = last
    while for_good > times.raised and stopped(for_good - unit):
        for_good -= unit
    ran: dict[int, int] = {}
    total = elapsed_now = 0
    for moment in moments:
        ran[moment] = total
        # What would have been due does not depend on a stop for good.
        if opened(moment) and not paused(moment) and (moment >= for_good or not stopped(moment)):
            total += unit
            elapsed_now += unit * (moment < now and moment < for_good)

    def first(amount: int | None) -> int | None:
        return None if amount is None else next((each for each in moments if ran[each] >= amount), None)

    limits = [terms.limits.get(each) for each in severities]
    due = [first(each) for each in limits]
    percent = terms.at_risk_percent or 0
    risky = [None if each is None else first(-(-each * percent // (100 * unit)) * unit) for each in limits]

    def find(since: list[int | None], extra: int, of: int | None) -> int | None:
        for probe in (probe for moment in moments for probe in (moment, moment + 1)):
            there = segment(probe)
            if of in (None, there) and not (stopped(probe) and stopped(probe - 1)):
                known = since[there]
                if known is not None and probe >= known + extra:
                    return probe
        return None

    breach = find(due, 1, None)
    state: ClockState = "paused" if paused(now) else "running"
    if breach is not None and breach <= now:
        state = "breached"
    elif stopped(now):
        state = "met"
    return state, elapsed_now, due[segment(now)], find(risky, 0, segment(now)), breach


LEVELS: list[Severity] = ["critical", "major", "minor", "info"]
KINDS: list[ClockKind] = ["response", "resolution"]


@st.composite
def histories(draw: st.DrawFn, begin: int, unit: int, span: int) -> AlarmTimes:
    """Facts within ``span`` units from ``begin``: changes, pauses with and without an end, ends and re-openings."""
    moments = st.integers(0, span).map(lambda each: begin + each * unit)
    times = AlarmTimes(draw(st.integers(0, span // 3)) * unit + begin, draw(st.sampled_from(LEVELS)))
    for moment, severity in draw(st.lists(st.tuples(moments, st.sampled_from(LEVELS)), max_size=3)):
        times = change_severity(times, moment, severity)
    for index, (start, until) in enumerate(draw(st.lists(st.tuples(moments, st.none() | moments), max_size=3))):
        times = set_pause(times, ClockPause(f"p{index}", "maintenance", start, until))
    turns = sorted(draw(st.lists(moments, max_size=4, unique=True)))
    for index, moment in enumerate(turns):
        times = reopen(times, moment) if index % 2 else end(times, moment)
    if draw(st.booleans()):
        times = acknowledge(times, draw(moments))
    return times


def later(found: int | None, last: int) -> int | None:
    """An instant that the walk cannot reach is none for it."""
    return None if found is None or found >= last else found


def compare(
    kind: ClockKind, times: AlarmTimes, terms: ClockTerms, now: int, opened: Callable[[int], bool], unit: int, last: int
) -> None:
    found = read_clock(kind, times, terms, now)
    got = (
        found.state,
        found.elapsed,
        later(found.due_at, last),
        later(found.warning_at, last),
        later(found.breach_at, last),
    )
    assert got == walk(kind, times, terms, now, opened, unit, last)


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    times=histories(0, 1, 60),
    limits=st.tuples(*[st.integers(1, 25)] * 3),
    percent=st.integers(1, 100),
    now=st.integers(0, 70),
)
def test_a_clock_of_all_hours_is_that_of_a_walk_microsecond_by_microsecond(
    kind: ClockKind, times: AlarmTimes, limits: tuple[int, ...], percent: int, now: int
) -> None:
    terms = ClockTerms(dict(zip(LEVELS, limits, strict=False)), None, percent)
    compare(kind, times, terms, now, lambda _: True, 1, 200)


EDGES = [0, 1800, 3599, 5400, 7199, 10801, 12600, 14400, 18000, 82_800, 84_600, 86_399, 86_400]
"""Seconds of a day. Edges within the hour that a change of the clock skips or doubles are held by the table of local times."""
hours = st.lists(st.lists(st.sampled_from(EDGES), min_size=2, max_size=2, unique=True).map(sorted), max_size=2).map(
    lambda pairs: tuple(Hours(start, until) for start, until in pairs)
)
NIGHTS = [
    datetime(2026, 3, 28, 22, tzinfo=UTC),  # three hours before summer time
    datetime(2026, 10, 24, 22, tzinfo=UTC),  # three hours before winter time
    datetime(2026, 12, 24, 22, tzinfo=UTC),  # an hour before the holiday
    datetime(2026, 12, 25, 22, tzinfo=UTC),  # an hour before its end
]
HOLIDAY = date(2026, 12, 25)
LAST = 6 * 3600
"""Seconds that a walk goes on: into the morning."""


@settings(max_examples=40, deadline=None)
@given(data=st.data(), night=st.sampled_from(NIGHTS), week=st.tuples(*[hours] * 7), kind=st.sampled_from(KINDS))
def test_a_clock_in_business_time_is_that_of_a_walk_second_by_second(
    data: st.DataObject, night: datetime, week: tuple[tuple[Hours, ...], ...], kind: ClockKind
) -> None:
    begin = micros(night)
    last = begin + LAST * SECOND
    times = data.draw(histories(begin, SECOND, 4 * 3600))
    limits = data.draw(st.tuples(*[st.integers(1, 7200).map(lambda each: each * SECOND)] * 3))
    now = begin + data.draw(st.integers(0, LAST)) * SECOND
    percent = data.draw(st.sampled_from([20, 50, 100]))
    # Whole seconds are warned at whole seconds.
    limits = tuple(each - each % (10 * SECOND) + 10 * SECOND for each in limits)
    terms = ClockTerms(
        dict(zip(LEVELS, limits, strict=False)),
        BusinessCalendar("Europe/Berlin", week, holidays={HOLIDAY: "a holiday"}),
        percent,
    )
    mask: dict[int, bool] = {}

    def opened(moment: int) -> bool:
        if moment not in mask:
            wall = instant(moment).astimezone(BERLIN)
            second = wall.hour * 3600 + wall.minute * 60 + wall.second
            is_open = any(each.start <= second < each.end for each in week[wall.weekday()])
            mask[moment] = is_open and wall.date() != HOLIDAY
        return mask[moment]

    compare(kind, times, terms, now, opened, SECOND, last)


@settings(deadline=None)
@given(st.data())
def test_facts_give_the_same_clock_in_any_order_of_arrival(data: st.DataObject) -> None:
    moments = st.integers(0, 60)
    changes = data.draw(st.lists(st.tuples(moments, st.sampled_from(LEVELS)), max_size=4, unique_by=lambda each: each[0]))
    pauses = data.draw(st.lists(st.tuples(moments, st.none() | moments), max_size=4))
    facts: list[Callable[[AlarmTimes], AlarmTimes]] = [
        *(partial(change_severity, at=moment, severity=severity) for moment, severity in changes),
        *(partial(set_pause, pause=ClockPause(f"p{index}", "agreed", *span)) for index, span in enumerate(pauses)),
        *(partial(acknowledge, at=each) for each in data.draw(st.lists(moments, max_size=3))),
    ]
    found = []
    for order in (facts, data.draw(st.permutations(facts))):
        times = AlarmTimes(10, "major")
        for fact in order:
            times = fact(times)
        found.append(times)
    assert found[0] == found[1]
