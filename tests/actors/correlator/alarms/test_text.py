"""The text of an open alarm follows the latest report; what an operator edited stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from vocabulary.traps import make_trap
from vocabulary.world import World

from actors.correlator.profiles import load_profiles
from actors.correlator.settings import CorrelatorSettings
from protocols.change import AlarmChanged, AlarmRepeated, NotificationRequested
from protocols.command import Clear, Edit, Edited
from protocols.event import ProfilesLoaded, TopologyLoaded, Trap
from protocols.snmp.notification import VarBind
from protocols.topology import Node

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
FOLDER = Path(__file__).parents[4] / "config" / "profiles"
INTERFACE = "1.3.6.1.2.1.2.2.1."


def lines(world: World) -> list[str]:
    return [entry.action for change in world.all(AlarmChanged) for entry in change.entries]


def restarted(world: World) -> World:
    world.restart()
    return world


def hot(world: World, degrees: int, **more: Any) -> None:
    world.network(
        "monitoring.check_failed",
        title=f"OLT at {degrees} °C",
        description=f"card 1: {degrees} °C",
        metadata={"degrees": degrees, "sensor": 7},
        **more,
    )


def test_the_latest_report_wins_and_the_timeline_tells_what_was_there(world: World) -> None:
    world.at(0)
    hot(world, 61)
    hot(world, 84)
    alarm = world.alarm
    assert (alarm.title, alarm.description, alarm.metadata) == ("OLT at 84 °C", "card 1: 84 °C", {"degrees": 84, "sensor": 7})
    assert alarm.occurrence_count == 2
    (entry,) = world.only(AlarmChanged).entries
    assert (entry.action, entry.detail) == ("text_changed", {"title": "OLT at 61 °C", "description": "card 1: 61 °C"})
    assert "title, description, metadata" in entry.text
    hot(world, 95, severity="critical")
    assert (world.alarm.title, world.alarm.severity, lines(world)) == ("OLT at 95 °C", "critical", ["severity_changed"])


def test_a_key_that_the_latest_report_does_not_have_is_gone(world: World) -> None:
    world.network("device.degraded", metadata={"loss": 5, "runbook": "http://old"})
    world.network("device.degraded", metadata={"loss": 60})
    assert world.alarm.metadata == {"loss": 60}


def test_the_timeline_tells_one_change_a_minute_and_the_alarm_has_the_last(world: World) -> None:
    told = 0
    for second in range(121):
        world.at(second)
        hot(world, 60 + second)
        assert world.alarm.title == f"OLT at {60 + second} °C"
        told += lines(world).count("text_changed")
        if second % 10 == 5:
            restarted(world)
    assert told == 2


def test_the_same_report_again_only_counts(world: World) -> None:
    hot(world, 61)
    hot(world, 61)
    assert world.only(AlarmRepeated).occurrence_count == 2
    restarted(world)
    hot(world, 61)
    assert world.only(AlarmRepeated).occurrence_count == 3


def test_what_an_operator_edited_stays_his_while_the_alarm_is_open(world: World) -> None:
    world.at(0)
    hot(world, 61)
    edited = Edited(title="Fan 2 is dead", metadata={"sensor": "the left one", "rack": 4})
    world.command(Edit(edited), world.alarm.id)
    hot(world, 84)
    restarted(world)
    hot(world, 95)
    alarm = world.alarm
    assert (alarm.title, alarm.description) == ("Fan 2 is dead", "card 1: 95 °C")
    assert alarm.metadata == {"degrees": 95, "sensor": "the left one", "rack": 4}
    world.command(Clear(), alarm.id)
    hot(world, 99)
    assert lines(world)[0] == "reopened"
    assert (world.alarm.title, world.alarm.metadata) == ("OLT at 99 °C", {"degrees": 99, "sensor": 7})


def test_a_late_copy_of_an_older_report_does_not_bring_its_text_back(world: World) -> None:
    world.at(10)
    hot(world, 84, at=world.now - timedelta(seconds=1))
    hot(world, 61, at=world.now - timedelta(seconds=3))
    assert (world.alarm.title, world.alarm.occurrence_count) == ("OLT at 84 °C", 2)


@pytest.fixture
def plant(make_world: Callable[..., World]) -> World:
    world = make_world(CorrelatorSettings(hold_major_seconds=0))
    texts = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.toml"))}
    world(ProfilesLoaded("d", load_profiles(texts)))
    return world


def link_down(port: int, admin: int, uptime: int) -> Trap:
    values = (("1", port), ("7", admin), ("8", 2))
    varbinds = tuple(VarBind(f"{INTERFACE}{column}.{port}", "INTEGER", value) for column, value in values)
    oid = "1.3.6.1.6.3.1.1.5.3"
    return make_trap(oid, varbinds, at=NOW, uptime=uptime)


def test_a_port_that_was_switched_off_and_then_fails_says_that_it_failed(plant: World) -> None:
    plant.at(0)(link_down(1, admin=2, uptime=100))
    assert "switched off" in plant.alarm.title
    plant.at(1)(link_down(1, admin=1, uptime=200))
    assert "switched off" not in plant.alarm.title
    assert plant.alarm.severity == "major"
    assert plant.all(NotificationRequested) or plant.at(2).tick()
    assert plant.all(NotificationRequested)


def test_a_trap_repeats_in_the_compact_form_and_follows_the_topologys_names(plant: World) -> None:
    plant.at(0)(link_down(1, admin=1, uptime=100))
    for _ in range(2):
        plant(link_down(1, admin=1, uptime=100))
        assert plant.only(AlarmRepeated)
    restarted(plant)
    plant(link_down(1, admin=1, uptime=100))
    assert plant.only(AlarmRepeated)
    nodes = (Node(id="10.0.0.1", type="olt", name="North", address="10.0.0.1"),)
    plant(TopologyLoaded("t", nodes))
    plant(link_down(1, admin=1, uptime=100))
    assert plant.alarm.title.startswith("North ")
