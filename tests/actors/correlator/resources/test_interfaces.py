"""Interfaces are one thing by their names, whatever index they have; and an uplink is what the topology says is one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary import lives
from vocabulary.traps import make_trap
from vocabulary.world import World

from actors.correlator.memories import NamedInterfaces
from actors.correlator.resources import interfaces
from actors.correlator.settings import CorrelatorSettings
from protocols.alarm import Alarm
from protocols.change import Quarantined
from protocols.event import ProfilesLoaded, TopologyLoaded
from protocols.snmp.notification import VarBind
from protocols.topology import Node

DOWN, UP, COLD = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4", "1.3.6.1.6.3.1.1.5.1"
NAME, DESCR, ALIAS = "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.31.1.1.1.18"
SOURCE = "10.0.0.1"
OLT = Node(id="olt-1", type="olt", name="North", address=SOURCE)


class Device:
    """A device at ``SOURCE`` whose traps go into the fold; its clock runs with the world's."""

    def __init__(self, world: World) -> None:
        self.world, self.started = world, world.now - timedelta(hours=1)

    def restart(self) -> None:
        self.started = self.world.now

    def send(self, oid: str, index: int | None, name: str = "", descr: str = "", alias: str = "", *, binds: Any = ()) -> None:
        given = ((NAME, name), (DESCR, descr), (ALIAS, alias))
        suffix = "" if index is None else f".{index}"
        varbinds = [VarBind(f"{column}{suffix}", "OCTET STRING", text.encode()) for column, text in given if text]
        if index is not None:
            varbinds.insert(0, VarBind(f"1.3.6.1.2.1.2.2.1.1.{index}", "INTEGER", index))
        uptime = int((self.world.now - self.started).total_seconds() * 100)
        trap = make_trap(oid, (*varbinds, *binds), source=SOURCE, at=self.world.now, uptime=uptime)
        assert not any(isinstance(change, Quarantined) for change in self.world(trap))


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    world = make_world(CorrelatorSettings()).at(0)
    world(ProfilesLoaded("d", lives.PROFILES))
    return world


@pytest.fixture
def device(world: World) -> Device:
    return Device(world)


def opened(world: World) -> list[Alarm]:
    return [alarm for alarm in world.alarms if alarm.cleared_at is None]


def places(world: World) -> list[str]:
    return [alarm.resource_id.partition("/")[2] for alarm in opened(world)]


def test_a_name_with_another_index_after_a_start_is_the_same_interface(world: World, device: Device) -> None:
    device.send(DOWN, 5, "ge-0/0/1", "ge-0/0/1")
    world.at(10)
    device.restart()
    device.send(COLD, None)
    world.at(30)
    device.send(DOWN, 7, "ge-0/0/1", "ge-0/0/1")
    (alarm,) = opened(world)
    assert (alarm.resource_id, alarm.occurrence_count) == (f"{SOURCE}/if/5", 2)
    device.send(UP, 5, "ge-0/0/9", "ge-0/0/9")
    assert opened(world), "another interface has its index now"
    device.send(UP, 7)
    assert not opened(world), "the index is enough, since its name was told after the start"


def test_what_has_the_index_of_another_by_now_is_an_alarm_of_its_own(world: World, device: Device) -> None:
    device.send(DOWN, 5, "ge-0/0/1")
    world.at(60)
    device.restart()
    device.send(UP, 7, "ge-0/0/1")
    device.send(DOWN, 7, "ge-0/0/1")
    device.send(DOWN, 5)
    assert places(world) == ["if/5", "if/5:unnamed"]
    device.send(DOWN, 5, "ge-0/0/9")
    assert places(world) == ["if/5", "if/5:unnamed"], "the same one, now with its name"
    device.send(UP, 5, "ge-0/0/9")
    assert places(world) == ["if/5"]
    device.send(DOWN, 5, "ge-0/0/9")
    assert places(world) == ["if/5", "if/5:ge-0/0/9"]
    device.send(UP, 5)
    assert places(world) == ["if/5"]


@pytest.mark.parametrize(
    ("down", "up"),
    [
        ({"name": "ge-1"}, {}),
        ({}, {"name": "ge-1"}),
        ({"name": "ge-1"}, {"descr": "GigabitEthernet1"}),
        ({"descr": "GigabitEthernet1"}, {"name": "ge-1", "alias": "to core"}),
        ({"alias": "to core"}, {"alias": "to the other core"}),
        ({}, {}),
    ],
)
@pytest.mark.parametrize("starts", [False, True])
def test_an_index_that_stays_is_the_interface_whatever_names_are_told(
    world: World, device: Device, down: dict[str, str], up: dict[str, str], starts: bool
) -> None:
    device.send(DOWN, 3, **down)
    device.send(DOWN, 3, **up)
    (alarm,) = opened(world)
    assert alarm.occurrence_count == 2
    if starts:
        world.at(100)
        device.restart()
    device.send(UP, 3, **up)
    assert not opened(world)


