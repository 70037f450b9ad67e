"""A device that was never heard has an alarm after its period of grace, one that is silent for long has it by setting."""

from collections.abc import Callable

import msgspec
import pytest
from vocabulary.traps import make_trap
from vocabulary.world import World

from actors.correlator.resources import silent_devices
from actors.correlator.settings import CorrelatorSettings
from protocols.alarm import Alarm
from protocols.event import PolicyLoaded, SourceRefused, TopologyChanged, TopologyLoaded
from protocols.topology import Node

HOUR = 3_600
PLANT = (
    Node(id="core", type="core", name="Core"),
    Node(id="olt-1", type="olt", parents=("core",), name="OLT 1", address="192.0.2.1", tenant="north"),
    Node(id="olt-2", type="olt", parents=("core",), address="192.0.2.2"),
    Node(id="olt-1/1", type="ont", parents=("olt-1",), address="192.0.2.99"),
)


@pytest.fixture
def plant(world: World) -> World:
    world(TopologyLoaded("d", PLANT))
    world.tick()
    return world


def hear(world: World, source: str) -> None:
    world(make_trap("1.3.6.1.4.1.99.0.1", source=source, at=world.now, security="***"))


def silent(world: World) -> dict[str, Alarm]:
    return {a.resource_id: a for a in world.alarms if a.alarm_type == silent_devices.SILENT and a.cleared_at is None}


def test_a_device_that_was_never_heard_has_an_alarm_after_a_day_and_not_at_once(plant: World) -> None:
    hear(plant.at(10), "192.0.2.2")
    plant.at(23.9 * HOUR).tick()
    assert not silent(plant)
    plant.at(24.1 * HOUR).tick()
    (alarm,) = silent(plant).values()
    assert (alarm.resource_id, alarm.tenant_id, alarm.severity) == ("olt-1", "north", "warning")
    assert alarm.title == "OLT 1 (192.0.2.1): no trap was ever received"
    plant.at(48 * HOUR).tick()
    assert len(silent(plant)) == 1
    hear(plant.at(49 * HOUR), "192.0.2.1")
    assert not silent(plant)
    plant.at(5_000 * HOUR).tick()
    assert not silent(plant), "a device that was heard once may be quiet"


def test_a_device_that_comes_later_has_a_grace_of_its_own(plant: World) -> None:
    new = Node(id="olt-3", type="olt", address="192.0.2.3")
    plant.at(20 * HOUR)(TopologyChanged(puts=(new,), by="file"))
    plant.tick()
    plant.at(25 * HOUR).tick()
    assert set(silent(plant)) == {"olt-1", "olt-2"}
    plant.at(44.1 * HOUR).tick()
    assert set(silent(plant)) == {"olt-1", "olt-2", "olt-3"}
    plant(TopologyChanged(removes=("olt-3",), by="file"))
    plant.tick()
    assert set(silent(plant)) == {"olt-1", "olt-2"}


def test_a_setting_makes_a_long_silence_an_alarm(make_world: Callable[[CorrelatorSettings], World]) -> None:
    world = make_world(CorrelatorSettings(silent_hours=2, never_heard_hours=0))
    world(TopologyLoaded("d", PLANT))
    world.tick()
    hear(world.at(10), "192.0.2.1")
    hear(world.at(HOUR), "192.0.2.1")
    world.at(2.5 * HOUR).tick()
    assert not silent(world)
    world.at(3.1 * HOUR).tick()
    assert [alarm.title for alarm in silent(world).values()] == ["OLT 1 (192.0.2.1): silent since 2026-03-01 04:00 UTC"]
    world(PolicyLoaded("q", msgspec.msgpack.encode(CorrelatorSettings(silent_hours=9))))
    world.tick()
    assert not silent(world)


def test_a_device_whose_traps_are_refused_is_told_of_once(plant: World) -> None:
    plant.at(10)(SourceRefused(source="192.0.2.1", reasons={"wrong_digest": 10}, last=plant.now))
    plant.at(24.1 * HOUR).tick()
    assert set(silent(plant)) == {"olt-2"}


def test_a_whole_plant_that_is_silent_is_told_by_a_bounded_number_of_alarms(world: World) -> None:
    nodes = [Node(id=f"olt-{n}", type="olt", address=f"192.0.{n >> 8}.{n & 255}") for n in range(1_000)]
    world(TopologyLoaded("d", tuple(nodes)))
    for second in range(10):
        world.at(second).tick()
    for second in range(20):
        world.at(24.1 * HOUR + second).tick()
    assert len(silent(world)) == silent_devices.MOST + 1
    (more,) = [alarm for alarm in silent(world).values() if alarm.qualifier == silent_devices.MORE]
    assert more.source == "system"
    for number in range(905):
        hear(world.at(25 * HOUR + number), f"192.0.{number >> 8}.{number & 255}")
    world.tick()
    assert set(silent(world)) == {f"olt-{n}" for n in range(905, 1_000)}


def test_a_plant_of_an_earlier_version_is_looked_at_and_the_memory_survives_a_snapshot(world: World) -> None:
    world.state.replant(0, PLANT, ())
    world.at(0).tick()
    world.at(1).tick()
    world.restart()
    hear(world.at(2), "192.0.2.2")
    world.restart()
    world.at(24.1 * HOUR).tick()
    assert set(silent(world)) == {"olt-1"}
    assert silent_devices.last_heard(world.state, "olt-2") is not None
    world.restart()
    hear(world.at(25 * HOUR), "192.0.2.1")
    assert not silent(world)
