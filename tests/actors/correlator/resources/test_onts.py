"""ONTs are one thing by their serial: where a trap puts them, who is named, and what becomes of their alarms."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.world import World

from actors.correlator.draft import Draft
from actors.correlator.events.traps import _NO_CLOCK, TrapDevice, _apply
from actors.correlator.resources import onts
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.change import AlarmChanged
from protocols.command import Acknowledge, ChangeTopology, Raise
from protocols.event import Tick, TopologyLoaded, Trap
from protocols.finding import Finding
from protocols.principal import Principal
from protocols.serial import canonical_serial
from protocols.snmp.notification import Notification
from protocols.topology import Node

OLD, NEW, THIRD = "HWTC00000001", "HWTC00000002", "HWTC00000003"
OLT = Node(id="olt-1", type="olt", name="North", address="10.0.0.1")
OTHER = Node(id="olt-2", type="olt", name="South", address="10.0.0.2")
PLACE, ELSEWHERE = "olt-1/0/1/5/17", "olt-2/0/1/5/3"


def ont(serial: str, customer: str = "", id: str = PLACE, tenant: str = "") -> Node:
    return Node(id=id, type="ont", parents=(id.partition("/")[0],), serial=serial, customer_id=customer, tenant=tenant)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(CorrelatorSettings()).at(0)


def topology(world: World, *nodes: Node) -> None:
    world(TopologyLoaded(str(world.offset), nodes))


def report(
    world: World,
    kind: Any,
    serial: str = "",
    position: str = "0/1/5/17",
    source: str = "10.0.0.1",
    uptime: int | None = None,
) -> None:
    """A trap of an ONT as its profile reads it."""
    world.offset += 1
    trap = Trap(
        source, world.now, Notification(version="2c", kind="trap", security="p", trap_oid="1.3", uptime=uptime, varbinds=())
    )
    draft = Draft(world.state, world.offset, world.now)
    finding = Finding(
        kind=kind,
        profile="p",
        rule="r",
        alarm_type="ont.los",
        clears=("ont.los",) if kind == "clear" else (),
        resource_type="ont",
        resource=position,
        serial=serial,
    )
    _apply(draft, TrapDevice(world.state.plant.device(source), source, "default"), finding, trap, source, _NO_CLOCK)
    world.changes = draft.commit()


def opened(world: World) -> dict[str, Alarm]:
    return {alarm.resource_id: alarm for alarm in world.alarms if alarm.cleared_at is None}


def actions(world: World) -> list[tuple[str, str]]:
    return [(entry.action, entry.text) for change in world.all(AlarmChanged) for entry in change.entries]


@pytest.mark.parametrize(
    ("nodes", "serial", "position", "resource", "customers"),
    [
        # position and serial as the topology has them, in any spelling
        ((ont(OLD, "C-1"),), OLD, "0/1/5/17", PLACE, ("C-1",)),
        ((ont("hwtc-00000001", "C-1"),), OLD, "0/1/5/17", PLACE, ("C-1",)),
        ((ont("4857544300000001", "C-1"),), OLD, "", PLACE, ("C-1",)),
        # a position that it does not know, a serial that it does
        ((ont(OLD, "C-1"),), OLD, "if/900", PLACE, ("C-1",)),
        ((ont(OLD, "C-1"),), NEW, "if/900", "olt-1/if/900", ()),
        # the position of another one
        ((ont(NEW, "C-2"),), OLD, "0/1/5/17", f"olt-1/sn/{OLD}", ()),
        ((ont(NEW, "C-2"), ont(OLD, "C-1", "olt-1/0/1/5/18")), OLD, "0/1/5/17", "olt-1/0/1/5/18", ("C-1",)),
        # the topology tells no serial there
        ((ont("", "C-1"),), OLD, "0/1/5/17", PLACE, ("C-1",)),
        ((ont("", "C-2"), ont(OLD, "C-1", "olt-1/0/1/5/18")), OLD, "0/1/5/17", "olt-1/0/1/5/18", ("C-1",)),
        # no position
        ((ont(NEW, "C-2"),), OLD, "", f"olt-1/sn/{OLD}", ()),
        # two have it: nobody is named; the device's own goes before that of another
        ((ont(OLD, "C-1"), ont(OLD, "C-2", "olt-1/0/1/5/18")), OLD, "", f"olt-1/sn/{OLD}", ()),
        ((ont(OLD, "C-1"), ont(OLD, "C-2", "olt-1/0/1/5/18")), OLD, "if/900", "olt-1/if/900", ()),
        ((ont(OLD, "C-1"), ont(OLD, "C-2", "olt-1/0/1/5/18")), OLD, "0/1/5/17", PLACE, ("C-1",)),
        ((ont(OLD, "C-1"), ont(OLD, "C-2", ELSEWHERE)), OLD, "", PLACE, ("C-1",)),
        # heard at another OLT of the tenant
        ((ont(OLD, "C-2", ELSEWHERE),), OLD, "", ELSEWHERE, ("C-2",)),
        # another tenant's ONT is never meant
        ((ont(OLD, "C-2", ELSEWHERE, "t"),), OLD, "", f"olt-1/sn/{OLD}", ()),
        ((ont(OLD, "C-2", ELSEWHERE, "t"),), OLD, "if/900", "olt-1/if/900", ()),
    ],
)
def test_where_a_trap_puts_an_ont(
    world: World, nodes: tuple[Node, ...], serial: str, position: str, resource: str, customers: tuple[str, ...]
) -> None:
    topology(world, OLT, OTHER, *nodes)
    report(world, "raise", serial, position)
    (alarm,) = opened(world).values()
    assert (alarm.resource_id, alarm.affected_customers) == (resource, customers)
    assert ("unplaced" in alarm.tags) == (not customers)
    report(world, "clear", serial, position)
    assert not opened(world)


def test_what_was_raised_before_the_topology_knew_the_serial_is_repeated_and_cleared(world: World) -> None:
    topology(world, OLT)
    report(world, "raise", OLD, "if/900")
    topology(world, OLT, ont(OLD, "C-1"))
    report(world, "raise", OLD, "if/900")
    (alarm,) = opened(world).values()
    assert (alarm.resource_id, alarm.occurrence_count) == ("olt-1/if/900", 2)
    report(world, "clear", OLD, "if/900")
    assert not opened(world)


@pytest.mark.parametrize("by", ["trap", "api"])
def test_a_position_that_is_given_to_another_serial_ends_the_old_alarm_and_names_the_old_customer(
    world: World, by: str
) -> None:
    topology(world, OLT, ont(OLD, "C-old"))
    if by == "trap":
        report(world, "raise")
    else:
        world.command(
            Raise(
                alarm_type="ont.los", tenant_id="default", severity="major", title="x", resource_type="ont", resource_id=PLACE
            )
        )
    topology(world, OLT, ont(NEW, "C-new"))
    world.at(1).tick()
    (alarm,) = world.alarms
    assert (alarm.status, alarm.cleared_by, alarm.affected_customers) == ("cleared", "faultd:topology", ("C-old",))
    assert "unplaced" in alarm.tags
    text = f"this was of the ONT with serial {OLD}; at {PLACE} is another one now, with serial {NEW}"
    assert ("ont_replaced", text) in actions(world)
    world.at(2)
    report(world, "raise", NEW)
    assert opened(world)[PLACE].affected_customers == ("C-new",)
    assert opened(world)[PLACE].id != alarm.id, "not the old one again, however soon"


def test_what_the_new_one_said_before_the_tick_stays_and_another_spelling_replaces_nothing(world: World) -> None:
    topology(world, OLT, ont(OLD))
    report(world, "raise")
    topology(world, OLT, ont("hwtc:00000001"))
    world.at(1).tick()
    assert opened(world)
    topology(world, OLT, ont(NEW))
    world.at(2)
    report(world, "raise")
    world.tick()
    assert opened(world)
    topology(world, OLT, ont(THIRD))
    topology(world, OLT, ont(NEW))
    world.at(3).tick()
    assert opened(world), "taken back before the tick"


def test_a_trap_of_another_serial_ends_the_alarm_of_the_one_before(world: World) -> None:
    topology(world, OLT, ont("", "C-1"))
    report(world, "raise", OLD)
    report(world, "raise", OLD)
    report(world, "raise", NEW)
    old, new = world.alarms
    assert (old.status, old.cleared_by, old.occurrence_count) == ("cleared", "faultd:serial", 2)
    assert (new.status, new.metadata["serial"]) == ("active", NEW)
    assert actions(world)[0][0] == "ont_replaced"
    report(world, "clear", NEW)
    report(world, "raise", THIRD)
    assert len(world.alarms) == 3, "nor is a cleared alarm re-opened by another ONT"


def test_an_ont_at_another_position_takes_its_alarms_along(world: World) -> None:
    inside = f"{PLACE}/eth/1"
    topology(world, OLT, OTHER, ont(OLD, "C-1"))
    report(world, "raise", OLD)
    world.command(Acknowledge(), opened(world)[PLACE].id)
    world.command(
        Raise(alarm_type="uni.down", tenant_id="default", severity="minor", title="x", resource_type="uni", resource_id=inside)
    )
    topology(world, OLT, OTHER, ont(NEW, "C-2"), ont("hwtc-00000001", "C-1", ELSEWHERE))
    world.at(1).tick()
    assert set(opened(world)) == {ELSEWHERE, f"{ELSEWHERE}/eth/1"}
    alarm = opened(world)[ELSEWHERE]
    assert (alarm.affected_customers, alarm.device_id, alarm.status) == (("C-1",), "olt-2", "acknowledged")
    assert {action for action, _ in actions(world)} >= {"resource_renamed"}
    report(world, "clear", OLD, "0/1/5/3", "10.0.0.2")
    assert set(opened(world)) == {f"{ELSEWHERE}/eth/1"}


def test_an_ont_of_a_serial_that_two_have_does_not_move(world: World) -> None:
    topology(world, OLT, ont(OLD), ont(OLD, id="olt-1/0/1/5/18"))
    report(world, "raise", OLD)
    topology(world, OLT, ont(OLD, id="olt-1/0/1/5/19"))
    world.tick()
    assert set(opened(world)) == {PLACE}


@pytest.mark.interpreted
def test_many_end_over_several_ticks_and_a_restart_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onts, "AT_MOST", 2)
    places = [f"olt-1/0/1/5/{number}" for number in range(5)]
    topology(world, OLT, *(ont(f"HWTC0000000{number}", id=place) for number, place in enumerate(places)))
    for number in range(5):
        report(world, "raise", position=f"0/1/5/{number}")
    topology(world, OLT, *(ont(f"ZTEG0000000{number}", id=place) for number, place in enumerate(places)))
    world.at(1)
    for left in (3, 1, 0):
        world.restart()
        world.tick()
        assert len(opened(world)) == left


def change(world: World, *puts: Node, tenant: str | None = None) -> list[str]:
    world.command(ChangeTopology(puts, (), world.state.topology_at), by=Principal("ada", "admin", tenant))
    return [refusal.text for change in world.changes for refusal in getattr(change, "refusals", ())]


def test_a_serial_is_given_to_one_node_and_a_tenant_hears_of_its_own_alone(world: World) -> None:
    topology(world, OLT, ont(OLD, tenant="t"), ont(NEW, id="olt-1/1", tenant="u"))
    refused = f"serial: node 'olt-1/2': serial {OLD} already belongs to '{PLACE}'"
    assert change(world, ont("hwtc-00000001", id="olt-1/2", tenant="t"), tenant="t") == [refused]
    assert change(world, ont(OLD, id="olt-1/2", tenant="u")) == [refused]
    assert change(world, ont(THIRD, id="olt-1/2", tenant="t"), ont(THIRD, id="olt-1/3", tenant="t"), tenant="t")
    assert change(world, ont(NEW, id="olt-1/2", tenant="t"), tenant="t") == [], "of what it does not see it hears nothing"
    assert change(world, ont(NEW, "C", "olt-1/2", "t")) == [], "what is so already may stay"


steps = st.lists(
    st.tuples(
        st.sampled_from(["raise", "clear", "plant", "tick"]),
        st.integers(0, 2),
        st.sampled_from(["", OLD, NEW]),
        st.permutations([OLD, NEW, "", OLD]),
    ),
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_no_alarm_of_one_serial_names_the_customer_of_another(steps: list[tuple[str, int, str, list[str]]]) -> None:
    world = World()
    for number, (what, place, serial, serials) in enumerate(steps):
        if what == "plant":
            nodes = [ont(each, f"C-{each}" if each else "", f"olt-1/0/{at}") for at, each in enumerate(serials[:3])]
            world(TopologyLoaded(str(number), (OLT, *nodes)))
            world(Tick())
        elif what == "tick":
            world(Tick())
        else:
            report(world, what, serial, f"0/{place}")
        for alarm in world.alarms:
            told = alarm.metadata.get("serial")
            if told and alarm.cleared_at is None:
                assert set(alarm.affected_customers) <= {f"C-{canonical_serial(told)}"}
    restored = State.load(world.state.save())
    assert msgspec.msgpack.encode(list(restored.alarms.values())) == msgspec.msgpack.encode(world.alarms)


def test_what_comes_back_at_a_position_names_the_customer_who_is_there_now(world: World) -> None:
    topology(world, OLT, ont(OLD, "C-1"))
    report(world, "raise")
    report(world, "clear")
    topology(world, OLT, ont(NEW, "C-2"))
    world.at(1)
    report(world, "raise", NEW)
    (alarm,) = world.state.alarms.values()
    assert (alarm.occurrence_count, alarm.affected_customers, alarm.subscriber_count) == (2, ("C-2",), 1)


def test_an_ont_known_by_its_serial_is_at_its_node_also_where_another_had_an_alarm(world: World) -> None:
    topology(world, OLT, ont(OLD, "C-1"))
    report(world, "raise", NEW, "0/1/5/9")
    report(world, "raise", OLD, "0/1/5/9")
    (alarm,) = opened(world).values()
    assert (alarm.resource_id, alarm.affected_customers) == (PLACE, ("C-1",))
    assert next(iter(world.alarms)).cleared_by == "faultd:serial"


@pytest.mark.parametrize("position", ["0/1/5/17", "0/1/5/9"])
def test_a_clear_of_another_ont_at_the_position_ends_the_alarm_as_replaced(world: World, position: str) -> None:
    topology(world, OLT, ont(NEW, id="olt-1/0/1/5/30"))
    report(world, "raise", OLD, position)
    report(world, "clear", NEW, position)
    assert (world.alarm.status, world.alarm.cleared_by) == ("cleared", "faultd:serial")


@pytest.mark.parametrize("kind", ["raise", "clear"])
def test_a_late_report_of_the_ont_that_was_there_before_ends_nothing(world: World, kind: Any) -> None:
    topology(world, OLT)
    report(world, "raise", NEW, uptime=1000)
    world.at(1)
    report(world, kind, OLD, uptime=900)
    (alarm,) = opened(world).values()
    assert alarm.metadata["serial"] == NEW


def test_an_alarm_goes_along_to_a_position_at_which_another_ont_has_just_recovered(world: World) -> None:
    topology(world, OLT, OTHER, ont(NEW, "C-2"), ont(OLD, "C-1", ELSEWHERE))
    report(world, "raise", OLD, "0/1/5/3", "10.0.0.2")
    world.at(20)
    report(world, "clear", NEW, uptime=1000)
    topology(world, OLT, OTHER, ont(OLD, "C-1"))
    world.at(21).tick()
    assert set(opened(world)) == {PLACE}


@pytest.mark.parametrize(
    ("before", "position", "resource"),
    [
        ((OLT, ont(NEW, "C-2")), "0/1/5/17", f"olt-1/sn/{OLD}"),
        ((OLT,), "0/1/5/9", "olt-1/0/1/5/9"),
        ((OLT,), "", f"olt-1/sn/{OLD}"),
        ((), "0/1/5/9", "10.0.0.1/0/1/5/9"),
    ],
)
def test_alarms_of_an_ont_come_along_to_the_node_that_the_topology_gets_for_it(
    world: World, before: tuple[Node, ...], position: str, resource: str
) -> None:
    topology(world, *before)
    report(world, "raise", OLD, position)
    assert list(opened(world)) == [resource]
    topology(world, OLT, ont("hwtc-00000001", "C-1"))
    world.at(1).tick()
    (alarm,) = opened(world).values()
    assert (alarm.resource_id, alarm.affected_customers, alarm.tags) == (PLACE, ("C-1",), ())
    report(world, "clear", OLD)
    assert not opened(world)


@pytest.mark.parametrize("new", [ont(OLD, id=ELSEWHERE, tenant="other"), ont(OLD, tenant="other", id="olt-2/x")])
def test_alarms_of_an_ont_do_not_come_along_to_a_node_of_another_tenant(world: World, new: Node) -> None:
    topology(world, OLT)
    report(world, "raise", OLD)
    topology(world, OLT, OTHER, new)
    world.at(1).tick()
    assert list(opened(world)) == [PLACE]


@pytest.mark.parametrize("before", [(OLT,), (OLT, ont(""))])
def test_a_position_that_the_topology_now_gives_to_another_serial_ends_the_alarm_there(
    world: World, before: tuple[Node, ...]
) -> None:
    topology(world, *before)
    report(world, "raise", OLD)
    topology(world, OLT, ont(NEW, "C-2"))
    world.at(1).tick()
    assert (world.alarm.status, world.alarm.cleared_by) == ("cleared", "faultd:topology")


@pytest.mark.parametrize("both", [False, True])
def test_onts_that_swap_their_positions_take_their_alarms_along(world: World, both: bool) -> None:
    beside = "olt-1/0/1/5/3"
    topology(world, OLT, ont(OLD, "C-1"), ont(NEW, "C-2", beside))
    report(world, "raise", OLD)
    if both:
        report(world, "raise", NEW, "0/1/5/3")
    topology(world, OLT, ont(OLD, "C-1", beside), ont(NEW, "C-2"))
    world.at(1).tick()
    customers = {place: alarm.affected_customers for place, alarm in opened(world).items()}
    assert customers == {beside: ("C-1",)} | ({PLACE: ("C-2",)} if both else {})
