"""Interfaces that are PON ports or ONTs, and interfaces that nobody declared: by traps and by polls."""

from pathlib import Path

import pytest
from vocabulary.reads import parts, read_of
from vocabulary.traps import LINK_DOWN, LINK_UP, make_trap
from vocabulary.world import World

from actors.correlator.profiles import load_profiles
from protocols.event import ProfilesLoaded, TopologyLoaded
from protocols.poll.states import PolledName
from protocols.snmp.notification import VarBind
from protocols.topology import Node

IF_INDEX, IF_DESCR, IF_NAME = "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.31.1.1.1.1"
PROFILES = Path(__file__).parents[4] / "config" / "profiles"
OLT = Node(id="olt", type="olt", address="192.0.2.1")
PORT = Node(id="olt/0/1", type="pon", parents=("olt",))
SPARE = Node(id="olt/0/2", type="pon", parents=("olt",))
ONT = Node(id="olt/0/1/5", type="ont", parents=("olt/0/1",), customer_id="C5")
UPLINK = Node(id="olt/up", type="uplink", parents=("olt",), index="101")
INDEX = 4194304256
"""A number into which a vendor packs the place of the PON port."""


def plant(*nodes: Node) -> World:
    world = World()
    shipped = {name: (PROFILES / name).read_text() for name in ("types.toml", "standard.toml", "bdcom.toml")}
    world(ProfilesLoaded("p", load_profiles(shipped)))
    world(TopologyLoaded("t", (OLT, *nodes)))
    return world


def trap(world: World, oid: str, index: int, **names: str) -> None:
    varbinds = [VarBind(f"{IF_INDEX}.{index}", "INTEGER", index)]
    for key, column in (("descr", IF_DESCR), ("name", IF_NAME)):
        if key in names:
            varbinds.append(VarBind(f"{column}.{index}", "OCTET STRING", names[key].encode()))
    world(make_trap(oid, varbinds, source="192.0.2.1", at=world.now))


def is_open(world: World) -> dict[str, str]:
    return {each.resource_id: each.severity for each in world.alarms if each.cleared_at is None}


@pytest.mark.parametrize(
    ("names", "place"),
    [
        ({"descr": "GPON0/1"}, "olt/0/1"),
        ({"descr": "EPON0/1"}, "olt/0/1"),
        ({"name": "gpon-olt_0/1"}, "olt/0/1"),
        ({"name": "GPON 0/1"}, "olt/0/1"),
        ({"name": "GPON0/1:5"}, "olt/0/1/5"),
        ({"name": "0/1"}, "olt/0/1"),
        ({"name": "GPON0/1:9"}, "olt/if/11"),
        ({"name": "GPON0/7"}, "olt/if/11"),
        ({"name": "GigabitEthernet0/1"}, "olt/if/11"),
        ({"name": "Pontoon bridge"}, "olt/if/11"),
        ({}, "olt/if/11"),
    ],
)
def test_the_name_of_a_pon_port_or_an_ont_is_its_place(names: dict[str, str], place: str) -> None:
    world = plant(PORT, ONT)
    trap(world, LINK_DOWN, 11, **names)
    assert is_open(world) == {place: "major"}
    trap(world.at(60), LINK_UP, 11, **names)
    assert is_open(world) == {}


@pytest.mark.parametrize("names", [{}, {"descr": "GPON0/1"}])
def test_the_topologys_index_names_the_port_of_a_trap(names: dict[str, str]) -> None:
    world = plant(
        Node(id="olt/card", type="card", parents=("olt",)), Node(id="olt/0/9", type="pon", parents=("olt",), index="11")
    )
    trap(world, LINK_DOWN, 11, **names)
    assert is_open(world) == {"olt/0/9": "major"}


def test_a_poll_tells_which_port_an_index_is_and_a_later_trap_by_the_index_alone_has_its_place() -> None:
    world = plant(PORT, ONT)
    states = parts("interface", "if/", up=[11, INDEX]), parts("ont", "0/1", up=[5])
    world(read_of(world.at(10), *states))
    world(read_of(world.at(11), reason="changed", names=(PolledName("if/11", "x"), PolledName(f"if/{INDEX}", "y", "0/1"))))
    trap(world.at(20), LINK_DOWN, INDEX)
    assert is_open(world) == {"olt/0/1": "major"}
    trap(world.at(30), LINK_UP, INDEX)
    assert is_open(world) == {}
    world.restart()
    trap(world.at(40), LINK_DOWN, INDEX)
    world(read_of(world.at(50), *states))
    assert is_open(world) == {}, "the linkUp was lost"


def test_a_port_that_is_an_interface_too_has_one_alarm() -> None:
    world = plant(PORT, ONT, SPARE)
    names = (PolledName("if/11", "GPON0/1"), PolledName("if/12", "GPON0/2"), PolledName("if/13", "GPON0/1:5"))
    up = parts("interface", "if/", up=[11, 12, 13]), parts("ont", "0/1", up=[5])
    world(read_of(world.at(10), *up, names=names))
    down = parts("interface", "if/", down={11: "", 12: "", 13: ""}), parts("ont", "0/1", down={5: "los"})
    world(read_of(world.at(70), *down))
    assert {each.resource_id: each.alarm_type for each in world.alarms} == {"olt/0/1/5": "ont.los"}


def test_a_port_with_customers_of_a_device_whose_onts_nobody_polls() -> None:
    world = plant(PORT, ONT, SPARE)
    names = (PolledName("if/11", "GPON0/1"), PolledName("if/12", "GPON0/2"), PolledName("if/13", "GPON0/1:5"))
    world(read_of(world.at(10), parts("interface", "if/", up=[11, 12, 13]), names=names))
    world(read_of(world.at(70), parts("interface", "if/", down={11: "", 12: "", 13: ""})))
    (alarm,) = world.alarms
    assert (alarm.resource_id, alarm.alarm_type, alarm.affected_customers) == ("olt/0/1", "interface.down", ("C5",))


def test_an_interface_that_nobody_declared_is_shown_and_pages_nobody() -> None:
    world = plant(UPLINK)
    world(read_of(world.at(10), parts("interface", "if/", up=[7, 8, 101], down={9: ""})))
    world(read_of(world.at(70), parts("interface", "if/", down={7: "", 8: "admin_down", 9: "", 101: ""})))
    assert is_open(world) == {"olt/if/7": "warning", "olt/up": "major"}
    world.run_to(400)
    assert [alarm_type for kind, alarm_type in world.notified if kind == "raised"] == ["uplink.down"]
    trap(world.at(410), LINK_DOWN, 7)
    assert is_open(world)["olt/if/7"] == "major", "its own trap says more"
    world(read_of(world.at(470), parts("interface", "if/", down={7: "", 101: ""})))
    assert is_open(world)["olt/if/7"] == "major"
