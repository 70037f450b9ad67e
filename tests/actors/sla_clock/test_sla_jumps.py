"""Jumps of the clock: an outage keeps its length and the time that people see, and a jump opens no breach."""

from collections.abc import Callable
from datetime import date
from unittest.mock import Mock, patch

import pytest
from vocabulary.sla import SlaWorld, us
from vocabulary.world import ADMIN

import actors.sla_clock.stage as sla_stage
from actors.sla_clock.evidence.outages import STOPPED
from actors.sla_clock.jumps import JUMPED
from protocols.command import Acknowledge
from protocols.event import ClockJumped
from protocols.sla.actions import CreateExclusion, CreateInstance, EditInstance
from protocols.sla.changes import SlaOutageChanged
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.instance import InstanceEdited, InstancePlan
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule

ONT = "olt-1/1/1/1"
YEAR = 400 * 86_400
JUMPS = {"back": -YEAR, "ahead": YEAR, "later": 10 * 3600, "days": 5 * 86_400, "right": 0}
"""By how many seconds the wall clock is wrong from this step on."""


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def play(world: SlaWorld, steps: str, definition_id: str = "") -> None:
    """Take steps such as "100 raise, 110 back": seconds that have really passed since the start of the World, and what
    happens. The wall clock is wrong by the last jump. A contract is one by ``definition_id``."""
    actions: dict[str, Callable[[], object]] = {
        "raise": lambda: world.raise_alarm("ont.los", ONT),
        "missed": lambda: missed(world, lambda: world.raise_alarm("ont.los", ONT)),
        "missed_clear": lambda: missed(world, lambda: world.clear_alarm(world.alarms[-1].id)),
        "clear": lambda: world.clear_alarm(world.alarms[-1].id),
        "acknowledge": lambda: world.command(Acknowledge(), world.alarms[-1].id),
        "contract": lambda: contract(world, definition_id, "svc-1"),
        "exclude": lambda: exclude(world, 72_000, 72_100),
        "serve": lambda: contract(world, definition_id, "svc-4"),
        "tick": world.tick,
    }
    wrong = 0
    for step in steps.split(", "):
        seconds, action = step.split()
        before = world.at(int(seconds) + wrong).now
        if action in JUMPS:
            wrong = JUMPS[action]
            world(ClockJumped(before, world.at(int(seconds) + wrong).now))
        else:
            actions[action]()


def missed(world: SlaWorld, action: Callable[[], object]) -> None:
    """An alarm is raised or cleared by an Event that the stage cannot fold."""
    with patch.multiple(sla_stage, fold_event=Mock(side_effect=ZeroDivisionError), folds_quickly=Mock(return_value=False)):
        action()


def exclude(world: SlaWorld, start: int, end: int) -> None:
    """An exclusion of everything."""
    scope = ExclusionScope(everything=True)
    plan = ExclusionPlan(tenant_id="t", category="agreed", scope=scope, start=us(start), end=us(end), reason="agreed")
    assert world.command(CreateExclusion(plan), by=ADMIN).accepted


def contract(world: SlaWorld, definition_id: str, service: str, start: float = -2 * YEAR) -> None:
    """A contract that began two years ago, or begins at ``start`` (seconds)."""
    plan = InstancePlan(
        tenant_id="t", definition_id=definition_id, customer_id="c", service_id=service, resources=(), start=us(start)
    )
    assert world.command(CreateInstance(plan), by=ADMIN).accepted


def intervals(world: SlaWorld) -> list[tuple[float, float | None]]:
    """Begin and end of every outage interval, in seconds."""
    found = [each for each in world.sla.outages.values() if each.alarm_id != STOPPED]
    return [((each.start - us(0)) / 1e6, None if each.end is None else (each.end - us(0)) / 1e6) for each in found]


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        ("100 missed, 110 ahead, 120 acknowledge, 130 tick", [(YEAR + 100, None)]),
        ("100 missed, 110 ahead, 120 acknowledge, 130 clear", [(YEAR + 100, YEAR + 130)]),
        ("100 missed, 110 clear, 120 ahead, 130 acknowledge", [(100, 110)]),
        ("100 ahead, 110 missed, 120 acknowledge, 130 tick", [(YEAR + 110, None)]),
        ("100 missed, 110 back, 120 right, 130 acknowledge", [(100, None)]),
        ("100 missed, 110 back, 120 acknowledge, 130 tick", [(100 - YEAR, None)]),
        # the first that the stage hears of the alarm is that its dates moved
        ("100 missed, 110 back, 112 tick, 120 acknowledge", [(100 - YEAR, None)]),
        ("100 missed, 110 back, 112 tick, 120 clear", [(100 - YEAR, 120 - YEAR)]),
        ("100 missed, 110 back, 112 tick, 120 right, 125 tick, 130 clear", [(100, 130)]),
        ("100 back, 105 missed, 110 right, 112 tick, 120 acknowledge", [(105, None)]),
        # Simulation, seed 11892
        ("100 raise, 110 ahead, 120 missed_clear, 125 raise, 130 tick", [(YEAR + 125, None)]),
        ("100 raise, 110 ahead, 120 missed_clear, 125 missed, 130 acknowledge", [(YEAR + 125, None)]),
        ("100 raise, 110 back, 111 tick, 120 missed_clear, 125 raise, 130 clear", [(125 - YEAR, 130 - YEAR)]),
        ("100 missed, 110 later, 120 days, 125 tick, 130 clear", [(5 * 86_400 + 100, 5 * 86_400 + 130)]),
        ("100 missed, 110 days, 120 right, 130 acknowledge", [(100, None)]),
        ("100 raise, 105 clear, 107 missed, 110 ahead, 120 acknowledge", [(100, 105), (YEAR + 107, None)]),
        ("100 raise, 105 clear, 107 missed, 110 ahead, 120 acknowledge, 130 clear", [(100, 105), (YEAR + 107, YEAR + 130)]),
    ],
)
def test_an_outage_of_which_the_stage_hears_late_does_not_last_for_the_jump(
    world: SlaWorld, steps: str, times: list[tuple[float, float | None]]
) -> None:
    world.serve(world.define(), "svc-1")
    play(world, steps)
    assert intervals(world) == times
    assert not world.breaches


