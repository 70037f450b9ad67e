"""Reconciliation: what becomes of open alarms, and of parts that are down, when a device's states are read."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from vocabulary.outages import plant
from vocabulary.reads import parts, read_of
from vocabulary.world import OPERATOR, World, moment

from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import raise_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.profiles import load_profiles
from actors.correlator.settings import CorrelatorSettings
from protocols.alarm import Alarm, Identity
from protocols.change import DeviceEvent
from protocols.command import Shelve
from protocols.event import PolicyLoaded, ProfilesLoaded, TopologyLoaded
from protocols.poll.states import DownCause, PartKind, PolledName, ReadReason
from protocols.topology import Node

NODES = (
    *plant(areas=False),
    Node(id="olt/if/up1", type="uplink", parents=("olt",), index="101"),
)


@pytest.fixture
def world() -> World:
    world = World()
    world(TopologyLoaded("t", NODES))
    return world


def trap(world: World, alarm_type: str, resource: str, kind: str = "ont", severity: str = "minor") -> Alarm:
    """An alarm as a trap of the device raises it."""
    world.offset += 1
    draft = Draft(world.state, world.offset, world.now)
    problem = ReportedProblem(
        identity=Identity("default", resource, alarm_type, ""),
        severity=severity,  # type: ignore[arg-type]
        source="network_device",
        resource_type=kind,
        title=alarm_type,
        device_id="olt",
    )
    alarm = raise_problem(draft, problem, ReportTime(world.now, "device:olt", "192.0.2.1"))
    world.changes = draft.commit()
    world.history += world.changes
    assert alarm is not None
    return alarm


def summary(world: World) -> dict[str, object]:
    (event,) = [each for each in world.all(DeviceEvent) if each.event_name == "poll.reconciled"]
    return event.detail


def open_types(world: World) -> dict[str, str]:
    return {each.resource_id: each.alarm_type for each in world.alarms if each.cleared_at is None}


@pytest.mark.parametrize("alarm_type", ["ont.los", "ont.dying_gasp", "ont.state", "ont.lof"])
def test_a_stale_alarm_of_an_ont_that_is_up_is_cleared_and_says_so(world: World, alarm_type: str) -> None:
    alarm = trap(world, alarm_type, "olt/1/0/5")
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(32))))
    over = world.get(alarm.id)
    assert (over.cleared_at, over.cleared_by) == (moment(60), "faultd:polling")
    assert world.timeline(alarm.id)[-1].text.startswith("found clear by poll: olt reports it up")
    assert (summary(world)["cleared"], summary(world)["raised"]) == (1, 0)


@pytest.mark.parametrize("alarm_type", ["ont.rx.low", "ont.sd", "ont.uni.los", "ont.rogue", "vendor.alarm", "card.cpu"])
def test_what_a_state_does_not_show_is_left_alone(world: World, alarm_type: str) -> None:
    alarm = trap(world, alarm_type, "olt/1/0/5")
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(32)), parts("card", "", up=[1])))
    assert world.get(alarm.id).cleared_at is None


def test_an_alarm_raised_or_repeated_after_the_read_began_stays(world: World) -> None:
    first = trap(world.at(10), "ont.los", "olt/1/0/5")
    second = trap(world.at(10), "ont.los", "olt/1/0/6")
    trap(world.at(59.5), "ont.los", "olt/1/0/6")
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(32)), took=1.0))
    assert world.get(first.id).cleared_at is not None
    assert world.get(second.id).cleared_at is None
    assert summary(world)["not_judged"] == {"reported after the read began": 1}
    world.at(120)
    world(read_of(world, parts("ont", "1/0", up=range(32)), took=1.0))
    assert world.get(second.id).cleared_at is not None


def test_a_clear_received_after_the_read_began_is_newer_than_its_down(world: World) -> None:
    alarm = trap(world.at(10), "ont.los", "olt/1/0/5")
    world.at(59.5).clear_alarm(alarm.id)
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(5), down={5: "los"})))
    assert not open_types(world)
    assert summary(world)["not_judged"] == {"reported after the read began": 1}


def test_what_a_person_reported_is_not_the_pollers_to_clear(world: World) -> None:
    name = world.raise_alarm("ont.los", "olt/1/0/5", tenant_id="default")
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(32))))
    assert world.get(name).cleared_at is None
    assert summary(world)["not_judged"] == {"last reported by a person or another system": 1}


@pytest.mark.parametrize(
    ("cause", "alarm_type"),
    [
        ("los", "ont.los"),
        ("dying_gasp", "ont.dying_gasp"),
        ("lof", "ont.lof"),
        ("loss_of_ploam", "ont.loam"),
        ("loss_of_ack", "ont.loa"),
        ("deactivated", "ont.state"),
        ("signal_fail", "ont.state"),
        ("", "ont.state"),
    ],
)
def test_a_missed_outage_is_raised_by_its_cause_and_dated_by_the_read(world: World, cause: DownCause, alarm_type: str) -> None:
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(5), down={5: cause}), took=1.0))
    alarm = world.alarm
    assert (alarm.alarm_type, alarm.resource_id, alarm.device_id) == (alarm_type, "olt/1/0/5", "olt")
    assert (alarm.first_occurrence, alarm.affected_customers) == (moment(60), ("C0-5",))
    assert "since when is not known" in world.timeline(alarm.id)[0].text
    assert summary(world)["raised"] == 1


@pytest.mark.parametrize(
    ("kind", "under", "number", "alarm_type", "resource"),
    [
        ("card", "", 1, "card.offline", "olt/1"),
        ("fan", "fan/", 2, "fan.fault", "olt/fan/2"),
        ("psu", "0", 21, "power.module", "olt/0/21"),
        ("pon", "1", 0, "pon.down", "olt/1/0"),
    ],
)
def test_other_parts_have_their_types_and_end_with_the_next_read(
    world: World, kind: PartKind, under: str, number: int, alarm_type: str, resource: str
) -> None:
    world.at(60)
    world(read_of(world, parts(kind, under, down={number: ""})))
    (alarm,) = world.of_type(alarm_type)
    assert alarm.resource_id == resource
    world.at(70)
    world(read_of(world, parts(kind, under, up=[number])))
    assert world.get(alarm.id).cleared_by == "faultd:polling"


def test_a_port_without_onts_is_no_fault_and_one_that_hears_an_ont_has_light(world: World) -> None:
    los = trap(world, "pon.los", "olt/1/1", "pon", "critical")
    world.at(60)
    world(read_of(world, parts("pon", "1", up=[1], down={0: "", 9: ""}), parts("ont", "1/0", up=[3]), parts("ont", "1/1")))
    assert world.get(los.id).cleared_at is None  # up, and hears nobody
    assert not world.of_type("pon.down")  # 1/9 has no ONT, and 1/0 hears one
    world.at(70)
    world(read_of(world, parts("ont", "1/1", up=[4])))
    assert world.get(los.id).cleared_at is not None


def test_an_incomplete_table_reconciles_nothing_and_is_named(world: World) -> None:
    alarm = trap(world, "ont.los", "olt/1/0/5")
    world.at(60)
    world(read_of(world, incomplete={"ont": "OID did not increase"}))
    assert world.get(alarm.id).cleared_at is None
    assert summary(world)["not_judged"] == {"the table was not read to its end": 1}
    assert summary(world)["incomplete"] == {"ont": "OID did not increase"}


def test_an_ont_that_is_not_listed_or_unknown_is_not_judged(world: World) -> None:
    trap(world, "ont.los", "olt/1/0/5")
    trap(world, "ont.los", "olt/1/0/6")
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(5), unknown=[6])))
    assert len(open_types(world)) == 2
    assert summary(world)["not_judged"] == {"the device gives no usable state": 1, "the device does not list the part": 1}


def test_a_scheduled_read_judges_what_differs_alone_and_tells_nothing_else(world: World) -> None:
    first = trap(world, "ont.los", "olt/1/0/5")
    second = trap(world, "ont.los", "olt/1/0/6")
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=[5]), reason="changed", whole=()))
    assert world.get(first.id).cleared_at is not None
    assert world.get(second.id).cleared_at is None
    world.at(61)
    world(read_of(world, parts("ont", "1/0", up=[7]), reason="changed", whole=()))
    assert not world.all(DeviceEvent)


def test_acknowledgement_and_shelf_stay_and_an_open_alarm_is_confirmed_without_a_change(world: World) -> None:
    alarm = trap(world, "ont.los", "olt/1/0/5")
    world.acknowledge(alarm.id)
    before = world.get(alarm.id)
    world.at(60)
    world(read_of(world, parts("ont", "1/0", up=range(5), down={5: "los"})))
    assert world.get(alarm.id) == before
    assert summary(world)["confirmed"] == 1
    world.command(Shelve(until=moment(5000), reason="known"), alarm.id, by=OPERATOR)
    world.at(120)
    world(read_of(world, parts("ont", "1/0", up=range(32))))
    world.at(130)
    world(read_of(world, parts("ont", "1/0", up=range(5), down={5: "los"})))
    again = world.get(alarm.id)
    assert (again.cleared_at, again.acknowledged_by, again.shelved_by) == (None, "ada", "ada")


def test_an_open_alarm_is_never_aged_out(world: World) -> None:
    alarm = trap(world, "ont.los", "olt/1/0/5")
    for day in range(1, 40):
        world.at(day * 86_400)
        world(read_of(world, parts("ont", "1/0", up=range(5), down={5: "los"})))
        world.tick()
    assert world.get(alarm.id).cleared_at is None


def test_an_uplink_by_its_name_and_a_port_without_a_cable(world: World) -> None:
    states = parts("interface", "if/", up=[103], down={101: "", 102: "", 104: "admin_down"})
    names = (PolledName("if/101", "up1"), PolledName("102", "up2"), PolledName("103", "up3"))
    world.at(60)
    world(read_of(world, states, names=names))
    (uplink,) = world.of_type("uplink.down")
    assert (uplink.resource_id, uplink.resource_name) == ("olt/if/up1", "up1")
    assert not world.of_type("interface.down")  # 102 was never up
    world.at(120)
    world(read_of(world, parts("interface", "if/", up=[101], down={102: "", 103: "", 104: "admin_down"}), names=names))
    assert world.get(uplink.id).cleared_at is not None
    (port,) = world.of_type("interface.down")  # 103 was up before
    assert port.resource_id == "olt/if/103"


def test_interfaces_that_the_device_renumbered_keep_their_alarms(world: World) -> None:
    world.at(60)
    world(read_of(world, parts("interface", "if/", up=[7, 8]), names=(PolledName("7", "ge1"), PolledName("8", "ge2"))))
    world.at(70)
    world(read_of(world, parts("interface", "if/", down={7: ""}), reason="changed", whole=()))
    (alarm,) = world.of_type("interface.down")
    assert alarm.resource_id == "olt/if/7"
    world.at(80)  # ge1 has the index 8 now, and is still down
    world(
        read_of(world, parts("interface", "if/", up=[7], down={8: ""}), names=(PolledName("7", "ge2"), PolledName("8", "ge1")))
    )
    assert world.get(alarm.id).cleared_at is None
    world.at(90)
    world(read_of(world, parts("interface", "if/", up=[7, 8])))
    assert world.get(alarm.id).cleared_at is not None


def test_switched_off_is_no_fault_and_down_by_itself_is_one(world: World) -> None:
    """Case c32, by polls."""
    down = trap(world, "interface.down", "olt/if/5", "port", "major")
    world.at(60)
    world(read_of(world, parts("interface", "if/", down={5: "admin_down"}), reason="changed", whole=()))
    off = world.get(down.id)
    assert (off.severity, off.title, off.cleared_at) == ("info", "Mill Lane if/5: Port switched off", None)
    world.at(70)
    world(read_of(world, parts("interface", "if/", down={5: ""}), reason="changed", whole=()))
    again = world.get(down.id)
    assert again.severity != "info"
    assert "switched off" not in again.title
    world.at(80)
    world(read_of(world, parts("ont", "1/0", down={3: "admin_down"}), parts("interface", "if/", down={6: "admin_down"})))
    assert [each.id for each in world.alarms if each.cleared_at is None] == [down.id]


def test_onts_down_in_the_first_read_of_a_device_are_warnings(world: World) -> None:

    text = (Path(__file__).parents[4] / "config/profiles/types.toml").read_text()
    world(ProfilesLoaded("p", load_profiles({"types.toml": text})))
    world.at(60)
    world(read_of(world, parts("ont", "1/0", down={3: "los"}), reason="start"))
    world.at(70)
    world(read_of(world, parts("ont", "1/0", down={3: "los", 4: "los"})))
    assert {each.resource_id: each.severity for each in world.of_type("ont.los")} == {
        "olt/1/0/3": "warning",
        "olt/1/0/4": "minor",
    }


def test_a_lying_device_does_not_hold_up_the_fold(world: World) -> None:
    world.at(60)
    lie = parts("ont", "1/0")

    world(
        read_of(world, replace(lie, down=((0, 2**62, "los"),)), replace(lie, kind="interface", under="if/", up=((0, 2**62),)))
    )
    assert not world.failures()
    assert len(open_types(world)) == 32  # the others are not in the topology


def test_at_the_limit_of_alarms_one_refusal_stands_for_all(world: World) -> None:

    world(PolicyLoaded("p", msgspec.msgpack.encode(CorrelatorSettings(max_alarms=3))))
    world.at(60)
    world(read_of(world, parts("ont", "1/0", down=dict.fromkeys(range(10), "los"))))
    assert summary(world)["raised"] == 3
    assert summary(world)["refused_at_the_limit"] == 7
    assert len([each for each in world.all(DeviceEvent) if each.event_name == "alarm.refused"]) == 1


def test_a_port_counts_as_up_or_down_as_it_was_last_read(world: World) -> None:
    world.at(60)
    world(read_of(world, parts("interface", "if/", up=[5], down={6: "", 7: ""})))
    world.at(70)
    world(read_of(world, parts("interface", "if/", up=[6], down={8: ""}), reason="changed", whole=()))  # 8 is a new one
    assert not world.of_type("interface.down")
    world.at(80)
    world(read_of(world, parts("interface", "if/", down={6: ""}), reason="changed", whole=()))
    (alarm,) = world.of_type("interface.down")
    assert alarm.resource_id == "olt/if/6"
    world.at(90)
    world(read_of(world, parts("interface", "if/", down={5: "", 6: "", 7: "", 8: ""})))
    assert {each.resource_id for each in world.of_type("interface.down")} == {"olt/if/5", "olt/if/6"}
    world.at(100)  # parts of another kind have gone: the table of interfaces was read as ever
    world(read_of(world, parts("ont", "1/0", up=[3]), reason="changed", whole=("ont",)))
    assert len([each for each in world.of_type("interface.down") if each.cleared_at is None]) == 2


@pytest.mark.parametrize("reason", ["daily", "changed"])
def test_an_interface_that_is_an_ont_or_a_port_with_onts_has_a_state_of_its_own(reason: ReadReason) -> None:
    """On some OLTs each ONT is an interface too: its alarm would stand beside that of the ONT, and page for each customer."""
    nodes = [replace(each, index="7") if each.id == "olt/1/0/5" else each for each in plant(areas=False)]
    nodes = [replace(each, index="3") if each.id == "olt/1/0" else each for each in nodes]
    world = World()
    world(TopologyLoaded("t", (*nodes, Node(id="olt/if/up1", type="uplink", parents=("olt",), index="101"))))
    world.at(60)
    states = parts("interface", "if/", down={3: "", 7: "", 101: ""}), parts("ont", "1/0", up=range(5), down={5: "los"})
    world(read_of(world, *states, reason=reason, whole=() if reason == "changed" else ("interface", "ont")))
    assert open_types(world).keys() == {"olt/if/up1", "olt/1/0/5"}
