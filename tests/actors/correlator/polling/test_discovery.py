"""ONTs in which a device and the topology differ: proposed, told of once, added by a setting, and never removed."""

from collections.abc import Callable
from typing import Any

import pytest
from vocabulary.reads import parts, read_of
from vocabulary.world import World

from actors.correlator.polling.discovery import DiscoveredOnts
from actors.correlator.settings import CorrelatorSettings
from protocols.change import DeviceEvent, NodesChanged
from protocols.event import TopologyChanged, TopologyLoaded
from protocols.poll.discovered import DiscoveredOnt
from protocols.poll.states import PolledSerial
from protocols.topology import Node

SERIALS = tuple(f"HWTC0000000{number}" for number in range(10))
NODES = (
    Node(id="olt", type="olt", address="192.0.2.1", name="Mill Lane", tenant="t"),
    Node(id="olt/1/0", type="pon", parents=("olt",), tenant="t"),
    *(
        Node(id=f"olt/1/0/{number}", type="ont", parents=("olt/1/0",), serial=SERIALS[number], tenant="t")
        for number in range(4)
    ),
    Node(id="olt/1/0/4", type="ont", parents=("olt/1/0",), tenant="t"),
)


@pytest.fixture
def world() -> World:
    world = World()
    world(TopologyLoaded("t", NODES))
    return world


def found(world: World) -> dict[str, DiscoveredOnt]:
    return {each.position: each for each in DiscoveredOnts(world.state).discovered("olt")}


def told(world: World) -> list[str]:
    return [each.title for each in world.all(DeviceEvent) if each.event_name in ("ont.discovered", "ont.vanished")]


def read(world: World, up: range, *serials: tuple[int, str], **fields: Any) -> None:
    world.at(world.seconds + 60)
    given = tuple(PolledSerial(f"1/0/{number}", serial) for number, serial in serials)
    world(read_of(world, parts("ont", "1/0", up=up), serials=given, **fields))


def test_a_device_that_agrees_differs_in_nothing(world: World) -> None:
    read(world, range(5))
    assert not found(world)
    assert not told(world)


def test_each_difference_is_told_once_and_proposed_with_its_place(world: World) -> None:
    read(world, range(7), (5, SERIALS[5]), (4, SERIALS[4]), (3, SERIALS[9]))
    assert {position: each.kind for position, each in found(world).items()} == {
        "1/0/3": "replaced",
        "1/0/4": "serial",
        "1/0/5": "new",
        "1/0/6": "new",
    }
    new = found(world)["1/0/5"].proposed
    assert new == Node(id="olt/1/0/5", type="ont", parents=("olt/1/0",), serial=SERIALS[5], tenant="t")
    assert found(world)["1/0/6"].proposed is None  # its serial is not known yet
    assert sorted(told(world)) == [
        "Mill Lane 1/0/3: ONT HWTC00000009: the topology has another serial at this position",
        "Mill Lane 1/0/4: ONT HWTC00000004: the topology has no serial for this position",
        "Mill Lane 1/0/5: ONT HWTC00000005 is not in the topology",
        "Mill Lane 1/0/6: an ONT is not in the topology",
    ]
    read(world, range(7), (5, SERIALS[5]), (4, SERIALS[4]), (3, SERIALS[9]))
    assert not told(world)
    read(world, range(7), (6, SERIALS[6]))
    assert told(world) == ["Mill Lane 1/0/6: ONT HWTC00000006 is not in the topology"]


def test_an_ont_at_another_position_takes_its_node_along(world: World) -> None:
    read(world, range(6), (5, SERIALS[2]))
    moved = found(world)["1/0/5"]
    assert (moved.kind, moved.other_id) == ("moved", "olt/1/0/2")
    assert moved.proposed == Node(id="olt/1/0/5", type="ont", parents=("olt/1/0",), serial=SERIALS[2], tenant="t")


def test_what_the_topology_takes_over_is_no_difference_any_more(world: World) -> None:
    read(world, range(6), (5, SERIALS[5]))
    node = found(world)["1/0/5"].proposed
    assert node is not None
    world(TopologyChanged(puts=(node,), by="ada"))
    assert not found(world)
    read(world, range(6), (5, SERIALS[5]))
    assert not told(world)


def test_a_vanished_ont_is_marked_and_stays_until_it_is_back(world: World) -> None:
    read(world, range(3))
    assert {position: each.kind for position, each in found(world).items()} == {"1/0/3": "vanished", "1/0/4": "vanished"}
    assert "olt/1/0/3" in world.state.plant.nodes
    assert told(world)[0] == "olt/1/0/3 is not listed by Mill Lane any more; the topology keeps it"
    since = found(world)["1/0/3"].since
    read(world, range(3))
    assert (found(world)["1/0/3"].since, told(world)) == (since, [])
    read(world, range(5))
    assert not found(world)


@pytest.mark.parametrize(
    "fields",
    [
        {"states": (), "whole": (), "incomplete": {"ont": "OID did not increase"}},
        {"states": (), "whole": ("ont",)},
        {"scope": "1/0"},
        {"reason": "changed", "whole": ()},
    ],
)
def test_no_ont_is_lost_by_a_read_that_does_not_list_them_all(world: World, fields: dict[str, object]) -> None:
    read(world, range(2), **fields)
    assert not found(world)


def test_the_setting_adds_new_onts_and_nothing_else(make_world: Callable[[CorrelatorSettings], World]) -> None:
    world = make_world(CorrelatorSettings(add_discovered_onts=True))
    world(TopologyLoaded("t", NODES))
    read(world, range(7), (5, SERIALS[5]), (3, SERIALS[9]))
    world.tick()
    added = world.state.plant.nodes["olt/1/0/5"]
    assert (added.serial, added.parents, "olt/1/0/5" in world.state.api_nodes) == (SERIALS[5], ("olt/1/0",), True)
    assert [each.node.id for each in world.only(NodesChanged).puts] == ["olt/1/0/5"]
    assert world.state.plant.nodes["olt/1/0/3"].serial == SERIALS[3]
    assert "olt/1/0/6" not in world.state.plant.nodes


def test_another_serial_at_a_position_inherits_no_alarm(world: World) -> None:
    """An ONT is replaced by one that is down too: its alarm is its own."""
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=(0, 1, 2, 4), down={3: "los"})))
    (old,) = world.of_type("ont.los")
    world.at(120)
    states = parts("ont", "1/0", up=(0, 1, 2, 4), down={3: "los"})
    world(read_of(world, states, serials=(PolledSerial("1/0/3", SERIALS[9]),)))
    assert world.get(old.id).cleared_by == "faultd:serial"
    node = found(world)["1/0/3"].proposed
    assert node is not None
    world(TopologyChanged(puts=(node,), by="ada"))
    world.at(180)
    world(read_of(world, states))
    (new,) = [each for each in world.of_type("ont.los") if each.cleared_at is None]
    assert (new.resource_id, new.metadata["serial"], new.occurrence_count) == ("olt/1/0/3", SERIALS[9], 1)


def test_a_flood_is_bounded_and_forgotten_with_its_device(world: World) -> None:
    read(world, range(100_000))
    assert len(found(world)) == 4_096
    assert len(told(world)) == 32
    world.topology(Node(id="other", type="olt", address="192.0.2.9"))
    assert not found(world)
    assert not world.failures()