DAYS = PeriodRule("UTC", date(2026, 1, 1), "days", 1)


@pytest.mark.parametrize(
    "steps",
    [
        "100 raise, 5000 clear, 5100 days, 5110 tick, 5120 right, 5130 exclude, 5140 tick",
        "100 raise, 5000 clear, 5100 days, 5110 tick, 5120 right, 5130 exclude, 5140 days, 5150 tick",
        # the day before, which an exclusion of its own changes
        "70000 raise, 74000 clear, 80000 days, 80110 tick, 80120 right, 80130 exclude, 80140 tick",
    ],
)
def test_a_budget_has_one_breach_however_often_the_clock_comes_to_its_period(world: SlaWorld, steps: str) -> None:
    # With months in use, the evidence of days is kept as long.
    world.serve(world.define(), "svc-4")
    instance = world.serve(world.define("days", period=DAYS, availability_target=990_000_000), "svc-1")
    play(world, steps)
    found = [(each.period_start, each.id) for each in world.breaches.values() if each.instance_id == instance.id]
    assert found
    assert len({start for start, _ in found}) == len(found)
    for start in {each.start for each in world.closed}:
        revisions = [each.revision for each in world.closed if each.start == start]
        assert revisions == list(range(1, len(revisions) + 1))


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        # cleared while the clock is back: the correlator moves the clear when the clock is put right
        ("100 raise, 110 tick, 110 back, 115 tick, 120 clear, 130 tick, 130 right, 135 tick", [(100, 120)]),
        # another change of the cleared alarm, before the correlator has moved the dates
        ("100 raise, 110 tick, 110 back, 115 tick, 120 clear, 130 right, 131 acknowledge, 135 tick", [(100, 120)]),
        ("100 raise, 120 clear, 125 back, 126 acknowledge, 127 tick, 130 right, 135 tick", [(100, 120)]),
        ("100 raise, 120 clear, 125 back, 127 tick, 130 right, 135 acknowledge, 136 tick", [(100, 120)]),
        # cleared before the correlator has moved the dates: its alarm was never open
        ("100 raise, 110 back, 112 clear, 115 tick, 130 right, 135 tick", [(100, 112)]),
        ("100 raise, 110 back, 112 clear, 113 raise, 115 tick, 120 clear, 130 right, 135 tick", [(100, 112), (113, 120)]),
        ("100 raise, 110 back, 112 clear, 113 raise, 130 right, 135 tick, 140 clear", [(100, 112), (113, 140)]),
        ("100 raise, 120 clear, 125 back, 126 raise, 127 tick, 130 right, 140 clear", [(100, 120), (126, 140)]),
        # it began while the clock was wrong
        ("100 back, 105 raise, 115 clear, 120 tick, 120 right, 121 tick", [(105, 115)]),
        ("100 back, 105 raise, 120 tick, 120 right, 121 tick, 130 clear", [(105, 130)]),
        ("100 raise, 110 ahead, 111 tick, 120 clear, 130 tick, 130 right, 131 acknowledge, 135 tick", [(100, 120)]),
        ("100 raise, 110 ahead, 111 tick, 120 tick, 120 right, 121 tick, 130 clear", [(100, 130)]),
    ],
)
def test_an_outage_keeps_its_length_and_its_time(world: SlaWorld, steps: str, times: list[tuple[int, int]]) -> None:
    instance = world.serve(world.define(availability_target=990_000_000), "svc-1", start=us(-2 * YEAR))
    play(world, steps)
    assert intervals(world) == times
    assert world.figures(instance).down == sum(end - start for start, end in times) * SECOND
    assert not world.breaches


