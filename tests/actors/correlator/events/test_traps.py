"""Traps as timelines, read by the shipped profiles: raise and clear, overtaken on the way, retransmitted, lost, unknown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vocabulary.reads import parts, read_of
from vocabulary.traps import make_trap
from vocabulary.world import World

from actors.correlator.profiles import load_profiles
from actors.correlator.settings import CorrelatorSettings
from protocols.change import AlarmChanged, AlarmRepeated, DeviceEvent, UnknownTrap
from protocols.event import ProfilesLoaded, TopologyLoaded, Trap
from protocols.poll.request import PollRequested
from protocols.snmp.notification import Notification, VarBind
from protocols.topology import Node

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
FOLDER = Path(__file__).parents[4] / "config" / "profiles"
LOS, LOS_END, GASP, GASP_END = (f"1.3.6.1.4.1.2011.6.128.1.1.12.2.2.0.{last}" for last in (12, 13, 18, 19))
CALIX = "1.3.6.1.4.1.6321.1.2.2.4"


@pytest.fixture
def plant(make_world: Callable[..., World]) -> World:
    world = make_world(CorrelatorSettings())
    texts = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.toml"))}
    world(ProfilesLoaded("d", load_profiles(texts)))
    nodes = (
        Node(id="olt-1", type="olt", name="North", address="10.0.0.1", tenant="t"),
        Node(id="olt-1/0/1/5", type="pon", parents=("olt-1",)),
        Node(id="olt-1/0/1/5/17", type="ont", parents=("olt-1/0/1/5",), customer_id="c17", serial="HWTC0A1B2C3D"),
    )
    world(TopologyLoaded("d", nodes))
    return world


def trap(
    oid: str,
    uptime: int | None = None,
    source: str = "10.0.0.1",
    inform: str = "",
    ont: int = 17,
    received: datetime = NOW,
) -> Trap:
    place = (("3.3.1.1.1.0", 0), ("3.3.2.1.1.0.1", 1), ("3.3.4.1.1.0.1.0.5", 5), (f"128.1.1.2.43.1.1.4194313472.{ont}", ont))
    varbinds = tuple(VarBind(f"1.3.6.1.4.1.2011.6.{oid}", "INTEGER", value) for oid, value in place)
    return make_trap(oid, varbinds, source=source, at=received, inform_key=inform, uptime=uptime)


def test_a_trap_becomes_an_alarm_of_the_customer_behind_it_and_its_clear_ends_it(plant: World) -> None:
    plant.at(0)(trap(LOS))
    raised = plant.only(AlarmChanged)
    alarm = raised.alarm
    assert (alarm.tenant_id, alarm.alarm_type, alarm.resource_id) == ("t", "ont.los", "olt-1/0/1/5/17")
    assert (alarm.resource_type, alarm.device_id, alarm.affected_customers) == ("ont", "olt-1", ("c17",))
    assert alarm.title.startswith("North ")
    assert "huawei" in raised.entries[0].text
    plant.at(5)(trap(LOS))
    assert plant.only(AlarmRepeated).occurrence_count == 2
    plant.at(9)(trap(LOS_END))
    assert plant.alarm.status == "cleared"


def test_a_device_that_the_topology_does_not_know_is_its_address(plant: World) -> None:
    plant(trap(LOS, source="192.0.2.7"))
    assert (plant.alarm.device_id, plant.alarm.tenant_id) == ("192.0.2.7", "default")


@pytest.mark.parametrize(
    ("model", "title"),
    [
        ("HG8310M", "10.0.0.9 0/1/5/17 (HG8310M): ONT: loss of signal (LOSi)"),
        ("shop at 0/1/5/17", "10.0.0.9 shop at 0/1/5/17: ONT: loss of signal (LOSi)"),
    ],
)
def test_two_onts_of_one_model_have_different_titles(plant: World, model: str, title: str) -> None:
    given = trap(LOS, source="10.0.0.9")
    equipment = VarBind("1.3.6.1.4.1.2011.6.128.1.1.2.45.1.4.4194313472.17", "OCTET STRING", model.encode())
    notification = msgspec.structs.replace(given.notification, varbinds=(*given.notification.varbinds, equipment))
    plant(msgspec.structs.replace(given, notification=notification))
    assert plant.alarm.title == title


def test_a_clear_that_was_overtaken_by_a_new_raise_is_ignored_and_says_so(plant: World) -> None:
    plant.at(0)(trap(LOS, 1000))
    plant.at(1)(trap(LOS, 1300))
    plant.at(2)(trap(LOS_END, 1200))
    assert plant.alarm.status == "active"
    assert plant.only(AlarmChanged).entries[0].action == "clear_ignored"


def test_a_raise_that_its_clear_overtook_is_over_before_it_shows(plant: World) -> None:
    plant.at(0)(trap(LOS_END, 1200))
    assert plant.changes == []
    plant.at(1)(trap(LOS, 1000))
    assert plant.alarm.status == "cleared"
    assert [entry.action for entry in plant.only(AlarmChanged).entries] == ["raised", "cleared_before_raise"]


def test_a_late_copy_of_a_raise_does_not_reopen_what_was_cleared_since(plant: World) -> None:
    plant.at(0)(trap(LOS, 1000))
    plant.at(5)(trap(LOS_END, 1500))
    plant.at(6)(trap(LOS, 1000))
    assert (plant.alarm.status, plant.alarm.occurrence_count) == ("cleared", 2)


def test_an_uptime_that_starts_anew_is_a_restart_and_nothing_was_overtaken(plant: World) -> None:
    plant.at(0)(trap(LOS, 50_000_000))
    plant.at(60)(trap(LOS_END, 3000))
    assert plant.alarm.status == "cleared"


COLD_START = "1.3.6.1.6.3.1.1.5.1"


@pytest.mark.parametrize(
    ("reports", "port"),
    [
        # A device that restarts: what it says then is later than anything before.
        ([(0, LOS, 8000), (0, LOS_END, 9000), (0, COLD_START, 10), (0, LOS, 1000)], "down"),
        ([(0, LOS, 8000), (0, LOS_END, 9000), (0, LOS, 1000)], "down"),
        ([(0, LOS, 9000), (0, COLD_START, 10), (0, LOS_END, 900)], "up"),
        ([(0, LOS, 9000), (8, LOS_END, 2000)], "up"),
        ([(0, LOS, 8000), (0, LOS_END, 9000), (6, COLD_START, 100), (6, LOS, 2000)], "down"),
        ([(0, LOS, 300), (0, LOS_END, 400), (0, COLD_START, 10), (0, LOS, 100)], "down"),
        # A clear of before the restart that arrives after what the device said then.
        ([(0, GASP, 100_000), (1, LOS, 20), (1.5, LOS_END, 100_050)], "down"),
        ([(0, GASP, 100_000), (1, COLD_START, 10), (1, LOS, 20), (1.5, LOS_END, 100_050), (3, LOS_END, 220)], "up"),
        # An uptime that is of no use: always 0, in whole seconds, wrapped.
        ([(0, LOS, 0), (1, LOS_END, 0)], "up"),
        ([(0, LOS, 0), (1, LOS_END, 0), (2, LOS, 0)], "down"),
        ([(0, LOS, 5000), (1, LOS_END, 5001), (2, LOS, 5002)], "down"),
        ([(0, LOS, 2**32 - 96), (1, LOS_END, 50)], "up"),
        ([(0, LOS_END, 50), (1, LOS, 2**32 - 96)], "up"),
        # Two agents behind one address, their uptimes 50 s apart.
        ([(0, LOS, 100_000), (20, LOS_END, 97_000)], "up"),
        ([(0, LOS, 100_000), (0.5, LOS_END, 100_050), (10, LOS, 96_050)], "down"),
        # The same once both have been noticed: in doubt the port is down, until a clear comes later.
        ([(0, GASP, 100_000), (10, GASP, 96_000), (20, GASP, 102_000), (30, LOS_END, 103_000), (31, LOS, 98_100)], "down"),
        ([(0, GASP, 100_000), (10, GASP, 96_000), (20, GASP, 102_000), (30, LOS, 103_000), (31, LOS_END, 98_100)], "down"),
        (
            [
                (0, GASP, 100_000),
                (10, GASP, 96_000),
                (20, GASP, 102_000),
                (30, LOS, 103_000),
                (31, LOS_END, 98_100),
                (36, LOS_END, 98_600),
            ],
            "up",
        ),
    ],
)
def test_a_port_is_as_the_device_said_last_and_down_when_in_doubt(
    plant: World, reports: list[tuple[float, str, int]], port: str
) -> None:
    for seconds, oid, uptime in reports:
        plant.at(seconds)(trap(oid, uptime, received=NOW + timedelta(seconds=seconds)))
    (alarm,) = (alarm for alarm in plant.alarms if alarm.alarm_type == "ont.los")
    assert ("up" if alarm.cleared_at else "down") == port


def test_another_boot_of_an_snmpv3_engine_is_another_epoch(plant: World) -> None:
    for oid, uptime, boots in ((LOS, 1000, 3), (LOS_END, 1300, 3), (LOS, 1200, 4)):
        plant.at(0)(msgspec.structs.replace(trap(oid, uptime), engine_boots=boots))
    assert plant.alarm.status == "active"


def test_a_device_behind_a_relay_has_a_clock_of_its_own(make_world: Callable[..., World]) -> None:
    world = make_world(CorrelatorSettings(relays=("10.9.9.9",)))
    texts = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.toml"))}
    world(ProfilesLoaded("d", load_profiles(texts)))
    for oid, uptime, address in (
        (LOS, 1000, "10.0.0.1"),
        (LOS, 1000, "10.0.0.2"),
        (LOS_END, 900, "10.0.0.1"),
        (LOS, 1000, "10.0.0.3"),
    ):
        relayed = trap(oid, uptime, source="10.9.9.9")
        more = VarBind("1.3.6.1.6.3.18.1.3.0", "IpAddress", address)
        notification = msgspec.structs.replace(relayed.notification, varbinds=(*relayed.notification.varbinds, more))
        world.at(0)(msgspec.structs.replace(relayed, notification=notification))
    assert sorted(world.state.clocks) == [f"10.9.9.9 for 10.0.0.{last}" for last in (1, 2, 3)]


def test_that_several_agents_send_from_one_address_is_told_once(plant: World) -> None:
    told = []
    for seconds, uptime in ((0, 100_000), (10, 500), (20, 102_000), (30, 2500), (40, 104_000)):
        plant.at(seconds)(trap(GASP, uptime, received=NOW + timedelta(seconds=seconds)))
        told += [event.title for event in plant.all(DeviceEvent) if event.event_name == "uptime.several"]
    assert told == ["More than one agent sends from 10.0.0.1: their uptimes no longer tell in which order traps were sent"]


def test_a_trap_of_before_a_restart_that_is_late_makes_no_second_agent(plant: World) -> None:
    for seconds, uptime in ((0, 100_000), (1, 20), (1.5, 100_050), (60, 5_920), (120, 11_920)):
        plant.at(seconds)(trap(GASP, uptime, received=NOW + timedelta(seconds=seconds)))
    (clock,) = plant.state.clocks.values()
    assert (clock.epoch, clock.several) == (1, False)


def test_a_clear_soon_after_a_later_restart_is_no_clear_from_before_the_raise(plant: World) -> None:
    day = 86_400
    plant.at(0)(trap(LOS, 6000))
    plant.at(day)(trap(LOS_END, 3000, received=NOW + timedelta(seconds=day)))
    assert plant.alarm.status == "cleared"


def test_a_retransmitted_inform_counts_once_within_its_window(plant: World) -> None:
    plant.at(0)(trap(LOS, inform="k1"))
    plant.at(3).tick()  # what is concluded from it is said now
    plant.at(5)(trap(LOS, inform="k1"))
    assert plant.changes == []
    assert plant.alarm.occurrence_count == 1
    plant.at(6)(trap(LOS, inform="k2"))
    assert plant.alarm.occurrence_count == 2
    plant.at(2000)(trap(LOS, inform="k1"))
    assert plant.alarm.occurrence_count == 3


def test_a_trap_that_no_profile_knows_lands_in_the_inbox_whole(plant: World) -> None:
    strange = trap("1.3.6.1.4.1.99999.7")
    plant(strange)
    kept = plant.only(UnknownTrap)
    assert (kept.trap, kept.device_id, kept.tenant_id) == (strange, "olt-1", "t")
    assert kept.reason
    assert plant.alarms == []


def calix(sequence: int) -> Trap:
    values = ((f"{CALIX}.1.1", sequence), (f"{CALIX}.1.2", 85), (f"{CALIX}.1.3", 1), (f"{CALIX}.1.13", 1))
    varbinds = tuple(VarBind(oid, "INTEGER", value) for oid, value in values)
    oid = f"{CALIX}.2.1"
    return Trap(
        "10.0.0.1", NOW, Notification(version="2c", kind="trap", security="public", trap_oid=oid, uptime=1, varbinds=varbinds)
    )


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([1, 2, 3], []),
        ([1, 4], [2]),
        ([5, 5, 6], []),
        ([10, 12, 11, 13], [1]),
        ([900, 1, 2], []),
        ([7, 9, 20], [1, 10]),
    ],
)
def test_a_gap_in_a_vendors_sequence_is_an_event(plant: World, numbers: list[int], missing: list[int]) -> None:
    found = []
    for number in numbers:
        plant(calix(number))
        found += [event.detail["missing"] for event in plant.all(DeviceEvent) if event.event_name == "sequence.gap"]
    assert found == missing


def test_a_gap_makes_a_polled_device_be_read(plant: World) -> None:
    for number in (1, 5):
        plant(calix(number))
    assert not [each for each in plant.history if isinstance(each, PollRequested)], "nobody polls it"
    plant(read_of(plant, parts("card", "", up=[1]), device="olt-1"))
    for number in (6, 9, 20):
        plant(calix(number))
    (wish,) = [each for each in plant.history if isinstance(each, PollRequested)]
    assert (wish.device, wish.reason, wish.scope) == ("olt-1", "gap", "")
    assert wish.why.startswith("2 notifications of ")


@pytest.mark.interpreted
def test_profiles_that_a_later_version_no_longer_accepts_read_nothing_and_stop_nothing(
    plant: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.correlator import state as module
    from actors.correlator.profiles import ProfileErrors, compile
    from protocols.file_mistake import FileMistake

    def refuse(profiles: Any) -> Any:
        if profiles:
            raise ProfileErrors((FileMistake("old.toml", 1, "name", "no longer a word of the language"),))
        return compile(profiles)

    plant(trap(LOS))
    saved = plant.state.save()
    monkeypatch.setattr(module, "compile", refuse)
    plant.restart(saved)
    assert plant.state.profiles is None
    plant(trap(LOS_END))
    assert plant.only(UnknownTrap)
    assert plant.alarm.status == "active"
