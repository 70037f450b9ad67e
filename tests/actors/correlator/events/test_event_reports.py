"""Events as the reports that people read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vocabulary.world import World

from actors.correlator.events.event_reports import report_of
from actors.correlator.profiles import load_profiles
from protocols.command import Acknowledge, Clear, Command, Raise
from protocols.event import NetworkEvent, ProfilesLoaded, Stamped, SystemReport, Tick, TopologyLoaded, Trap
from protocols.poll.contact import PollMissed
from protocols.poll.states import PartStates, PolledStates
from protocols.principal import Principal
from protocols.report import EventReport, TrapShown, VarbindShown
from protocols.snmp.notification import Notification, VarBind
from protocols.topology import Node

WHEN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
SHIPPED = Path(__file__).parents[4] / "config" / "profiles"
SECRET = "s3cr3t-community"


def trap(*varbinds: VarBind, oid: str = "1.3.6.1.6.3.1.1.5.3", version: str = "2c", **fields: Any) -> Trap:
    told: Any = {"version": version, "kind": "trap", "security": SECRET, "trap_oid": oid, "uptime": 12_345} | fields
    return Trap("192.0.2.9", WHEN, Notification(varbinds=varbinds, **told), raw=SECRET.encode())


def shown(world: World, event: Any) -> EventReport:
    report = report_of(world.state, Stamped(7, WHEN, event))
    assert report is not None
    return report


def trap_of(world: World, event: Trap) -> TrapShown:
    report = shown(world, event)
    assert report.trap is not None
    return report.trap


@pytest.fixture
def known(world: World) -> World:
    """A world with the shipped profiles and one device."""
    profiles = load_profiles({str(file): file.read_text() for file in SHIPPED.glob("*.toml")})
    world(ProfilesLoaded("p", profiles))
    world(TopologyLoaded("t", (Node(id="olt-9", type="olt", address="192.0.2.9", tenant="north"),)))
    return world


def test_a_trap_says_who_sent_it_and_by_which_names_it_is_known(known: World) -> None:
    report = shown(
        known, trap(VarBind("1.3.6.1.2.1.2.2.1.1.3", "INTEGER", 3), VarBind("1.3.6.1.2.1.2.2.1.2.3", "OCTET STRING", b"ge0"))
    )
    assert (report.offset, report.at, report.received, report.kind) == (7, WHEN, WHEN, "trap")
    assert (report.tenant_id, report.by) == ("north", "device:olt-9")
    told = report.trap
    assert told is not None
    assert (told.sender, told.device_address, told.address_from) == ("192.0.2.9", "192.0.2.9", "source")
    assert (told.version, told.inform, told.trap_oid, told.uptime_seconds) == ("2c", False, "1.3.6.1.6.3.1.1.5.3", 123.45)
    assert (told.trap_name, told.reason) == ("linkDown", "")
    index, descr = told.varbinds
    assert (index.name, index.value, index.hex) == ("ifIndex", 3, None)
    assert (descr.name, descr.value, descr.hex) == ("ifDescr", "ge0", "676530")


def test_what_a_profile_decodes_is_beside_the_value(known: World) -> None:
    discovered = VarBind("1.3.6.1.4.1.3320.10.3.7.1.0", "INTEGER", 8)
    told = trap_of(known, trap(discovered, oid="1.3.6.1.4.1.3320.10.3.7.2"))
    (change,) = told.varbinds
    assert (told.profile, told.trap_name) == ("bdcom", "gponOnuStatusChangeNotification")
    assert (change.name, change.value, change.decoded) == ("onuChange", 8, "onu-los")


def test_a_trap_that_no_profile_knows_has_no_names_and_says_why(known: World) -> None:
    told = trap_of(known, trap(VarBind("1.3.6.1.4.1.99.1", "OCTET STRING", b"\x00\xff\x01"), oid="1.3.6.1.4.1.99.0.1"))
    assert (told.profile, told.trap_name, told.reason) == (None, None, "no profile knows 1.3.6.1.4.1.99.0.1")
    assert told.varbinds == (VarbindShown(oid="1.3.6.1.4.1.99.1", name=None, type="OCTET STRING", value=None, hex="00ff01"),)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_no_community_is_in_it(known: World, version: str) -> None:
    proxied = VarBind("1.3.6.1.6.3.18.1.4.0", "OCTET STRING", SECRET.encode())
    report = shown(known, trap(proxied, VarBind("1.3.6.1.6.3.18.1.3.0", "IpAddress", "192.0.2.77"), version=version))
    octets = msgspec.json.encode(report)
    assert SECRET.encode() not in octets
    assert SECRET.encode().hex().encode() not in octets
    assert report.trap is not None
    assert [varbind.value for varbind in report.trap.varbinds] == ["***", "192.0.2.77"]


def test_an_snmpv3_user_is(known: World) -> None:
    assert trap_of(known, trap(version="3", security="noc")).user == "noc"


@pytest.mark.parametrize(
    ("value", "said"),
    [(2**63, str(2**63)), (-5, -5), (1.5, 1.5), (None, None), (b"plain\0", "plain"), ("1.3.6", "1.3.6")],
)
def test_values_as_json_can_hold_them(world: World, value: Any, said: Any) -> None:
    told = trap_of(world, trap(VarBind("1.3.6.1.4.1.99.1", "Opaque", value)))
    assert told.varbinds[0].value == said
    msgspec.json.encode(told)


def test_events_of_other_systems_commands_and_faultds_own(world: World) -> None:
    event = NetworkEvent(
        type="device.down", tenant_id="t", resource_type="olt", resource_id="olt-1", reported_by="probe", key="probe/1"
    )
    report = shown(world, event)
    assert (report.kind, report.tenant_id, report.by) == ("network_event", "t", "user:probe")
    assert report.event == {"type": "device.down", "resource_type": "olt", "resource_id": "olt-1"}
    by = Principal("ada", "operator", "t")
    raised = Raise(tenant_id="t", alarm_type="x", severity="major", title="X", resource_type="olt", resource_id="o")
    report = shown(world, Command(by, raised))
    assert (report.kind, report.tenant_id, report.by) == ("command", "t", "user:ada")
    assert report.event is not None
    assert (report.event["action"], report.event["title"]) == ("raise", "X")
    assert shown(world, Command(by, Clear("done"), ("a",))).event == {"action": "clear", "note": "done"}
    assert shown(world, SystemReport(alarm_type="disk.full", active=True)).kind == "faultd"


def test_events_of_pollers_are_shown_by_the_names_of_their_fields(world: World) -> None:
    read = PolledStates(
        device="olt-1",
        reason="daily",
        begun=WHEN,
        ended=WHEN,
        whole=("ont",),
        states=(PartStates(kind="ont", under="0/1", up=((0, 3),), down=((4, 4, "los"),)),),
    )
    report = shown(world, read)
    assert (report.kind, report.tenant_id, report.by) == ("poll", "default", "faultd:polling")
    assert report.event is not None
    assert report.event["states"] == [{"kind": "ont", "under": "0/1", "up": [[0, 3]], "down": [[4, 4, "los"]]}]
    assert "incomplete" not in report.event
    msgspec.json.encode(report)
    missed = PollMissed(device="gone", address="192.0.2.7", first=WHEN, misses=3, needed=3)
    assert (shown(world, missed).tenant_id, shown(world, missed).event) == (
        "default",
        {
            "device": "gone",
            "address": "192.0.2.7",
            "first": shown(world, read).event["begun"],  # type: ignore[index]
            "misses": 3,
            "needed": 3,
            "silence": "no_answer",
            "others": {"asked": 0, "silent": 0},
        },
    )


@pytest.mark.parametrize("event", [Tick(), Command(Principal("ada", "operator"), Acknowledge(), ("a",))], ids=repr)
def test_other_events_are_no_reports(world: World, event: Any) -> None:
    assert report_of(world.state, Stamped(7, WHEN, event)) is None