@pytest.mark.parametrize(
    ("steps", "down"),
    [
        ("100 raise, 110 ahead, 120 contract", 20),
        ("100 raise, 110 later, 120 contract", 20),
        ("100 raise, 110 ahead, 115 tick, 120 acknowledge, 130 contract", 30),
        ("100 raise, 110 ahead, 115 tick, 120 right, 125 tick, 130 contract, 140 tick", 40),
        ("100 raise, 110 back, 120 contract", 20),
        ("100 raise, 110 back, 115 tick, 120 contract, 130 right, 135 tick, 140 clear", 40),
        ("100 back, 105 raise, 110 right, 115 contract, 120 tick", 15),
        # other contracts are there already
        ("100 raise, 110 back, 112 serve, 115 tick, 120 contract", 20),
    ],
)
def test_an_alarm_that_concerned_no_contract_when_the_clock_jumped(world: SlaWorld, steps: str, down: int) -> None:
    definition = world.define(availability_target=990_000_000, response={"major": 60 * SECOND})
    play(world, steps, definition.id)
    (instance,) = [each for each in world.sla.instances if each.service_id == "svc-1"]
    assert world.figures(instance).down == down * SECOND
    assert not world.breaches
    (outage,), (facts,) = world.sla.outages.values(), world.sla.clocks.by_id.values()
    assert facts.times.raised == outage.start


def test_history_hears_of_an_outage_that_a_jump_moves(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1")
    play(world, "100 raise, 110 ahead")
    (moved,) = [each for each in world.history if isinstance(each, SlaOutageChanged) and each.reason == JUMPED]
    assert moved.outage.start == us(100 + YEAR)


def test_a_closed_period_that_runs_again_keeps_its_breach(world: SlaWorld) -> None:
    """The contract is over, so no later period has an account when the clock is put back."""
    midnight = 21 * 3600
    daily = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1))
    world.serve(daily, "svc-1", end=us(midnight - 1))
    world.at(midnight - 500).raise_alarm("ont.los", ONT)
    world.run_to(midnight + 10)
    before = world.now
    world(ClockJumped(before, world.at(midnight - 50).now))
    world.network("device.down", "olt-1")
    world.run_to(midnight + 10)
    assert len(world.breaches) == 1
    assert [(each.end, each.revision) for each in world.closed] == [(us(midnight), 1), (us(midnight), 2)]


@pytest.mark.parametrize("days", [0, 1, 3])
def test_an_instance_that_is_made_before_periods_that_were_closed_gets_revision_1_of_each(world: SlaWorld, days: int) -> None:
    """The clock is put back by so many days and a minute."""
    midnight = 21 * 3600
    last = midnight + days * 86_400
    daily = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1))
    world.serve(daily, "svc-4")
    world.run_to(last + 10)
    before = world.now
    world(ClockJumped(before, world.at(midnight - 50).now))
    contract(world, daily.id, "svc-1")
    world.network("device.down", "olt-1")
    world.run_to(last + 10)
    mine = [(each.end, each.revision) for each in world.closed if each.service_id == "svc-1" and each.end >= us(midnight)]
    assert mine == [(us(midnight + day * 86_400), 1) for day in range(days + 1)]


def test_a_contract_that_comes_to_begin_before_periods_that_were_closed_gets_revision_1_of_each(world: SlaWorld) -> None:
    """The clock is put back by a day, and the contract begins earlier from now on. Simulation, seed 10212."""
    midnight = 21 * 3600
    last = midnight + 86_400
    daily = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1))
    world.serve(daily, "svc-4")
    future = world.serve(daily, "svc-1", start=us(last + 86_400))
    world.run_to(last + 10)
    before = world.now
    world(ClockJumped(before, world.at(midnight - 50).now))
    assert world.command(EditInstance(future.id, InstanceEdited(start=us(midnight - 100)))).accepted
    world.network("device.down", "olt-1")
    world.run_to(last + 10)
    mine = [(each.end, each.revision) for each in world.closed if each.service_id == "svc-1"]
    assert mine == [(us(midnight), 1), (us(last), 1)]


@pytest.mark.parametrize("jumps", [False, True])
def test_a_contract_that_begins_and_whose_period_ends_between_two_events_has_it_closed_once(
    world: SlaWorld, jumps: bool
) -> None:
    """faultd does not run, or the clock jumps ahead for a while. Simulation, seed 11567."""
    midnight = 21 * 3600
    daily = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1))
    world.run_to(midnight - 20)
    contract(world, daily.id, "svc-1", midnight - 10)
    before = world.at(midnight - 9).now
    after = world.at(midnight + 2 * 86_400 + 5).now
    if jumps:
        world(ClockJumped(before, after))
    world.tick()
    world.tick()
    expected = [(us(midnight + day * 86_400), 1) for day in range(3)]
    assert [(each.end, each.revision) for each in world.closed] == expected
    if jumps:
        back = world.at(midnight + 2 * 86_400 + 6).now
        world(ClockJumped(back, world.at(midnight - 8).now))
        world.run_to(midnight + 2 * 86_400 + 10)
        assert [(each.end, each.revision) for each in world.closed][:3] == expected
        assert {each.revision for each in world.closed[3:]} <= {2}
