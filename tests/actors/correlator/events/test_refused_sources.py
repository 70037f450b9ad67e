"""One alarm for each source that is refused persistently, bounded, until its traps are accepted again."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from vocabulary.traps import make_trap
from vocabulary.world import World

from actors.correlator.events import refused_sources
from actors.correlator.memories import SourceMemory
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from actors.trap_listener.v3 import REPORTS
from protocols.alarm import Alarm
from protocols.event import SourceRefused, TopologyLoaded
from protocols.topology import Node

OLT = "192.0.2.81"
PLANT = (Node(id="olt-7", type="olt", name="OLT 7", address=OLT, tenant="north"),)


@pytest.fixture
def plant(world: World) -> World:
    world(TopologyLoaded("d", PLANT))
    return world


def refuse(world: World, count: int = 10, source: str = OLT, reason: str = "unknown_community", **fields: Any) -> None:
    world(SourceRefused(source=source, reasons={reason: count}, last=world.now, **fields))


def accept(world: World, source: str = OLT) -> None:
    world(make_trap("1.3.6.1.4.1.99.0.1", source=source, at=world.now, security="***"))


def open_alarms(world: World) -> dict[str, Alarm]:
    return {a.qualifier: a for a in world.alarms if a.alarm_type == refused_sources.REFUSED and a.cleared_at is None}


def test_a_device_that_is_refused_persistently_has_an_alarm_that_says_why_and_what_to_do(plant: World) -> None:
    refuse(plant.at(0), 9)
    assert not open_alarms(plant)
    refuse(plant.at(600), 1)
    alarm = open_alarms(plant)[OLT]
    assert (alarm.tenant_id, alarm.resource_id, alarm.device_id, alarm.severity) == ("north", "olt-7", "olt-7", "major")
    assert alarm.title == "Traps of OLT 7 (192.0.2.81) are refused: wrong community"
    assert "10 unknown_community" in alarm.description
    assert "[traps] communities" in alarm.recommended_action
    assert alarm.metadata == {"address": OLT, "refused": {"unknown_community": 10}}
    accept(plant.at(700))
    assert not open_alarms(plant)
    assert plant.alarm.cleared_at is not None


def test_what_was_refused_longer_ago_than_the_window_does_not_count(plant: World) -> None:
    refuse(plant.at(0), 9)
    refuse(plant.at(21_700), 9)
    assert not open_alarms(plant)


def test_a_report_that_comes_after_a_trap_was_accepted_raises_nothing(plant: World) -> None:
    refuse(plant.at(0), 90, accepted=plant.now)
    assert not open_alarms(plant)


def test_a_source_that_is_partly_refused_keeps_its_alarm_until_nothing_was_refused_for_the_window(
    plant: World,
) -> None:
    for start in (0, 100):
        refuse(plant.at(start))
        assert open_alarms(plant)
        accept(plant.at(start + 50))
    assert open_alarms(plant)
    accept(plant.at(21_600))
    assert open_alarms(plant)
    plant.at(21_701).tick()
    assert not open_alarms(plant)
    assert not plant.state.memory(SourceMemory).sources
    # What comes later is judged anew.
    refuse(plant.at(30_000))
    accept(plant.at(30_001))
    assert not open_alarms(plant)


def test_an_unknown_address_has_a_warning_and_the_alarm_of_a_device_does_not_end_by_silence(plant: World) -> None:
    refuse(plant.at(0), source="198.51.100.9")
    refuse(plant)
    assert {name: (a.severity, a.tenant_id) for name, a in open_alarms(plant).items()} == {
        "198.51.100.9": ("warning", "default"),
        OLT: ("major", "north"),
    }
    for hour in range(1, 27):
        plant.at(3_600 * hour).tick()
    assert list(open_alarms(plant)) == [OLT]


def test_an_alarm_about_an_address_that_its_device_no_longer_sends_from_ends_after_a_day(world: World) -> None:
    other = "192.0.2.82"
    world(TopologyLoaded("d", (msgspec.structs.replace(PLANT[0], addresses=(other,)),)))
    refuse(world.at(0))
    accept(world.at(600), other)
    world.at(80_000).tick()
    assert open_alarms(world)
    world.at(90_000).tick()
    assert not open_alarms(world)


def test_forged_addresses_make_a_bounded_number_of_alarms_and_leave_room_for_devices(
    make_world: Callable[[CorrelatorSettings], World],
) -> None:
    world = make_world(CorrelatorSettings(refused_source_alarms=10))
    world(TopologyLoaded("d", PLANT))
    for number in range(9_000):
        refuse(world.at(0), source=f"198.51.{number >> 8}.{number & 255}")
    refuse(world)
    alarms = open_alarms(world)
    assert len(alarms) == 5 + 1 + 1
    assert {OLT, refused_sources.THE_OTHERS} <= set(alarms)
    assert "sources?refused=true" in alarms[refused_sources.THE_OTHERS].description
    assert len(world.state.memory(SourceMemory).sources) <= 4_096
    accept(world.at(1), next(name for name in alarms if name.startswith("198.")))
    assert refused_sources.THE_OTHERS not in open_alarms(world)


def test_an_address_that_moves_to_another_device_takes_its_alarm_along(plant: World) -> None:
    refuse(plant.at(0))
    plant(TopologyLoaded("e", (Node(id="olt-8", type="olt", address=OLT, tenant="south"),)))
    refuse(plant.at(100), 1)
    alarm = open_alarms(plant)[OLT]
    assert (alarm.resource_id, alarm.tenant_id) == ("olt-8", "south")
    assert len([a for a in plant.alarms if a.alarm_type == refused_sources.REFUSED and a.cleared_at is None]) == 1


def test_zero_turns_it_off(make_world: Callable[[CorrelatorSettings], World]) -> None:
    world = make_world(CorrelatorSettings(refused_source_count=0))
    refuse(world, 1_000)
    assert not world.alarms


def test_the_memory_survives_a_snapshot(plant: World) -> None:
    refuse(plant.at(0), 9)
    plant.restart()
    refuse(plant.at(1), 1)
    assert open_alarms(plant)
    plant.restart()
    accept(plant.at(2))
    assert not open_alarms(plant)


def test_every_reason_of_snmpv3_has_its_advice() -> None:
    assert set(REPORTS) <= set(refused_sources.ADVICE)


def test_an_event_survives_the_ledgers_encoding() -> None:
    event = SourceRefused(
        source=OLT, reasons={"truncated": 3}, last=State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11").at, accepted=None
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=SourceRefused) == event
