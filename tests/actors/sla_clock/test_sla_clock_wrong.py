"""A clock that is wrong for a while leaves no trace in the books: they are those of a clock that was always right."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.sla import SlaWorld, us
from vocabulary.world import ADMIN

from actors.sla_clock.clock_levels import EndedDate, date_now, levels_of, put_right
from protocols.command import Acknowledge
from protocols.event import ClockJumped
from protocols.sla.actions import AddMeasurements, CreateInstance
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.instance import InstancePlan
from protocols.sla.local_time import SECOND
from protocols.sla.measurement import ServiceMeasurement
from protocols.sla.performance_rule import PerformanceRule
from protocols.sla.periods import PeriodRule

DAY = 86_400
ONT = "olt-1/1/1/1"
WRONG = {"a year ahead": 400 * DAY, "a year back": -400 * DAY, "days ahead": 5 * DAY, "hours ahead": 10 * 3600, "right": 0}
"""By how many seconds the wall clock is wrong from this step on."""
Steps = list[tuple[int, str]]


def play(steps: Steps, *, restarts: bool) -> dict[str, Any]:
    """What the books say after these steps, each with the seconds that have really passed since the start of the World."""
    world = SlaWorld()
    world.restarts = restarts
    limits = {"major": 600 * SECOND, "critical": 600 * SECOND}
    days = PeriodRule("UTC", date(2026, 1, 1), "days", 1)
    daily = world.define("daily", period=days, availability_target=990_000_000, response=limits, resolution=limits)
    for definition, service in ((daily, "svc-1"), (world.define("monthly"), "svc-1"), (daily, "svc-4")):
        began = us(-730 * DAY)
        plan = InstancePlan(
            tenant_id="t", definition_id=definition.id, customer_id="c", service_id=service, resources=(), start=began
        )
        assert world.command(CreateInstance(plan), by=ADMIN).accepted
    wrong = 0
    for seconds, action in steps:
        world.run_to(seconds + wrong)
        if action in WRONG and WRONG[action] != wrong:
            before, wrong = world.now, WRONG[action]
            world(ClockJumped(before, world.at(seconds + wrong).now))
        elif action == "raise":
            world.raise_alarm("ont.los", ONT)
        elif action == "clear" and world.alarms and world.alarms[-1].cleared_at is None:
            world.clear_alarm(world.alarms[-1].id)
        elif action == "acknowledge" and world.alarms:
            world.command(Acknowledge(), world.alarms[-1].id)
        else:
            world.tick()
    return books(world, us(steps[-1][0]))


def books(world: SlaWorld, now: int) -> dict[str, Any]:
    """Everything about the time until ``now``."""
    revisions: dict[tuple[str, int], list[int]] = {}
    for each in world.closed:
        revisions.setdefault((each.instance_id, each.start), []).append(each.revision)
    assert all(found == list(range(1, len(found) + 1)) for found in revisions.values()), revisions
    shown = {each.instance.id: each.status for each in world.history if isinstance(each, SlaInstanceChanged)}
    accounts = {each.id: world.sla.accounts.get(each.id) for each in world.sla.instances}
    status = {name: "compliant" if account is None else account.status for name, account in accounts.items()}
    assert shown == status
    breaches = [each for each in world.breaches.values() if not each.withdrawn]
    closed = {(each.instance_id, each.start): each for each in world.closed if us(-DAY) < each.end <= now}
    return {
        "outages": sorted((each.start, each.end or 0) for each in world.sla.outages.values()),
        "breaches": sorted((each.instance_id, each.type, each.period_start, each.start, each.end or 0) for each in breaches),
        "closed": {key: (each.down, each.up, each.breaches) for key, each in closed.items() if each.down},
        "down": [world.figures(each).down for each in world.sla.instances],
        "status": status,
    }


def timeline(drawn: Iterable[tuple[int, str]]) -> Steps:
    """Steps from the seconds between them. While the clock is wrong they are close together: a clock that was wrong for longer
    than by how much leaves dates that may be right."""
    at, wrong = 100, False
    steps: Steps = []
    for seconds, action in drawn:
        at += 1 + seconds % 1999 if wrong else seconds
        if action in WRONG:
            wrong = action != "right"
        steps.append((at, action))
    return [*steps, (at + 5, "right"), (at + 10, "tick"), (at + 15, "tick")]


GAPS = st.one_of(st.integers(1, 20), st.integers(100, 5_000), st.integers(20_000, 60_000))
ACTIONS = st.sampled_from(("raise", "clear", "acknowledge", "tick", "right", *WRONG))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(GAPS, ACTIONS), min_size=3, max_size=9), st.booleans())
def test_the_books_are_those_of_a_clock_that_was_always_right(drawn: list[tuple[int, str]], restarts: bool) -> None:
    steps = timeline(drawn)
    always_right = [(at, "tick" if action in WRONG else action) for at, action in steps]
    assert play(steps, restarts=restarts) == play(always_right, restarts=False)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    "steps",
    [
        # The contract has an account in a period that is not reached for a year.
        [(100, "raise"), (110, "a year ahead"), (120, "right"), (5_000, "tick")],
        [(100, "raise"), (710, "clear"), (729, "a year ahead"), (734, "right"), (744, "tick")],
        # The outage began the day before.
        [(34_356, "raise"), (75_825, "a year ahead"), (75_830, "right"), (75_840, "tick")],
        [(37_430, "raise"), (69_016, "clear"), (94_966, "a year back"), (94_982, "right"), (94_992, "tick")],
        [(228, "days ahead"), (247, "raise"), (1_510, "right"), (80_000, "days ahead"), (80_003, "right"), (80_013, "tick")],
        # The period ended while the clock was back.
        [(1_000, "raise"), (75_590, "a year back"), (75_610, "right"), (75_620, "tick")],
        # It ended while the clock was wrong in another way than it is later.
        [(101, "days ahead"), (103, "raise"), (105, "clear"), (107, "right"), (108, "a year ahead"), (113, "right")],
        # The outage began when all was right again, at a time that an earlier jump was not to.
        [(101, "a year ahead"), (103, "days ahead"), (105, "right"), (106, "raise"), (121, "tick")],
    ],
)
def test_a_clock_that_was_wrong_once(steps: Steps, restarts: bool) -> None:
    always_right = [(at, "tick" if action in WRONG else action) for at, action in steps]
    assert play(steps, restarts=restarts) == play(always_right, restarts=False)


def jump(world: SlaWorld, seconds: float) -> None:
    """The clock is set to this time."""
    before = world.now
    world(ClockJumped(before, world.at(seconds).now))


@pytest.mark.parametrize("restarts", [False, True])
def test_nothing_is_forgotten_that_is_needed_when_the_clock_is_put_right(restarts: bool) -> None:
    world = SlaWorld()
    world.restarts = restarts
    latency = PerformanceRule("latency", 10_000, 60 * SECOND, 120 * SECOND)
    instance = world.serve(world.define(performance=(latency,)), "svc-1", end=us(90 * DAY))
    world.raise_alarm("ont.los", ONT)
    world.run_to(200).clear_alarm(world.alarm.id)
    # A violation that lasts.
    bad = tuple(ServiceMeasurement(service_id="svc-1", at=us(60 * minute), latency=20_000) for minute in range(5))
    assert not world.at(300).command(AddMeasurements("t", bad), by=ADMIN).refusals
    jump(world, 400 * DAY)
    world.run_to(401 * DAY)
    jump(world, DAY + 300)
    world.run_to(DAY + 310)
    assert world.figures(instance).down == 200 * SECOND
    later = ServiceMeasurement(service_id="svc-1", at=us(DAY), latency=20_000)
    assert not world.command(AddMeasurements("t", (later,)), by=ADMIN).refusals


@pytest.mark.parametrize(
    ("jumps", "level", "end", "now", "date"),
    [
        ((), 0, 100, 200, 100),
        # ahead, and right again: what ended before the first jump keeps its date
        (((1_110, 1_000),), 0, 100, 1_110, 100),
        (((1_110, 1_000), (120, -1_000)), 0, 100, 120, 100),
        # what ended while it was ahead, or back
        (((1_110, 1_000), (120, -1_000)), 1_000, 1_115, 120, 115),
        (((-890, -1_000), (120, 1_000)), -1_000, -885, 120, 115),
        # what lies in the future moves; it comes back with the right time
        (((-890, -1_000),), 0, 100, -890, -900),
        (((-890, -1_000), (120, 1_000)), 0, 100, 120, 100),
        # another jump ahead than the one back undoes nothing
        (((520, 400), (130, -400), (1_140, 1_000)), 400, 515, 1_140, 515),
        # put right in two steps
        (((-890, -1_000), (-390, 490), (120, 510)), -1_000, -885, 120, 115),
        (((-890, -1_000), (-390, 490), (120, 510)), 0, 100, 120, 100),
    ],
)
def test_the_date_of_what_ended(jumps: tuple[tuple[int, int], ...], level: int, end: int, now: int, date: int) -> None:
    """In hours, at which a minute of doubt is none."""
    hour = 3600 * SECOND
    scaled = [(at * hour, by * hour) for at, by in jumps]
    levels = levels_of(sum(by for _, by in scaled), scaled)
    assert date_now(EndedDate(level * hour, end * hour), levels, now * hour) == date * hour


def test_a_clock_is_put_right_when_it_is_set_as_it_was() -> None:
    year, hour = 365 * DAY * SECOND, 3600 * SECOND
    assert put_right([0, -year, 2 * hour])  # the host was off for two hours with a dead battery
    assert put_right([0, year, year + hour, 0])
    assert not put_right([0, -year])
    assert not put_right([0, 2 * hour, hour])
    assert not put_right([0, -5 * DAY * SECOND, year])
