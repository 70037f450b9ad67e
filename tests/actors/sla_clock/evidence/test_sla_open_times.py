"""Outage intervals by the event times of their alarm, whatever the order in which the reports arrive."""

from typing import Any

import pytest
from vocabulary.open_times import CASES, Step, play
from vocabulary.sla import SlaWorld, us

from actors.sla_clock.evidence.outages import STOPPED
from protocols.command import Acknowledge, Clear
from protocols.event import ProfilesLoaded
from protocols.profile import AlarmType, Profile
from protocols.sla.actions import CorrectOutage


def served() -> SlaWorld:
    """A World in which a service depends on the device."""
    world = SlaWorld()
    world.serve(world.define(), "svc-1")
    return world


def intervals(world: SlaWorld) -> list[tuple[float, float | None]]:
    """Begin and end of every outage interval, in seconds."""
    found = [each for each in world.sla.outages.values() if each.alarm_id != STOPPED]
    return [((each.start - us(0)) / 1e6, None if each.end is None else (each.end - us(0)) / 1e6) for each in found]


@pytest.mark.parametrize(("steps", "expected"), CASES)
def test_an_outage_has_the_times_at_which_its_alarm_was_open(
    steps: list[Step], expected: list[tuple[float, float | None]]
) -> None:
    world = served()
    play(world, steps)
    assert [each for each in intervals(world) if each[0] != each[1]] == [each for each in expected if each[0] != each[1]]


def loaded(**fields: Any) -> ProfilesLoaded:
    profiles = (Profile(name="site", types={"device.down": AlarmType(severity="major", title="down", **fields)}),)
    return ProfilesLoaded(str(fields), profiles)


def test_a_time_without_effect_leaves_the_interval_before_it() -> None:
    """The profile that is loaded meanwhile gives the type no effect; the one after that does again."""
    world = served()
    play(world, [("down", 0, 0), ("up", 10, 10)])
    world(loaded(service_effect="none"))
    play(world, [("down", 20, 20), ("up", 30, 30)])
    assert intervals(world) == [(0, 10)]
    (outage,) = world.sla.outages.values()
    assert outage.effect == "outage"
    world(loaded(service_effect="outage"))
    play(world, [("down", 40, 39)])
    assert intervals(world) == [(0, 10), (39, None)]


def test_an_effect_that_begins_with_a_reopening_begins_with_it() -> None:
    world = served()
    world(loaded(service_effect="none"))
    play(world, [("down", 0, 0), ("up", 10, 10)])
    world(loaded(service_effect="outage"))
    play(world, [("down", 20, 19), ("up", 30, 29)])
    assert intervals(world) == [(19, 29)]


def corrected(world: SlaWorld, end: float) -> None:
    (name,) = world.sla.outages
    answer = world.command(CorrectOutage(name, start=None, end=us(end), reason="the crew says so"))
    assert not answer.refusals, answer.refusals


def test_a_corrected_end_of_an_open_alarm_is_no_reopening() -> None:
    world = served()
    play(world, [("down", 0, 0)])
    world.at(100)
    corrected(world, 50)
    world.command(Acknowledge(), world.alarm.id)
    world.at(120).command(Clear(), world.alarm.id)
    assert intervals(world) == [(0, 50)]


def test_a_reopening_begins_behind_a_corrected_end() -> None:
    world = served()
    play(world, [("down", 0, 0), ("up", 60, 60)])
    world.at(80)
    corrected(world, 70)
    play(world, [("down", 90, 65)])
    assert intervals(world) == [(0, 70), (70, None)]


REPORTED = [("down", 100, 100), ("up", 200, 200)]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # raise and clear in order: the raise re-opens the alarm, until the clear shows that it was over long ago
        ([("down", 300, 20)], [(100, 200), (200, None)]),
        ([("down", 300, 20), ("up", 301, 50)], [(100, 200), (20, 50)]),
        ([("down", 300, 20), ("up", 301, 150)], [(100, 200), (20, 150)]),
        ([("down", 300, 20), ("up", 301, 50), ("down", 302, 60), ("up", 303, 80)], [(100, 200), (20, 50), (60, 80)]),
        ([("down", 300, 20), ("up", 301, 50), ("down", 400, 390)], [(100, 200), (20, 50), (390, None)]),
        # the clear came first
        ([("up", 300, 21), ("down", 301, 20)], [(100, 200), (20, 21)]),
        # it was no past outage
        ([("down", 300, 20), ("up", 301, 290)], [(100, 200), (200, 290)]),
        ([("down", 300, 20), ("up", 301, 10)], [(100, 200)]),
    ],
)
def test_a_past_outage_that_is_reported_after_a_newer_one_counts(
    steps: list[Step], expected: list[tuple[float, float | None]], restarts: bool
) -> None:
    world = served()
    world.restarts = restarts
    play(world, [*REPORTED, *steps])
    world.command(Acknowledge(), world.alarm.id)
    assert [each for each in intervals(world) if each[0] != each[1]] == expected