@pytest.mark.parametrize("kind", ["descr", "alias"])
def test_a_text_that_two_interfaces_bear_names_neither(world: World, device: Device, kind: str) -> None:
    device.send(DOWN, 1, **{kind: "Ethernet"})
    device.send(DOWN, 2, **{kind: "Ethernet"})
    assert places(world) == ["if/1", "if/2"]
    world.at(100)
    device.restart()
    device.send(UP, 2, **{kind: "Ethernet"})
    assert places(world) == ["if/1"]


@pytest.mark.parametrize("kind", ["name", "descr", "alias"])
def test_each_name_is_enough_and_stands_in_the_title(world: World, device: Device, kind: str) -> None:
    device.send(DOWN, 1, **{kind: "xe-0/1/0 ⚡ Žilina–Martin"})
    (alarm,) = opened(world)
    assert alarm.title == f"{SOURCE} xe-0/1/0 ⚡ Žilina–Martin: Interface down"
    assert alarm.resource_name == "xe-0/1/0 ⚡ Žilina–Martin"
    world.at(100)
    device.restart()
    device.send(UP, 9, **{kind: "xe-0/1/0 ⚡ Žilina–Martin"})
    assert not opened(world)


def test_a_name_told_before_is_in_the_title_of_a_trap_without_one(world: World, device: Device) -> None:
    device.send(UP, 234954752, "0/9/0")
    device.send(DOWN, 234954752)
    (alarm,) = opened(world)
    assert alarm.title == f"{SOURCE} 0/9/0: Interface down"


def test_a_name_without_an_index_is_the_interface(world: World, device: Device) -> None:
    device.send(DOWN, 5, "ge-1")
    device.send(UP, None, "ge-1")
    assert not opened(world)
    device.send(DOWN, None, "ge-2")
    assert places(world) == ["if/ge-2"]
    device.send(UP, 6, "ge-2")
    assert not opened(world)


def test_with_two_agents_behind_one_address_names_and_indexes_still_find_the_alarm(world: World, device: Device) -> None:
    for second in range(0, 4_000, 400):
        world.at(second)
        device.started += timedelta(hours=1 if second % 800 else -1)
        device.send(DOWN, 5, "ge-1")
        device.send(DOWN, 6)
    assert places(world) == ["if/5", "if/6"]
    world.at(4_000)
    device.send(UP, 5)
    device.send(UP, 6)
    assert not opened(world)


UPLINK_TYPE = Node(id="olt-1/if/3", type="uplink", parents=("olt-1",), name="Uplink to core")
UPLINK_NAME = Node(id="olt-1/if/xe-1", type="uplink", parents=("olt-1",))
UPLINK_INDEX = Node(id="olt-1/0/19/1", type="uplink", parents=("olt-1",), index="3")
PLAIN = Node(id="olt-1/if/3", type="other", parents=("olt-1",))
CORE = Node(id="core", type="core")
LEFT, RIGHT = (Node(id=f"olt-1/if/{n}", type="other", parents=("core",)) for n in (3, 4))
HANGING = Node(id="olt-1", type="olt", address=SOURCE, parents=("olt-1/if/3", "olt-1/if/4"))


@pytest.mark.parametrize(
    ("nodes", "alarm_type", "resource", "title"),
    [
        ((), "interface.down", f"{SOURCE}/if/3", f"{SOURCE} xe-1: Interface down"),
        ((OLT,), "interface.down", "olt-1/if/3", "North xe-1: Interface down"),
        ((OLT, PLAIN), "interface.down", "olt-1/if/3", "North xe-1: Interface down"),
        ((OLT, UPLINK_TYPE), "uplink.down", "olt-1/if/3", "North Uplink to core: Uplink down"),
        ((OLT, UPLINK_NAME), "uplink.down", "olt-1/if/xe-1", "North xe-1: Uplink down"),
        ((OLT, UPLINK_INDEX), "uplink.down", "olt-1/0/19/1", "North xe-1: Uplink down"),
        ((CORE, LEFT, RIGHT, HANGING), "uplink.down", "olt-1/if/3", "olt-1 xe-1: Uplink down"),
    ],
)
def test_an_uplink_is_what_the_topology_says_is_one(
    world: World, device: Device, nodes: tuple[Node, ...], alarm_type: str, resource: str, title: str
) -> None:
    world(TopologyLoaded("t", nodes))
    device.send(DOWN, 3, "xe-1")
    (alarm,) = opened(world)
    assert (alarm.alarm_type, alarm.resource_id, alarm.title) == (alarm_type, resource, title)
    device.send(UP, 3)
    assert not opened(world)


def test_a_topology_that_changes_meanwhile_makes_no_second_alarm(world: World, device: Device) -> None:
    world(TopologyLoaded("1", (OLT,)))
    device.send(DOWN, 3)
    world(TopologyLoaded("2", (OLT, UPLINK_TYPE)))
    device.send(DOWN, 3)
    (alarm,) = opened(world)
    assert (alarm.alarm_type, alarm.occurrence_count) == ("interface.down", 2)
    world(TopologyLoaded("3", (OLT, UPLINK_INDEX)))
    device.send(DOWN, 3)
    assert len(opened(world)) == 1
    device.send(UP, 3)
    assert not opened(world)


