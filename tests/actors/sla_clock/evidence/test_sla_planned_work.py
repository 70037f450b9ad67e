"""Planned work: announced in time, in the plan that was in force; against a walk over versions of the window."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.recurrence import planned_window, utc

from actors.sla_clock.evidence.planned_work import (
    MOST_EARLY_ENDS,
    MOST_PLANS,
    Work,
    excused_time,
    planned_occurrences,
    with_version,
    work_within,
)
from protocols.maintenance import MaintenanceWindow, WindowScope
from protocols.recurrence.occurrences import standing, to_wall, zone_of
from protocols.sla.intervals import Interval, union
from protocols.sla.local_time import instant_at
from protocols.sla.window_history import WindowHistory

HOUR = 3_600_000_000
DAY0 = utc("2026-03-02T00:00")
ZERO = instant_at(DAY0)


def hours(text: str) -> list[tuple[float, float]]:
    """``"10-12 22-26"`` as pairs."""
    return [(float(start), float(end)) for start, _, end in (each.partition("-") for each in text.split())]


def when(hour: float) -> datetime:
    return DAY0 + timedelta(hours=hour)


def made(start: float, end: float, at: float = -240, **more: Any) -> MaintenanceWindow:
    """A window that is made at hour ``at`` for the hours from ``start`` to ``end``."""
    one = planned_window("2026-03-01T00:00")
    times = {"start": when(start), "local_start": when(start).replace(tzinfo=None), "duration_seconds": (end - start) * 3600}
    return replace(one, **times, created_at=when(at), updated_at=when(at), **more)


def moved(window: MaintenanceWindow, start: float, end: float, at: float, **more: Any) -> MaintenanceWindow:
    new = made(start, end, at)
    times = {"start": new.start, "local_start": new.local_start, "duration_seconds": new.duration_seconds}
    return again(window, at, **{**times, **more})


def again(window: MaintenanceWindow, at: float, **more: Any) -> MaintenanceWindow:
    return replace(window, updated_at=when(at), revision=window.revision + 1, **more)


def history(*versions: MaintenanceWindow) -> WindowHistory:
    found = WindowHistory()
    for each in versions:
        found = with_version(found, each)
    return found


def shown(works: list[Work]) -> str:
    merged = union([(each.start, each.end) for each in works])
    return " ".join(f"{(start - ZERO) / HOUR:g}-{(end - ZERO) / HOUR:g}" for start, end in merged)


ONE = made(10, 12)
DAILY = made(10, 12, recurrence="FREQ=DAILY;COUNT=3")
LATE = made(10, 12, 8)
CASES: list[tuple[str, list[MaintenanceWindow], str, str]] = [
    # what the operator does, the versions, all its time, and its planned time with a notice of 24 hours
    ("announced in time", [ONE], "10-12", "10-12"),
    ("with exactly the notice", [made(10, 12, -14)], "10-12", "10-12"),
    ("a microsecond too late", [replace(made(10, 12, -14), updated_at=when(-14) + timedelta(microseconds=1))], "10-12", ""),
    ("announced two hours before", [LATE], "10-12", ""),
    ("made in the middle", [made(10, 12, 11)], "11-12", ""),
    ("a new title in the middle", [ONE, again(ONE, 11, title="splicing")], "10-12", "10-12"),
    ("extended in the middle", [ONE, moved(ONE, 10, 15, 11)], "10-15", "10-12"),
    ("extended in time", [ONE, moved(ONE, 10, 15, -20)], "10-15", "10-15"),
    ("shortened in the middle", [made(10, 15), moved(made(10, 15), 10, 12, 11)], "10-12", "10-12"),
    ("moved back, too late", [ONE, moved(ONE, 11, 13, 5)], "11-13", "11-12"),
    ("moved back, in time", [ONE, moved(ONE, 11, 13, -20)], "11-13", "11-13"),
    ("moved forward, too late", [ONE, moved(ONE, 9, 11, 5)], "9-11", "10-11"),
    ("moved elsewhere, too late", [ONE, moved(ONE, 20, 22, 11)], "10-11 20-22", "10-11"),
    ("moved away and back", [ONE, moved(ONE, 20, 22, 5), moved(moved(ONE, 20, 22, 5), 10, 12, 6)], "10-12", ""),
    ("moved over an outage behind it", [ONE, moved(ONE, 6, 8, 9)], "", ""),
    ("ended as it began", [ONE, again(ONE, 10, ended_at=when(10))], "", ""),
    ("ended early", [ONE, again(ONE, 11, ended_at=when(11))], "10-11", "10-11"),
    ("ended early, every day", [DAILY, again(DAILY, 11, ended_at=when(11)),
        again(again(DAILY, 11), 35.5, ended_at=when(35.5))], "10-11 34-35.5 58-60", "10-11 34-35.5 58-60"),
    ("cancelled before", [ONE, again(ONE, 9, cancelled_at=when(9))], "", ""),
    ("cancelled in the middle", [DAILY, again(DAILY, 35, cancelled_at=when(35))], "10-12 34-35", "10-12 34-35"),
    ("without Tuesday", [DAILY, again(DAILY, 20, exceptions=("2026-03-03",))], "10-12 58-60", "10-12 58-60"),
    ("without Tuesday, and with it again", [DAILY, again(DAILY, 20, exceptions=("2026-03-03",)), again(again(DAILY, 20), 21)],
        "10-12 34-36 58-60", "10-12 58-60"),
    ("late for the first, in time for the others", [made(10, 12, 8, recurrence="FREQ=DAILY;COUNT=3")],
        "10-12 34-36 58-60", "34-36 58-60"),
    ("first seen after a change", [again(ONE, 11, title="splicing")], "10-12", ""),
]  # fmt: skip


@pytest.mark.parametrize(("versions", "all_of_it", "planned"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_what_an_operator_does_to_a_window(versions: list[MaintenanceWindow], all_of_it: str, planned: str) -> None:
    found = history(*versions)
    assert shown(work_within(found, ZERO - 480 * HOUR, ZERO + 480 * HOUR)) == all_of_it
    assert shown(planned_occurrences(found, ZERO - 480 * HOUR, ZERO + 480 * HOUR, 24 * HOUR)) == planned


def test_a_notice_of_zero_asks_that_the_window_is_there_when_it_begins() -> None:
    at = {at: shown(planned_occurrences(history(made(10, 12, at)), ZERO, ZERO + 99 * HOUR, 0)) for at in (9, 10, 10.5)}
    assert at == {9: "10-12", 10: "10-12", 10.5: ""}


def test_a_service_that_a_change_adds_has_its_own_announcement() -> None:
    wider = again(ONE, 5, scope=WindowScope(devices=("olt-1", "olt-2")))
    found = history(ONE, wider)

    def planned(device: str) -> str:
        return shown(
            planned_occurrences(found, ZERO, ZERO + 99 * HOUR, 24 * HOUR, lambda window: device in window.scope.devices)
        )

    assert (planned("olt-1"), planned("olt-2"), planned("olt-3")) == ("10-12", "", "")
    assert shown(work_within(found, ZERO, ZERO + 99 * HOUR, lambda window: "olt-2" in window.scope.devices)) == "10-12"


def test_only_a_new_revision_makes_a_version() -> None:
    found = history(ONE)
    assert with_version(found, ONE) is found
    retitled = history(ONE, again(ONE, 1, title="splicing"))
    assert (retitled.plans, retitled.revision) == (found.plans, 2)


def test_a_history_is_bounded_and_keeps_the_latest() -> None:
    versions = [made(10, 12, recurrence="FREQ=DAILY")]
    for number in range(2 * MOST_PLANS):
        versions.append(moved(versions[-1], 10, 12 + number % 2, number + 1))
    found = history(*versions)
    assert len(found.plans) == MOST_PLANS
    assert found.plans[-1].window.duration_seconds == 3 * 3600
    ends = tuple(range(MOST_EARLY_ENDS))
    full = with_version(replace(found, early_ends=ends), again(versions[-1], 500, ended_at=when(500)))
    assert (len(full.early_ends), full.early_ends[-1]) == (MOST_EARLY_ENDS, ZERO + 500 * HOUR)


def test_a_clock_that_goes_back_gives_an_answer() -> None:
    versions = [DAILY, again(DAILY, 60, ended_at=when(60)), moved(again(DAILY, 60), 10, 13, 11, ended_at=when(11))]
    assert shown(work_within(history(*versions), ZERO, ZERO + 99 * HOUR)) == "10-11 34-37 58-60"


# --- outages ---------------------------------------------------------------------------------------------------------

DURING: list[tuple[str, Work, list[Interval], list[Interval]]] = [
    # Times in hours: the work, the outages, and the time that is excused.
    ("announced before the outage", Work(11, 12, 11, 2), [(10, 14)], [(11, 12)]),
    ("at the microsecond of its begin", Work(11, 12, 11, 10), [(10, 14)], [(11, 12)]),
    ("a microsecond later", Work(11, 13, 11, 11), [(10, 12)], [(12, 13)]),
    ("announced during the outage", Work(20, 30, 20, 12), [(10, 24)], [(24, 30)]),
    ("during one that lasts", Work(20, 30, 20, 12), [(10, 50)], []),
    ("during one that ended before the work", Work(20, 30, 20, 12), [(10, 20), (22, 23)], [(20, 22), (22, 30)]),
    ("during outages that touch", Work(20, 30, 20, 12), [(15, 25), (10, 15)], [(25, 30)]),
    ("during none", Work(20, 30, 20, 12), [], [(20, 30)]),
]


@pytest.mark.parametrize(("work", "outages", "expected"), [each[1:] for each in DURING], ids=[each[0] for each in DURING])
def test_work_that_is_announced_during_an_outage_does_not_shorten_it(
    work: Work, outages: list[Interval], expected: list[Interval]
) -> None:
    assert excused_time([work], outages) == union(expected)


_works = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 10), st.integers(0, 10), st.integers(0, 15)).map(
        lambda each: Work(each[0] + each[1], each[0] + each[1] + each[2], each[0], each[0] - each[3])
    ),
    max_size=5,
)


@given(_works, st.lists(st.tuples(st.integers(-20, 50), st.integers(-20, 60)), max_size=6))
def test_excused_instant_by_instant(works: list[Work], outages: list[Interval]) -> None:
    merged = union(outages)
    expected = set()
    for instant in range(-20, 60):
        begun = next((start for start, end in merged if start <= instant < end), None)
        if any(each.start <= instant < each.end and (begun is None or each.announced_at <= begun) for each in works):
            expected.add(instant)
    found = excused_time(works, outages)
    assert {each for start, end in found for each in range(start, end)} == expected
    assert all(one[1] < other[0] for one, other in pairwise(found))


# --- against a walk --------------------------------------------------------------------------------------------------

QUARTER = HOUR // 4
STEPS = 5 * 24 * 4


@st.composite
def lives(draw: st.DrawFn) -> list[MaintenanceWindow]:
    """The versions of a window, as commands make them, on a grid of quarters of an hour."""
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin"]))
    base = utc("2026-03-27T00:00")

    def times() -> dict[str, Any]:
        start = base + timedelta(minutes=15 * draw(st.integers(0, 300)))
        return {
            "start": start,
            "local_start": to_wall(start, zone_of(zone)),
            "duration_seconds": 900 * draw(st.integers(1, 60)),
            "recurrence": draw(st.sampled_from(["", "FREQ=DAILY", "FREQ=DAILY;COUNT=2", "FREQ=DAILY;INTERVAL=2"])),
        }

    at = sorted(draw(st.lists(st.integers(0, 300), min_size=1, max_size=6, unique=True)))
    first = base + timedelta(minutes=15 * at[0])
    versions = [replace(planned_window("2026-01-01T00:00", zone), **times(), created_at=first, updated_at=first)]
    for step in at[1:]:
        window, now = versions[-1], base + timedelta(minutes=15 * step)
        change: dict[str, Any]
        match draw(st.sampled_from(["title", "times", "times", "scope", "end", "cancel"])):
            case "times":
                change = times()
            case "scope":
                change = {"scope": WindowScope(devices=draw(st.sampled_from([("olt-1",), ("olt-2",)])))}
            case "end":
                if standing(window, now).now is None:
                    continue
                change = {"ended_at": now}
            case "cancel":
                versions.append(replace(window, updated_at=now, revision=window.revision + 1, cancelled_at=now))
                break
            case _:
                change = {"title": "another"}
        versions.append(replace(window, updated_at=now, revision=window.revision + 1, **change))
    return versions


def _covered(window: MaintenanceWindow) -> bool:
    return "olt-1" in window.scope.devices


@given(lives(), st.integers(0, STEPS), st.integers(0, STEPS), st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_instant_by_instant(versions: list[MaintenanceWindow], since: int, until: int, notice: int) -> None:
    base = utc("2026-03-27T00:00")
    expected, planned = {}, set()
    for step in range(since, until):
        at = base + timedelta(minutes=15 * step)
        known = [each for each in versions if each.updated_at <= at]
        opened = standing(known[-1], at).now if known and _covered(known[-1]) else None
        if opened is None:
            continue
        announced = known[-1].updated_at
        for earlier in reversed(known):
            if not _covered(earlier) or standing(earlier, at).now is None:
                break
            announced = earlier.updated_at
        expected[instant_at(at)] = (instant_at(opened.start), instant_at(announced))
        if announced <= opened.start - timedelta(minutes=15 * notice):
            planned.add(instant_at(at))
    span = instant_at(base) + since * QUARTER, instant_at(base) + until * QUARTER
    found = history(*versions)
    works = work_within(found, *span, _covered)
    assert {at: each[2:] for each in works for at in range(each.start, each.end, QUARTER)} == expected
    some = planned_occurrences(found, *span, notice * QUARTER, _covered)
    assert {at for each in some for at in range(each.start, each.end, QUARTER)} == planned
