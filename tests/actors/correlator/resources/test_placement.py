"""A topology that changes under live alarms: placed, unplaced, moved, counted anew; and nothing else is touched."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary import lives
from vocabulary.recovery import RestartedWorld
from vocabulary.traps import LINK_DOWN, make_trap
from vocabulary.world import World

from actors.correlator.resources import placement
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Answer
from protocols.command import ChangeTopology, Command
from protocols.event import FROM_FILE, Event, ProfilesLoaded, Tick, TopologyChanged, TopologyLoaded
from protocols.principal import Principal
from protocols.snmp.notification import VarBind
from protocols.topology import Node

encode = msgspec.msgpack.Encoder().encode
ADMIN = Principal("root", "admin")
PLANT = (
    Node(id="olt-1", type="olt", address="10.0.0.1", tenant="t"),
    Node(id="olt-1/1", type="pon", parents=("olt-1",)),
    Node(id="olt-1/2", type="pon", parents=("olt-1",)),
    Node(id="olt-1/1/5", type="ont", parents=("olt-1/1",), name="ONT 5", customer_id="C5", service_id="v5"),
    Node(id="olt-1/1/6", type="ont", parents=("olt-1/1",), customer_id="C6"),
)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    world = make_world(CorrelatorSettings()).at(0)
    world(ProfilesLoaded("d", lives.PROFILES))
    return world


def loaded(world: World, *nodes: Node) -> None:
    world(TopologyLoaded(str(world.offset), nodes))


def changed(world: World, *puts: Node, removes: tuple[str, ...] = ()) -> Answer:
    return world.command(ChangeTopology(puts, removes), by=ADMIN)


def raised(world: World, resource: str, type: str = "ont", **fields: Any) -> Alarm:
    world.network("cpe.offline", resource, **fields)
    (alarm,) = (alarm for alarm in world.alarms if alarm.resource_id == resource)
    return alarm


def lines(world: World) -> dict[str, list[str]]:
    """By resource: the words of the timeline that the topology wrote in the last Event."""
    found: dict[str, list[str]] = {}
    for change in world.all(AlarmChanged):
        for entry in change.entries:
            if entry.actor == placement.ACTOR:
                found.setdefault(change.alarm.resource_id, []).append(entry.action)
    return found


def at(world: World, resource: str) -> Alarm:
    (found,) = (alarm for alarm in world.alarms if alarm.resource_id == resource and alarm.cleared_at is None)
    return found


def test_an_alarm_of_an_unknown_resource_is_kept_and_placed_when_the_topology_learns_it(world: World) -> None:
    loaded(world, *PLANT[:3])
    raised(world, "olt-1/1/5", tags=("vip",))
    alarm = at(world, "olt-1/1/5")
    assert (alarm.tags, alarm.affected_customers) == (("vip", "unplaced"), ())
    assert changed(world, PLANT[3]).refusals == ()
    world.at(1).tick()
    assert lines(world) == {"olt-1/1/5": ["placed"]}
    alarm = at(world, "olt-1/1/5")
    assert (alarm.tags, alarm.resource_name, alarm.subscriber_count) == (("vip",), "ONT 5", 1)
    assert (alarm.affected_customers, alarm.affected_services) == (("C5",), ("v5",))
    world.at(2).tick()
    assert lines(world) == {}


def test_without_a_topology_nothing_is_unplaced_and_the_first_one_places_what_is_open(world: World) -> None:
    raised(world, "olt-1/1/5")
    raised(world, "olt-7/1/9")
    assert all(alarm.tags == () for alarm in world.alarms)
    loaded(world, *PLANT)
    world.at(1).tick()
    assert lines(world) == {"olt-1/1/5": ["placed"], "olt-7/1/9": ["unplaced"]}
    assert at(world, "olt-7/1/9").tags == ("unplaced",)
    assert at(world, "olt-1/1/5").affected_customers == ("C5",)


def test_a_node_removed_under_a_live_alarm_leaves_it_as_it_is_and_unplaced(world: World) -> None:
    loaded(world, *PLANT)
    raised(world, "olt-1/1/5")
    changed(world, removes=("olt-1/1/5",))
    world.at(1).tick()
    assert lines(world) == {"olt-1/1/5": ["unplaced"]}
    alarm = at(world, "olt-1/1/5")
    assert (alarm.status, alarm.affected_customers, alarm.tags) == ("active", ("C5",), ("unplaced",))
    changed(world, PLANT[3])
    world.at(2).tick()
    assert at(world, "olt-1/1/5").tags == ()


def test_an_ont_that_moves_says_so_and_the_alarms_above_count_anew(world: World) -> None:
    loaded(world, *PLANT)
    for resource in ("olt-1/1/5", "olt-1/1", "olt-1/2", "olt-1", "olt-1/1/6"):
        raised(world, resource)
    assert at(world, "olt-1/1").affected_customers == ("C5", "C6")
    changed(world, msgspec.structs.replace(PLANT[3], parents=("olt-1/2",)))
    world.at(1).tick()
    assert lines(world) == {
        "olt-1/1/5": ["moved"],
        "olt-1/1": ["reach_changed"],
        "olt-1/2": ["reach_changed"],
    }, "behind olt-1 are the customers of before, and olt-1/1/6 has not been touched"
    assert at(world, "olt-1/1").affected_customers == ("C6",)
    assert at(world, "olt-1/2").affected_customers == ("C5",)
    assert at(world, "olt-1/2").subscriber_count == 1
    (entry,) = (each for change in world.all(AlarmChanged) for each in change.entries if each.action == "moved")
    assert (entry.detail["before"], entry.detail["parents"]) == (["olt-1/1"], ["olt-1/2"])


def test_customers_that_another_system_named_stay(world: World) -> None:
    loaded(world, *PLANT)
    raised(world, "olt-1/1", customer_ids=("X",))
    changed(world, removes=("olt-1/1/5",))
    world.at(1).tick()
    assert lines(world) == {}
    assert at(world, "olt-1/1").affected_customers == ("X",)


def test_a_fan_is_in_its_place_when_its_device_is(world: World) -> None:
    def link(address: str) -> None:
        varbinds = (VarBind("1.3.6.1.2.1.2.2.1.1.7", "INTEGER", 7),)
        world(make_trap(LINK_DOWN, varbinds, source=address, at=world.now))

    loaded(world, *PLANT)
    link("10.0.0.1")
    link("10.0.0.9")
    assert {alarm.device_id: alarm.tags for alarm in world.alarms} == {"olt-1": (), "10.0.0.9": ("unplaced",)}
    changed(world, Node(id="olt-9", type="olt", address="10.0.0.9"))
    world.at(1).tick()
    (alarm,) = (alarm for alarm in world.alarms if alarm.device_id == "olt-9")
    assert (alarm.tags, alarm.cleared_at) == ((), None)


def test_an_alarm_that_returns_is_placed_by_what_the_topology_says_by_then(world: World) -> None:
    loaded(world, *PLANT[:3])
    raised(world, "olt-1/1/5")
    world.network("cpe.online", "olt-1/1/5")
    changed(world, PLANT[3])
    world.at(10).tick()
    world.network("cpe.offline", "olt-1/1/5")
    alarm = at(world, "olt-1/1/5")
    assert (alarm.tags, alarm.affected_customers, alarm.occurrence_count) == ((), ("C5",), 2)


def test_many_are_looked_at_over_several_ticks_and_a_restart_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "AT_MOST", 2)
    loaded(world, *PLANT[:3])
    onts = [Node(id=f"olt-1/1/{number}", type="ont", parents=("olt-1/1",)) for number in range(5)]
    for ont in onts:
        raised(world, ont.id)
    changed(world, *onts)
    for left in (3, 1, 0):
        world.restart()
        world.at(5 - left).tick()
        assert sum("unplaced" in alarm.tags for alarm in world.alarms) == left


def test_a_change_that_leaves_no_plant_is_refused_whole_and_says_why(world: World) -> None:
    loaded(world, *PLANT)
    before = world.state.save()
    answer = changed(world, Node(id="a", type="x"), Node(id="b", type="x", parents=("nothing",)))
    (refusal,) = answer.refusals
    assert (refusal.alarm_id, refusal.reason) == ("b", "invalid")
    assert refusal.text == "parents: node 'b': parent 'nothing' does not exist"
    answer = world.command(ChangeTopology((Node(id="a", type="x"),), on=1), by=ADMIN)
    assert [refusal.reason for refusal in answer.refusals] == ["wrong_state"]
    answer = world.command(ChangeTopology((Node(id="olt-1", type="x"),)), by=Principal("n", "admin", "north"))
    assert {(refusal.alarm_id, refusal.reason) for refusal in answer.refusals} == {("olt-1", "not_your_tenant")}
    world.state.offset, world.state.at = State.load(before).offset, State.load(before).at
    assert world.state.save() == before


places = st.sampled_from(["olt-1", "olt-2", "olt-1/0/1", "olt-1/0/1/3", "10.0.0.1", "x"])
plants = st.lists(
    st.builds(
        Node,
        id=places,
        type=st.sampled_from(["olt", "pon", "ont"]),
        parents=st.lists(places, max_size=1).map(tuple),
        address=st.sampled_from(["", "", *lives.SOURCES]),
        customer_id=st.sampled_from(["", "C1", "C2"]),
        tenant=st.sampled_from(["", "t"]),
    ),
    max_size=4,
    unique_by=lambda node: node.id,
).map(tuple)
gone = st.lists(places, max_size=2, unique=True).map(tuple)
topologies = st.one_of(
    st.builds(lambda puts, removes: Command(ADMIN, ChangeTopology(puts, removes)), plants, gone),
    st.builds(lambda puts, removes: TopologyChanged(puts=puts, removes=removes, by=FROM_FILE, digest="x"), plants, gone),
    st.just(TopologyLoaded("d", PLANT)),
)
lots = st.lists(
    st.tuples(
        st.integers(0, 40), st.one_of(lives.traps, lives.network, lives.by_hand, topologies, topologies, st.just(Tick()))
    ),
    max_size=40,
)


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=60, deadline=None)
@given(lots, st.sets(st.integers(4, 40), max_size=4))
def test_however_the_topology_changes_a_restart_changes_nothing_and_open_alarms_end_up_in_their_place(
    steps: list[tuple[int, Event]], restarts: set[int]
) -> None:
    world = RestartedWorld()
    end: list[tuple[int, Event]] = [(1, Tick()), (1, Tick())]
    for offset, (seconds, event) in enumerate([*((0, one) for one in lives.SETUP), *steps, *end], 1):
        world.now += timedelta(seconds=seconds)
        if offset in restarts:
            world.restart()
        world(event)
    world.check_states()
    for alarm in world.alarms:
        if alarm.cleared_at is None:
            wanted = placement.is_unplaced(
                world.state, alarm.resource_type, alarm.resource_id, alarm.device_id, alarm.tenant_id
            )
            assert ("unplaced" in alarm.tags) == wanted, alarm
