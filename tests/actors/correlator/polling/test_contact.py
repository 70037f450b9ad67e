"""Timelines of devices that fall silent and answer again."""

from datetime import timedelta
from pathlib import Path

import pytest
from vocabulary.polls import Polls, ids, olt
from vocabulary.sla import plan_window
from vocabulary.traps import make_trap
from vocabulary.world import World, moment

from actors.correlator.polling.device_states import DeviceStates
from actors.correlator.profiles.loading import load_profiles
from protocols.change import AlarmChanged, DeviceEvent
from protocols.event import ClockJumped, ProfilesLoaded, TopologyChanged
from protocols.poll.contact import AgentTimes, OtherPolls, PollAnswered, PollMissed, PollStopped
from protocols.poll.request import PollRequested
from protocols.topology import Node

TYPES = Path(__file__).parents[4] / "config" / "profiles" / "types.toml"
PROFILES = ProfilesLoaded("p", load_profiles({TYPES.name: TYPES.read_text()}))


def plant(world: World, *nodes: Node) -> Polls:
    world(PROFILES)
    world.topology(*nodes)
    polls = Polls(world, ids(nodes))
    polls.run(59)
    return polls


def two(world: World) -> Polls:
    return plant(world, *olt(1, customers=3), *olt(2))


def test_a_device_that_dies_is_down_after_its_misses_dated_from_the_first(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(119)
    assert not world.alarms
    polls.run(2)
    alarm = world.alarm
    assert (alarm.alarm_type, alarm.resource_id, alarm.severity) == ("device.down", "olt-1", "critical")
    assert alarm.first_occurrence == moment(60)
    assert alarm.affected_customers == ("c-1-0", "c-1-1", "c-1-2")
    assert "3 polls in a row had no answer, the first at 2026-03-01 03:01:00 UTC" in world.timeline(alarm.id)[0].text
    world.run_to(190)
    assert world.notified == [("raised", "device.down")]
    polls.back("olt-1")
    polls.run(60)
    assert world.alarm.cleared_at == moment(240)
    assert world.notified == [("raised", "device.down"), ("recovered", "device.down")]
    assert not [each for each in world.history if isinstance(each, PollRequested)]  # its poller reads it whole anyway


@pytest.mark.parametrize(
    ("facts", "alarm_type", "words"),
    [
        ({}, "device.down", "nor had ICMP echo"),
        ({"echo": None}, "device.down", "ICMP echo is not used"),
        ({"echo": True}, "snmp.unreachable", "it answers ICMP echo"),
        ({"other_object": True}, "snmp.unreachable", "it answers another request"),
        ({"silence": "refused"}, "snmp.unreachable", "it refuses SNMP by ICMP"),
        ({"silence": "no_route"}, "device.down", "nor had ICMP echo"),
    ],
)
def test_what_the_other_means_of_contact_say(world: World, facts: dict[str, object], alarm_type: str, words: str) -> None:
    polls = two(world)
    polls.silence("olt-1", **facts)
    polls.run(122)
    assert world.alarm.alarm_type == alarm_type
    assert words in world.timeline(world.alarm.id)[0].text
    assert DeviceStates(world.state).state("olt-1") == ("down" if alarm_type == "device.down" else "unreachable")


def test_a_device_whose_misses_are_fewer_than_needed_is_up(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(70)
    assert DeviceStates(world.state).state("olt-1") == "up"
    polls.back("olt-1")
    polls.run(300)
    assert not world.alarms
    assert not world.state.timers.entries()


@pytest.mark.parametrize(("late", "alarm_type"), [(5.0, "device.down"), (30.0, "snmp.unreachable")])
def test_a_trap_of_the_device_since_the_first_miss_shows_that_it_lives(world: World, late: float, alarm_type: str) -> None:
    polls = two(world)
    world.at(59.5)(make_trap("1.3.6.1.4.1.99999.1", source="192.0.0.2"))  # the minute's trap that is noted
    polls.silence("olt-1")
    polls.run(1)
    world.at(60 + late)(make_trap("1.3.6.1.4.1.99999.1", source="192.0.0.2"))
    polls.run(122 - late)
    assert [each.alarm_type for each in world.alarms if each.alarm_type != "traps.unknown"] == [alarm_type]


def test_a_trap_after_the_verdict_turns_down_into_unreachable(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(122)
    world.at(200)(make_trap("1.3.6.1.4.1.99999.1", source="192.0.0.2"))
    (down,), (unreachable,) = world.of_type("device.down"), world.of_type("snmp.unreachable")
    assert down.cleared_at is not None
    assert unreachable.cleared_at is None
    assert unreachable.first_occurrence == moment(60)
    polls.back("olt-1")
    polls.run(60)
    assert world.get(unreachable.id).cleared_at is not None


def test_alarms_of_its_onts_just_before_its_death_go_under_it(world: World) -> None:
    polls = two(world)
    for ont in range(3):
        world.at(59 + ont / 10).raise_alarm("ont.los", f"olt-1/1/{ont}", tenant_id="default")
    polls.silence("olt-1")
    polls.run(200)
    (down,) = world.of_type("device.down")
    assert {each.parent_alarm_id for each in world.of_type("ont.los")} == {down.id}
    assert [each for each in world.notified if each[1] != "fibre.cut"] == [("raised", "device.down")]


def test_a_polled_switch_above_explains_the_devices_below_it(world: World) -> None:
    switch = Node(id="agg", type="other", name="Aggregation", address="192.0.9.1")
    others = [node for number in range(10, 16) for node in olt(number)]
    polls = plant(world, switch, *olt(1, "agg"), *olt(2, "agg"), *others)
    polls.silence("agg", "olt-1", "olt-2")
    polls.run(200)
    downs = world.of_type("device.down")
    assert {each.resource_id for each in downs} == {"agg", "olt-1", "olt-2"}
    assert [each.resource_id for each in downs if each.parent_alarm_id is None] in (["agg"], [])
    assert len([each for each in world.notified if each[0] == "raised"]) == 1


# --- several systems, operators, the topology -------------------------------------------------------------------------


def test_an_answer_does_not_clear_what_another_system_reported(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(62)
    world.network("device.down", "olt-1", tenant_id="default")
    polls.run(60)
    alarm = world.alarm
    assert world.actions(alarm.id)[:1] == ["raised"]
    assert "confirmed" in world.actions(alarm.id)
    polls.back("olt-1")
    polls.run(60)
    assert world.get(alarm.id).cleared_at is None
    assert "stays until probe, which reported it, reports its end" in world.timeline(alarm.id)[-1].text
    world.network("device.up", "olt-1", tenant_id="default")
    assert world.get(alarm.id).cleared_at is not None
    polls.run(300)
    assert world.get(alarm.id).cleared_at is not None


def test_an_end_from_elsewhere_is_verified_by_new_polls(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(122)
    world.network("device.up", "olt-1", tenant_id="default")
    assert world.alarm.cleared_at is not None
    polls.run(200)
    assert world.alarm.cleared_at is None
    world.clear_alarm(world.alarm.id)
    polls.run(200)
    assert world.alarm.cleared_at is None


def test_a_device_that_is_polled_no_longer_has_no_alarm_of_the_poller(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(122)
    world(PollStopped(device="olt-1", reason="parked after 5 crashes", parked=True))
    assert world.alarm.cleared_at is None
    assert DeviceStates(world.state).state("olt-1") == "parked"
    world(PollStopped(device="olt-1", reason="polling was switched off"))
    assert world.alarm.cleared_at is not None
    assert DeviceStates(world.state).state("olt-1") == "unknown"


def test_a_device_that_leaves_the_topology_is_forgotten(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(122)
    world(TopologyChanged(removes=tuple(node.id for node in olt(1, customers=3)), by="ops"))
    assert world.alarm.cleared_at is not None
    world(PollMissed(device="olt-1", address="192.0.0.2", first=world.now, misses=3, needed=3))
    world(PollAnswered(device="olt-1", address="192.0.0.2", times=AgentTimes(at=world.now)))
    assert not world.changes
    remembered = world.state.remembered()["ContactMemory"]
    assert b"olt-1" not in bytes(remembered)


def test_a_maintenance_window_over_the_device_holds_it_back(world: World) -> None:
    polls = two(world)
    plan_window(world, 50, 1_000)
    polls.silence("olt-1")
    polls.run(400)
    (down,) = world.of_type("device.down")
    assert [each.kind for each in down.suppressed_by] == ["window"]
    assert not world.notified
    polls.back("olt-1")
    polls.run(100)
    assert world.get(down.id).cleared_at is not None
    assert not world.notified


def test_a_device_of_which_one_miss_is_enough(world: World) -> None:
    two(world)
    event = PollMissed(device="olt-1", address="", first=world.now, misses=1, needed=1, echo=False, others=OtherPolls(1, 0))
    world(event)
    assert world.alarm.alarm_type == "device.down"
    world(PollAnswered(device="olt-1", address="", times=AgentTimes(at=world.now)))
    assert world.alarm.cleared_at is not None


# --- restarts ---------------------------------------------------------------------------------------------------------


def answered(world: World, at: float, **times: int) -> None:
    world.at(at)(PollAnswered(device="olt-1", address="192.0.0.2", times=AgentTimes(at=moment(at), **times)))


def test_a_restart_is_a_device_event(world: World) -> None:
    two(world)
    answered(world, 60, uptime=900_000, boots=7, host_uptime=8_640_000)
    answered(world, 120, uptime=1_500, boots=8, host_uptime=8_646_000)
    event = world.only(DeviceEvent)
    assert (event.event_name, event.severity) == ("agent.restarted", "info")
    assert "uptime 9000 s to 15 s" in event.detail["why"]
    answered(world, 240, uptime=500, boots=9, host_uptime=400)
    assert world.only(DeviceEvent).event_name == "device.restarted"
    assert not world.alarms


def test_a_jump_of_the_clock_is_no_restart(world: World) -> None:
    two(world)
    answered(world, 60, uptime=900_000)
    for hours in (700, -700, 5):
        before = world.now
        world.now = before + timedelta(hours=hours)
        world(ClockJumped(before, world.now))
    last = AgentTimes(at=moment(60), uptime=900_000)
    world.now += timedelta(seconds=60)
    times = AgentTimes(at=world.now, uptime=906_000)
    world(PollAnswered(device="olt-1", address="192.0.0.2", times=times, before=last))
    assert not world.all(DeviceEvent)


def test_a_reading_that_failed_is_no_value(world: World) -> None:
    two(world)
    answered(world, 60, uptime=500_000)
    answered(world, 120)
    answered(world, 180, uptime=512_000)
    assert not [each for each in world.history if isinstance(each, DeviceEvent)]


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_restart_of_faultd_between_the_misses_and_a_new_count_change_nothing_of_the_alarm(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(140)
    raised = world.alarm
    world.restart()
    polls.accounts["olt-1"].misses = 0
    polls.run(200)
    assert world.alarm == raised
    assert not world.all(AlarmChanged)


def test_a_jump_of_the_clock_moves_the_misses_along(world: World) -> None:
    polls = two(world)
    polls.silence("olt-1")
    polls.run(2)
    before = world.now
    world.now = before + timedelta(hours=5)
    world(ClockJumped(before, world.now))
    first = moment(60) + timedelta(hours=5)
    for misses in (2, 3):
        world.now += timedelta(seconds=60)
        world(PollMissed(device="olt-1", address="", first=first, misses=misses, needed=3, echo=False))
    assert world.alarm.first_occurrence == first


def test_a_first_miss_from_before_a_jump_back_is_not_in_the_future(world: World) -> None:
    two(world)
    before = world.now
    world.now = before - timedelta(hours=5)
    world(ClockJumped(before, world.now))
    world(PollMissed(device="olt-1", address="", first=before, misses=3, needed=3, echo=False))
    assert world.alarm.first_occurrence == world.now
