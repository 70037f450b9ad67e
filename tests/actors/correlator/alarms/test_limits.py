"""How many alarms there can be: a limit for each device and one for all, told, counted, and ended with room to spare."""

from collections.abc import Callable

import msgspec
import pytest
from vocabulary.world import World

from actors.correlator import state
from actors.correlator.alarms import limits
from actors.correlator.events import stage_quarantine
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmRepeated, Answer, DeviceEvent, Quarantined, Released
from protocols.command import Clear, Command, Raise, Resolve, RetryQuarantined
from protocols.event import PolicyLoaded, SystemReport
from protocols.principal import Principal

OPERATOR = Principal("ada", "operator")


@pytest.fixture
def small(make_world: Callable[[CorrelatorSettings], World]) -> World:
    """Ten alarms in all, four of each device."""
    return make_world(CorrelatorSettings(max_alarms=10, max_alarms_per_device=4)).at(0)


def down(world: World, device: str, *names: str) -> list[Answer]:
    return [world.network("device.down", device, qualifier=name) for name in names]


def told(world: World) -> dict[str, Alarm]:
    return {alarm.qualifier: alarm for alarm in world.alarms if alarm.alarm_type == limits.LIMIT and alarm.cleared_at is None}


def test_a_device_at_its_limit_raises_nothing_new_and_leaves_room_for_the_others(small: World) -> None:
    assert all(answer.accepted for answer in down(small, "olt-1", "a", "b", "c", "d"))
    assert not told(small)
    (refused,) = down(small, "olt-1", "e")
    assert (refused.accepted, [one.reason for one in refused.refusals]) == ((), ["limit"])
    (kept,) = small.all(DeviceEvent)
    assert (kept.event_name, kept.device_id, kept.severity) == ("alarm.refused", "olt-1", "critical")
    assert kept.detail["limit"] == "device"
    assert (kept.detail["alarm_type"], kept.detail["qualifier"]) == ("device.down", "e")
    (limit,) = told(small).values()
    assert limit.qualifier == "t/olt-1"
    assert "olt-1 has 4 open alarms" in limit.title
    assert "max_alarms_per_device" in limit.description
    assert "bulk clear" in limit.recommended_action
    assert all(answer.accepted for answer in down(small, "olt-2", "a"))
    assert small.state.tally["refused:device"] == 1


def test_what_is_open_goes_on_at_the_limit(small: World) -> None:
    down(small, "olt-1", "a", "b", "c", "d", "e")
    (again,) = down(small, "olt-1", "a")
    assert again.accepted
    assert small.all(AlarmRepeated)
    small.network("device.up", "olt-1", qualifier="a")
    (reopened,) = down(small, "olt-1", "a")
    assert reopened.accepted
    assert small.only(AlarmChanged).entries[0].action == "reopened"


def test_each_further_refusal_is_an_occurrence_of_one_alarm(small: World) -> None:
    down(small, "olt-1", *"abcdefgh")
    assert small.only(AlarmRepeated).occurrence_count == 4
    assert [alarm.occurrence_count for alarm in told(small).values()] == [4]
    assert small.state.tally["refused:device"] == 4


def test_the_limit_of_all_stands_above_those_of_the_devices_and_own_alarms_are_never_refused(small: World) -> None:
    for device in ("olt-1", "olt-2", "olt-3"):
        down(small, device, "a", "b", "c", "d")
    assert small.state.open_alarms == 10 + 1
    assert set(told(small)) == {""}
    assert small.state.tally["refused:all"] == 2
    answer = small.command(
        Raise(
            alarm_type="x", tenant_id="t", severity="minor", title="x", resource_type="r", resource_id="faultd", source="system"
        )
    )
    assert [refusal.reason for refusal in answer.refusals] == ["invalid"], "nobody can pass for faultd"
    small(SystemReport(alarm_type="disk.full", active=True))
    assert small.only(AlarmChanged).alarm.alarm_type == "disk.full"


def test_the_alarm_of_a_limit_ends_with_room_to_spare(make_world: Callable[[CorrelatorSettings], World]) -> None:
    world = make_world(CorrelatorSettings(max_alarms=40, max_alarms_per_device=20)).at(0)
    down(world, "olt-1", *(str(n) for n in range(21)))
    down(world, "olt-2", *(str(n) for n in range(21)))
    assert set(told(world)) == {"t/olt-1", ""}
    for number in range(3):
        world.tick()
        assert "t/olt-1" in told(world), "one free place is not room to spare"
        world.network("device.up", "olt-1", qualifier=str(number))
    world.tick()
    assert set(told(world)) == {""}
    for number in range(3):
        world.network("device.up", "olt-2", qualifier=str(number))
    world.tick()
    assert set(told(world)) == set()
    assert [change.entries[0].action for change in world.all(AlarmChanged)] == ["cleared"]
    assert all("are open, of" in change.entries[0].text for change in world.all(AlarmChanged))


def test_another_limit_is_in_force_with_its_policy_and_none_ends_the_alarm(small: World) -> None:
    down(small, "olt-1", *"abcde")
    small(PolicyLoaded("q", msgspec.msgpack.encode(CorrelatorSettings(max_alarms=0, max_alarms_per_device=0))))
    (answer,) = down(small, "olt-1", "e")
    assert answer.accepted
    small.tick()
    assert not told(small)
    assert small.only(AlarmChanged).entries[0].text == "there is no limit any more"


def test_counts_follow_every_way_in_which_an_alarm_ends_and_a_restart(small: World) -> None:
    down(small, "olt-1", *"abcd")
    first, second, _third, fourth = small.alarms
    small.command(Clear(), first.id)
    small.command(Resolve(), second.id)
    small.command(Resolve(), first.id)
    small.network("device.up", "olt-1", qualifier="c")
    assert dict(small.state.open_of) == {("t", "olt-1"): 1}
    assert dict(State.load(small.state.save()).open_of) == {("t", "olt-1"): 1}
    small.command(Clear(), fourth.id)
    small.at(90_000).tick()
    assert (dict(small.state.open_of), small.state.open_alarms) == ({}, 0)


def test_an_alarm_of_a_limit_that_an_operator_edited_still_ends(small: World) -> None:
    down(small, "olt-1", *"abcde")
    (alarm,) = told(small).values()
    small.state.alarms[alarm.id] = msgspec.structs.replace(alarm, metadata={"device": ["not", "text"]})
    small.tick()
    assert not small.all(Quarantined)
    assert not told(small)


def test_many_events_in_quarantine_share_one_alarm(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_quarantine, "MOST_ALARMS", 2)
    monkeypatch.setattr(state, "MAX_QUARANTINED", 4)
    for _ in range(4):
        world.at(0)(PolicyLoaded("bad", b"\xc1"))
    assert {alarm.qualifier for alarm in world.alarms} == {"1", "2", "more"}
    assert world.state.quarantined == {1, 2, 3, 4}
    good = msgspec.msgpack.Encoder().encode(SystemReport(alarm_type="x", active=False))
    for offset in (1, 2, 3, 4):
        assert [alarm for alarm in world.alarms if alarm.qualifier == "more" and alarm.cleared_at is None]
        world(Command(OPERATOR, RetryQuarantined(offset, good)))
        assert world.all(Released)
    assert all(alarm.cleared_at is not None for alarm in world.alarms)
