"""Levels as timelines: crossings with a dwell time, several thresholds, one alarm."""

import pytest
from vocabulary.reads import read_of
from vocabulary.world import World, moment

from protocols.event import TopologyLoaded
from protocols.poll.request import PollRequested
from protocols.poll.states import LevelCrossed
from protocols.severity import Severity
from protocols.topology import Node


@pytest.fixture
def world() -> World:
    world = World()
    world(TopologyLoaded("t", (Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1"),)))
    return world


def cross(
    world: World, value: float, *, beyond: bool, threshold: float = 70.0, dwell: float = 60.0, severity: Severity = "minor"
) -> None:
    event = LevelCrossed(
        device="olt",
        position="1",
        quantity="temperature",
        beyond=beyond,
        value=value,
        unit="°C",
        threshold=threshold,
        at=moment(world.seconds),
        dwell_seconds=dwell,
        severity=severity,  # type: ignore[arg-type]
    )
    world(event)


def test_a_value_beyond_for_its_dwell_time_is_one_alarm_that_ends_the_same_way(world: World) -> None:
    cross(world.at(10), 75, beyond=True)
    world.run_to(69)
    assert not world.alarms
    world.run_to(71)
    alarm = world.alarm
    assert (alarm.alarm_type, alarm.qualifier, alarm.resource_id) == ("monitoring.threshold_exceeded", "temperature", "olt/1")
    assert (alarm.first_occurrence, alarm.severity, alarm.device_id) == (moment(10), "minor", "olt")
    assert alarm.title == "Mill Lane 1: temperature exceeded a threshold"
    assert alarm.metadata["value"] == 75
    cross(world.at(200), 64, beyond=False)
    world.run_to(259)
    assert world.alarm.cleared_at is None
    world.run_to(261)
    assert world.alarm.cleared_at == moment(200)


def test_back_within_the_dwell_time_changes_nothing_either_way(world: World) -> None:
    cross(world.at(10), 75, beyond=True)
    cross(world.at(40), 64, beyond=False)
    world.run_to(200)
    assert not world.alarms
    cross(world.at(300), 75, beyond=True)
    world.run_to(400)
    cross(world.at(410), 64, beyond=False)
    cross(world.at(420), 76, beyond=True)
    world.run_to(600)
    assert (world.alarm.cleared_at, world.alarm.occurrence_count) == (None, 1)


def test_the_worst_of_several_thresholds_is_the_severity(world: World) -> None:
    cross(world.at(10), 90, beyond=True, dwell=0)
    cross(world, 90, beyond=True, threshold=85.0, dwell=0, severity="major")
    assert world.alarm.severity == "major"
    cross(world.at(20), 80, beyond=False, threshold=85.0, dwell=0, severity="major")
    assert (world.alarm.severity, world.alarm.cleared_at) == ("minor", None)
    cross(world.at(30), 60, beyond=False, dwell=0)
    assert world.alarm.cleared_at == moment(30)


def test_a_poller_that_begins_anew_is_asked_for_the_sides_where_an_alarm_is_open(world: World) -> None:
    def requests() -> list[PollRequested]:
        return [each for each in world.history if isinstance(each, PollRequested)]

    world(read_of(world.at(5), reason="start"))
    assert not requests(), "no alarm is open"
    cross(world.at(10), 90, beyond=True, dwell=0)
    world(read_of(world.at(20), reason="start"))
    (asked,) = requests()
    assert (asked.device, asked.scope, asked.reason) == ("olt", "", "start")
    world(read_of(world.at(30), reason="start", request=asked.offset))
    assert len(requests()) == 1, "the answer is no other beginning"
    cross(world.at(40), 60, beyond=False, dwell=0)
    assert world.alarm.cleared_at == moment(40)
    world(read_of(world.at(50), reason="start"))
    assert len(requests()) == 1


def test_a_side_that_is_said_again_changes_nothing(world: World) -> None:
    """A poller that is asked reports the side of every value."""
    cross(world.at(10), 60, beyond=False)
    assert not world.state.timers.entries()
    cross(world, 75, beyond=True, dwell=0)
    before = world.alarm
    cross(world.at(20), 76, beyond=True, dwell=0)
    assert world.alarm == before


def test_what_waits_survives_a_restart_and_goes_with_its_device(world: World) -> None:
    world.restarts = True
    cross(world.at(10), 75, beyond=True)
    world.run_to(80)
    assert world.alarm.cleared_at is None
    cross(world.at(90), 64, beyond=False)
    world.topology()
    world.run_to(300)
    assert not world.failures()
    assert world.alarm.cleared_at is None