def test_a_port_switched_off_by_hand_is_a_note_on_an_uplink_too(world: World, device: Device) -> None:
    world(TopologyLoaded("1", (OLT, UPLINK_TYPE)))
    device.send(DOWN, 3, binds=(VarBind("1.3.6.1.2.1.2.2.1.7.3", "INTEGER", 2),))
    (alarm,) = opened(world)
    assert (alarm.alarm_type, alarm.severity) == ("uplink.down", "info")
    assert alarm.title.endswith("Port switched off")


@pytest.mark.interpreted
def test_memory_is_bounded_for_one_device_and_for_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interfaces, "MOST_OF_DEVICE", 3)
    monkeypatch.setattr(interfaces, "MOST", 5)
    memory = NamedInterfaces()
    for device_id, count in (("a", 3), ("b", 3), ("c", 2), ("d", 9)):
        for index in range(count):
            position, names = f"if/{index}", (f"ge-{index}", "", "")
            place = interfaces.locate(memory.devices.get(device_id), position, names, "", 0)
            interfaces.learn(memory, device_id, position, names, place.position, None, "", 0)
            assert memory.count == sum(len(known.places) for known in memory.devices.values()) <= 5
    assert list(memory.devices) == ["c", "d"]
    assert len(memory.devices["d"].places) == 1


steps = st.lists(
    st.tuples(
        st.sampled_from(["down", "up", "start"]),
        st.integers(0, 3),
        st.sampled_from([0, 1, 2, 3, 6, 7]),
    ),
    max_size=25,
)


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=80, deadline=None)
@given(steps, st.sets(st.integers(0, 24), max_size=3))
def test_the_ports_that_are_down_are_those_that_said_so_last(steps: list[tuple[str, int, int]], restarts: set[int]) -> None:
    """Whatever indexes a device gives its ports at each start, as long as it always tells ifName (bit 0) or, since the last
    start, has told it once (else only the index)."""
    world = World()
    world(ProfilesLoaded("d", lives.PROFILES))
    device = Device(world)
    number = list(range(4))
    down: dict[int, bool] = {}
    told: set[int] = set()
    for step, (what, port, bits) in enumerate(steps):
        world.now += timedelta(seconds=300)
        if step in restarts:
            world.restart()
        if what == "start":
            number = number[port:] + number[:port]
            device.restart()
            told.clear()
            continue
        named = bool(bits & 1) or port not in told
        told.add(port)
        texts = {"name": f"ge-{port}"} if named else {}
        if bits & 2:
            texts["descr"] = "Ethernet"
        device.send(DOWN if what == "down" else UP, number[port] + 1, **texts)
        down[port] = what == "down"
        expected = sorted(f"ge-{each}" for each, is_down in down.items() if is_down)
        assert sorted(alarm.resource_name for alarm in opened(world)) == expected


@pytest.mark.parametrize("stuck", [False, True])
def test_an_index_without_a_name_counts_as_in_the_last_start_and_not_as_in_the_first(
    world: World, device: Device, stuck: bool
) -> None:
    """``stuck``: the uptime is 0 in every trap, so each looks like a start."""

    def send(second: float, oid: str, index: int, name: str = "") -> None:
        world.at(second)
        if stuck:
            device.restart()
        device.send(oid, index, name)

    send(0, DOWN, 5, "ge-1")
    send(1, UP, 5, "ge-1")
    device.restart()
    send(60, DOWN, 7, "ge-1")
    device.restart()
    send(120, UP, 5)
    assert places(world) == ["if/5"], "another one has its first index by now"
    send(180, UP, 7)
    assert not places(world)


UP_1 = Node(id="olt-1/up1", type="port", parents=("olt-1",), index="5")
UP_2 = Node(id="olt-1/up2", type="port", parents=("olt-1",), index="7")


def test_a_topology_index_stays_that_of_the_interface_that_had_it(world: World, device: Device) -> None:
    def down() -> list[str]:
        return sorted(alarm.resource_id.partition("/")[2] for alarm in opened(world))

    world(TopologyLoaded("1", (OLT, UP_1, UP_2)))
    device.send(DOWN, 5, "ge-1")
    device.send(DOWN, 7, "ge-2")
    world.at(60)
    device.restart()
    device.send(UP, 7, "ge-1")
    assert down() == ["up2"], "ge-1 has the index by which the topology knows ge-2"
    device.send(DOWN, 7)
    device.send(UP, 5)
    assert down() == ["up1", "up2"], "an interface of which no name was told yet"
    device.send(DOWN, 7, "ge-3")
    assert down() == ["if/7:ge-3", "up1", "up2"]
    device.send(UP, 7, "ge-3")
    device.send(UP, 5, "ge-2")
    assert down() == ["up1"]
    world(TopologyLoaded("2", (OLT, replace(UP_1, index="7"), replace(UP_2, index="5"))))
    device.send(DOWN, 5, "ge-2")
    device.send(UP, 7, "ge-1")
    assert down() == ["up2"], "the topology has the new indexes"
