"""Jumps of the clock: an outage keeps its length and the time that people see, and a jump opens no breach."""

from collections.abc import Callable

import pytest
from vocabulary.sla import SlaWorld, us

from actors.sla_clock.evidence.outages import STOPPED
from protocols.command import Acknowledge
from protocols.event import ClockJumped

ONT = "olt-1/1/1/1"
YEAR = 400 * 86_400
JUMPS = {"back": -YEAR, "ahead": YEAR, "right": 0}
"""By how many seconds the wall clock is wrong from this step on."""


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def play(world: SlaWorld, steps: str) -> None:
    """Take steps such as "100 raise, 110 back": seconds that have really passed since the start of the World, and what
    happens. The wall clock is wrong by the last jump."""
    actions: dict[str, Callable[[], object]] = {
        "raise": lambda: world.raise_alarm("ont.los", ONT),
        "clear": lambda: world.clear_alarm(world.alarms[-1].id),
        "acknowledge": lambda: world.command(Acknowledge(), world.alarms[-1].id),
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


def intervals(world: SlaWorld) -> list[tuple[float, float | None]]:
    """Begin and end of every outage interval, in seconds."""
    found = [each for each in world.sla.outages.values() if each.alarm_id != STOPPED]
    return [((each.start - us(0)) / 1e6, None if each.end is None else (each.end - us(0)) / 1e6) for each in found]


@pytest.mark.parametrize(
    ("steps", "start", "end"),
    [
        # cleared while the clock is back: the correlator moves the clear when the clock is put right
        ("100 raise, 110 tick, 110 back, 115 tick, 120 clear, 130 tick, 130 right, 135 tick", 100, 120),
        # another change of the cleared alarm, before the correlator has moved the dates
        ("100 raise, 110 tick, 110 back, 115 tick, 120 clear, 130 right, 131 acknowledge, 135 tick", 100, 120),
        ("100 raise, 120 clear, 125 back, 126 acknowledge, 127 tick, 130 right, 135 tick", 100, 120),
        ("100 raise, 120 clear, 125 back, 127 tick, 130 right, 135 acknowledge, 136 tick", 100, 120),
        # it began while the clock was wrong
        ("100 back, 105 raise, 115 clear, 120 tick, 120 right, 121 tick", 105, 115),
        ("100 back, 105 raise, 120 tick, 120 right, 121 tick, 130 clear", 105, 130),
        ("100 raise, 110 ahead, 111 tick, 120 clear, 130 tick, 130 right, 131 acknowledge, 135 tick", 100, 120),
        ("100 raise, 110 ahead, 111 tick, 120 tick, 120 right, 121 tick, 130 clear", 100, 130),
    ],
)
def test_an_outage_keeps_its_length_and_its_time(world: SlaWorld, steps: str, start: int, end: int) -> None:
    instance = world.serve(world.define(availability_target=990_000_000), "svc-1", start=us(-2 * YEAR))
    play(world, steps)
    assert intervals(world) == [(start, end)]
    assert world.figures(instance).down == (end - start) * 1_000_000
    assert not world.breaches
