"""A topology that calls a device differently: its open alarms go on under the new name, and nothing else is touched."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary import lives
from vocabulary.recovery import RestartedWorld
from vocabulary.traps import make_trap
from vocabulary.world import World

from actors.correlator.resources import renames
from actors.correlator.settings import CorrelatorSettings
from protocols.alarm import Alarm
from protocols.change import AlarmChanged
from protocols.command import Acknowledge, Raise, Shelve
from protocols.event import Event, ProfilesLoaded, SystemReport, Tick, TopologyLoaded
from protocols.snmp.notification import VarBind
from protocols.topology import Node, with_addresses

encode = msgspec.msgpack.Encoder().encode
DOWN, UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    world = make_world(CorrelatorSettings()).at(0)
    world(ProfilesLoaded("d", lives.PROFILES))
    return world


def olt(id: str, address: str = "10.0.0.1", tenant: str = "t", name: str = "") -> Node:
    return with_addresses(Node(id=id, type="olt", address=address, tenant=tenant, name=name))


def topology(world: World, *nodes: Node) -> None:
    world(TopologyLoaded(str(world.offset), nodes))
    assert not world.all(AlarmChanged), "the topology itself only notes what is to be moved"


def link(world: World, trap_oid: str = DOWN, address: str = "10.0.0.1", interface: int = 7) -> None:
    varbinds = (VarBind(f"1.3.6.1.2.1.2.2.1.1.{interface}", "INTEGER", interface),)
    world(make_trap(trap_oid, varbinds, source=address, at=world.now, uptime=world.offset * 100))


def found(world: World) -> dict[tuple[str, str], Alarm]:
    opened = [alarm for alarm in world.alarms if alarm.cleared_at is None]
    by_place = {(alarm.tenant_id, alarm.resource_id): alarm for alarm in opened}
    assert len(by_place) == len(opened)
    return by_place


def test_the_open_alarm_of_a_renamed_device_ends_and_goes_on_under_the_new_name(world: World) -> None:
    topology(world, olt("olt-1", name="North"))
    link(world)
    before = world.alarm
    world.command(Acknowledge(), before.id)
    topology(world, olt("olt-9", tenant="u", name="South"))
    world.at(1).tick()
    ended, equal = world.all(AlarmChanged)
    assert (ended.alarm.id, ended.alarm.status, ended.alarm.cleared_by) == (before.id, "cleared", "faultd:topology")
    (entry,) = ended.entries
    assert (entry.action, entry.actor) == ("resource_renamed", "faultd:topology")
    assert f"{before.resource_id} of tenant t is olt-9" in entry.text
    assert entry.detail["device_id"] == "olt-9"
    (entry,) = equal.entries
    assert entry.action == "resource_renamed"
    assert entry.detail["alarm_id"] == before.alarm_id
    alarm = equal.alarm
    assert (alarm.tenant_id, alarm.device_id) == ("u", "olt-9")
    assert alarm.resource_id == before.resource_id.replace("olt-1", "olt-9")
    assert before.title.startswith("North")
    assert alarm.title == before.title.replace("North", "South")
    assert (alarm.severity, alarm.first_occurrence, alarm.status) == (before.severity, before.first_occurrence, "acknowledged")
    link(world)
    assert found(world)["u", alarm.resource_id].occurrence_count == 2
    link(world, UP)
    assert not found(world)


def test_what_came_before_the_device_was_in_the_topology_goes_with_it(world: World) -> None:
    link(world)
    assert set(found(world)) == {("default", f"10.0.0.1/{world.alarm.resource_id.partition('/')[2]}")}
    topology(world, olt("olt-1"))
    world.tick()
    assert {(tenant, resource.partition("/")[0]) for tenant, resource in found(world)} == {("t", "olt-1")}


def test_what_is_no_longer_in_the_topology_or_is_called_as_before_stays(world: World) -> None:
    topology(world, olt("olt-1"), olt("olt-2", "10.0.0.2"))
    link(world)
    link(world, address="10.0.0.2")
    before = found(world)
    topology(world, olt("olt-2", "10.0.0.2", name="with a name now"))
    world.tick()
    assert found(world) == before
    assert not world.state.renamed


def test_addresses_that_move_take_no_alarms_along_while_the_old_ids_are_there(world: World) -> None:
    topology(world, olt("olt-1"), olt("olt-2", "10.0.0.2"))
    link(world, address="10.0.0.1")
    link(world, address="10.0.0.2", interface=8)
    before = found(world)
    topology(world, olt("olt-2", "10.0.0.1"), olt("olt-1", "10.0.0.2"))
    world.tick()
    assert found(world) == before
    assert not world.state.renamed
    link(world, UP, address="10.0.0.2")
    assert {alarm.device_id for alarm in found(world).values()} == {"olt-2"}, "the new address speaks for the device by now"


@pytest.mark.parametrize(
    ("children", "follows"),
    [
        ((("olt-9/0/1", "olt-9"), ("splitter", "olt-9")), True),
        ((("olt-9/0/1", "olt-9"), ("olt-9/0/2", "olt-9"), ("splitter", "olt-9")), True),
        ((("olt-9/0/2", "olt-9"), ("splitter", "olt-9")), False),
        ((("olt-9/0/1", "olt-9"), ("splitter", "core")), False),
        ((), False),
    ],
)
def test_alarms_follow_an_address_only_with_all_that_hung_from_the_old_device(
    world: World, children: tuple[tuple[str, str], ...], follows: bool
) -> None:
    core = Node(id="core", type="core")
    topology(
        world,
        core,
        olt("olt-1"),
        Node(id="olt-1/0/1", type="pon", parents=("olt-1",)),
        Node(id="splitter", type="splitter", parents=("olt-1",)),
    )
    link(world)
    nodes = [Node(id=id, type="other", parents=(parent,)) for id, parent in children]
    topology(world, core, olt("olt-9"), *nodes)
    world.tick()
    assert {alarm.device_id for alarm in found(world).values()} == {"olt-9" if follows else "olt-1"}


def test_alarms_follow_the_address_of_a_device_without_children_to_no_other_device_that_is_there(world: World) -> None:
    topology(world, olt("olt-1"), olt("olt-2", "10.0.0.2"))
    link(world)
    topology(world, Node(id="olt-2", type="olt", address="10.0.0.2", addresses=("10.0.0.1",)))
    world.tick()
    assert [alarm.device_id for alarm in found(world).values()] == ["olt-1"]


def test_all_addresses_of_a_device_are_it_and_what_they_said_before_comes_along(world: World) -> None:
    link(world, address="10.0.0.1")
    link(world, address="10.0.0.2", interface=8)
    topology(world, olt("olt-1", "10.0.0.1;10.0.0.2"))
    world.tick()
    assert {alarm.device_id for alarm in found(world).values()} == {"olt-1"}
    link(world, UP, address="10.0.0.2")
    link(world, UP, address="10.0.0.1", interface=8)
    assert not found(world)


def test_many_move_over_several_ticks_and_a_restart_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renames, "AT_MOST", 2)
    topology(world, olt("olt-1"))
    for interface in range(5):
        link(world, interface=interface)
    topology(world, olt("olt-2"))
    assert len(world.state.renamed) == 5
    for left in (3, 1, 0):
        world.restart()
        world.tick()
        assert len(world.state.renamed) == left
    assert {alarm.device_id for alarm in found(world).values()} == {"olt-2"}
    assert len(found(world)) == 5


def test_what_the_device_says_under_the_new_name_meanwhile_goes_first(world: World) -> None:
    topology(world, olt("olt-1"))
    link(world, interface=1)
    link(world, interface=2)
    topology(world, olt("olt-2"))
    link(world, interface=1)
    link(world, UP, interface=2)
    world.tick()
    (alarm,) = found(world).values()
    assert (alarm.device_id, alarm.occurrence_count) == ("olt-2", 1)
    assert len(world.all(AlarmChanged)) == 2, "both old ones ended, and no equal was opened"


def test_renamed_again_or_back_before_the_tick(world: World) -> None:
    topology(world, olt("olt-1"))
    link(world)
    before = found(world)
    topology(world, olt("olt-2"))
    topology(world, olt("olt-1"))
    world.tick()
    assert found(world) == before
    topology(world, olt("olt-2"))
    topology(world, olt("olt-3", tenant="u"))
    world.tick()
    assert {(alarm.tenant_id, alarm.device_id) for alarm in found(world).values()} == {("u", "olt-3")}


def test_alarms_of_the_api_follow_the_id_and_keep_their_tenant_and_those_of_faultd_stay(world: World) -> None:
    topology(world, olt("olt-1"), olt("faultd", "10.0.0.2"))
    world.network("device.down", "olt-1", tenant_id="x")
    world.command(
        Raise(alarm_type="fire", tenant_id="x", severity="critical", title="x", resource_type="card", resource_id="olt-1/0/1")
    )
    world.network("service.outage", "service-1", tenant_id="x")
    world(SystemReport(alarm_type="disk.full", active=True))
    topology(world, olt("olt-9", tenant="u"), olt("other", "10.0.0.2"))
    world.tick()
    assert set(found(world)) == {("x", "olt-9"), ("x", "olt-9/0/1"), ("x", "service-1"), ("default", "faultd")}
    assert found(world)["x", "olt-9"].device_id == "olt-9"
    assert world.network("device.up", "olt-9", tenant_id="x").accepted


def test_a_shelf_goes_on_and_the_counts_follow(world: World) -> None:
    topology(world, olt("olt-1"))
    link(world)
    world.command(Shelve(world.now + timedelta(minutes=5)), world.alarm.id)
    topology(world, olt("olt-2"))
    world.tick()
    (alarm,) = found(world).values()
    assert alarm.status == "suppressed"
    assert dict(world.state.open_of) == {("t", "olt-2"): 1}
    world.at(301).tick()
    (alarm,) = found(world).values()
    assert alarm.status == "active"


plants = st.builds(
    lambda ids, tenants: TopologyLoaded(
        "-".join((*ids, *tenants)),
        tuple(olt(id, address, tenant) for id, address, tenant in zip(ids, lives.SOURCES, tenants, strict=False) if id),
    ),
    st.permutations(["olt-1", "olt-2", "x", ""]).map(lambda ids: ids[:2]),
    st.tuples(st.sampled_from(["t", "u"]), st.sampled_from(["t", ""])),
)
lots = st.lists(
    st.tuples(st.integers(0, 40), st.one_of(lives.traps, lives.traps, lives.network, lives.by_hand, plants, st.just(Tick()))),
    max_size=40,
)


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=60, deadline=None)
@given(lots, st.sets(st.integers(4, 40), max_size=4))
def test_however_a_plant_is_renamed_there_is_one_alarm_of_an_identity_and_a_restart_changes_nothing(
    steps: list[tuple[int, Event]], restarts: set[int]
) -> None:
    world = RestartedWorld()
    end: list[tuple[int, Event]] = [(1, Tick())]
    for offset, (seconds, event) in enumerate([*((0, one) for one in lives.SETUP), *steps, *end], 1):
        world.now += timedelta(seconds=seconds)
        if offset in restarts:
            world.restart()
        world(event)
        opened = [alarm for alarm in world.alarms if alarm.cleared_at is None]
        assert len({alarm.identity for alarm in opened}) == len(opened)
        assert all(world.state.current[alarm.identity] == alarm.id for alarm in opened)
        assert Counter((alarm.tenant_id, alarm.device_id) for alarm in opened) == world.state.open_of
    assert not world.state.renamed
    world.check_states()
