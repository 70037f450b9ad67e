"""External names: counted by faultd, or given by who raises an alarm."""

from typing import Any

import msgspec
import pytest
from vocabulary.world import World

from protocols.alarm import is_own_name
from protocols.change import Answer
from protocols.command import Acknowledge, Clear, Note, Raise
from protocols.event import CountAlarms
from protocols.principal import Principal
from protocols.severity import Severity


def named(name: str, resource: str = "olt-1", *, tenant: str = "t", severity: Severity = "major") -> Raise:
    return Raise(
        tenant_id=tenant,
        alarm_type="device.unreachable",
        severity=severity,
        title="OLT-01 unreachable",
        resource_type="olt",
        resource_id=resource,
        alarm_id=name,
    )


def names(world: World) -> list[str]:
    return [alarm.alarm_id for alarm in world.alarms]


def test_the_nth_alarm_is_named_so_whatever_else_happens(world: World) -> None:
    world(CountAlarms())
    for number in range(1, 6):
        world.tick()
        world.network("device.down", f"olt-{number}")
        world.network("device.down", f"olt-{number}")
    world(CountAlarms())
    world.network("device.down", "olt-6")
    assert names(world) == [f"A{number}" for number in range(1, 7)]


def test_counting_goes_on_after_a_restart(world: World) -> None:
    world(CountAlarms())
    world.network("device.down", "olt-1")
    world.restart()
    world.network("device.down", "olt-2")
    assert names(world) == ["A1", "A2"]


def test_an_older_ledger_goes_on_above_its_largest_number(world: World) -> None:
    for number in range(20):
        world.network("device.down", f"olt-{number}")
    saved = msgspec.msgpack.decode(world.state.save())
    del saved["counted"]
    world.restart(msgspec.msgpack.encode(saved))
    world.network("device.down", "olt-20")
    assert names(world)[-1] == "A21", "as the older version would have named it, until counting begins"
    world(CountAlarms())
    world.network("device.down", "olt-21")
    world.network("device.down", "olt-22")
    assert names(world)[-2:] == ["A22", "A23"]
    assert len(set(names(world))) == len(names(world))


@pytest.mark.interpreted
def test_an_event_in_quarantine_uses_no_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world(CountAlarms())

    def fails(*_: Any) -> None:
        raise RuntimeError("half-way")

    with monkeypatch.context() as broken:
        broken.setattr("actors.correlator.events.network_events._measured", fails)
        world.network("device.down", "olt-1")
    assert [(alarm.alarm_id, alarm.alarm_type) for alarm in world.alarms] == [("A1", "event.quarantined")]
    world.network("device.down", "olt-2")
    assert world.alarms[-1].alarm_id == "A2"


class TestGivenNames:
    def test_a_name_belongs_to_one_open_alarm_of_a_tenant(self, world: World) -> None:
        (first,) = world.command(named("mon-001")).accepted
        assert world.command(named("mon-001")).accepted == (first,), "the same identity counts once more"
        assert (world.alarm.alarm_id, world.alarm.occurrence_count) == ("mon-001", 2)
        (refusal,) = world.command(named("mon-001", "olt-2")).refusals
        assert (refusal.reason, "device.unreachable of olt-1" in refusal.text) == ("wrong_state", True)
        (other,) = world.command(named("mon-001", "olt-2", tenant="u")).accepted
        assert other != first

    def test_it_is_free_after_the_clear(self, world: World) -> None:
        (first,) = world.command(named("mon-001")).accepted
        world.command(Clear(), "mon-001")
        (second,) = world.command(named("mon-001", "olt-2")).accepted
        assert world.command(Acknowledge(), "mon-001").accepted == (second,), "the open one has it"
        world.command(Clear(), "mon-001")
        assert world.command(Note("again"), "mon-001").accepted == (second,), "then the latest"
        assert first != second

    def test_it_is_not_re_opened_under_a_name_that_another_has_taken(self, world: World) -> None:
        world.command(named("mon-001"))
        world.command(Clear(), "mon-001")
        world.command(named("mon-001", "olt-2"))
        answer = world.command(named(""))
        assert [alarm.alarm_id for alarm in world.alarms if alarm.id in answer.accepted] == ["A4"]
        open_names = [alarm.alarm_id for alarm in world.alarms if alarm.cleared_at is None]
        assert sorted(open_names) == ["A4", "mon-001"]

    def test_another_name_within_the_control_time_is_another_alarm(self, world: World) -> None:
        (first,) = world.command(named("mon-001")).accepted
        world.command(Clear(), "mon-001")
        (second,) = world.command(named("mon-002")).accepted
        (again,) = world.command(named("mon-002")).accepted
        assert first != second == again

    def test_the_same_name_within_the_control_time_re_opens(self, world: World) -> None:
        (first,) = world.command(named("mon-001")).accepted
        world.command(Clear(), "mon-001")
        assert world.command(named("mon-001")).accepted == (first,)

    @pytest.mark.parametrize("name", ["A1", "A1022", "A7.3"])
    def test_faultds_own_names_are_refused(self, world: World, name: str) -> None:
        (refusal,) = world.command(named(name)).refusals
        assert (refusal.reason, refusal.text[:9]) == ("invalid", "alarm_id:")
        assert is_own_name(name)

    @pytest.mark.parametrize("name", ["A", "A-1", "a1", "1", "A1x", "AA1", "device-down-olt-001"])
    def test_others_are_not(self, world: World, name: str) -> None:
        world.command(named(name))
        assert world.alarm.alarm_id == name

    def test_a_name_in_two_tenants_is_ambiguous_to_who_sees_both(self, world: World) -> None:
        (mine,) = world.command(named("x", tenant="t")).accepted
        world.command(named("x", tenant="u"))
        (refusal,) = world.command(Acknowledge(), "x").refusals
        assert (refusal.reason, "t, u" in refusal.text) == ("ambiguous", True)
        assert world.command(Acknowledge(), "x", by=Principal("eve", "operator", "t")).accepted == (mine,)

    def test_names_survive_a_restart(self, world: World) -> None:
        (first,) = world.command(named("mon-001")).accepted
        world.command(Clear(), "mon-001")
        (second,) = world.command(named("mon-001", "olt-2")).accepted
        world.command(Clear(), second)
        (third,) = world.command(named("mon-001")).accepted
        assert third == first
        world.command(Clear(), first)
        before = world.state.named("mon-001", "t")
        world.restart()
        assert world.state.named("mon-001", "t") == before

    def test_a_parent_may_be_named_so(self, world: World) -> None:
        (parent,) = world.command(named("feeder-7")).accepted
        child = msgspec.structs.replace(named("", "olt-2"), parent_alarm_id="feeder-7")
        (answer,) = world.command(child).accepted
        assert world.state.alarms[answer].parent_alarm_id == parent
        foreign = msgspec.structs.replace(named("", "olt-3", tenant="u"), parent_alarm_id="feeder-7")
        (answer,) = world.command(foreign).accepted
        assert world.state.alarms[answer].parent_alarm_id is None

    def test_a_given_name_counts_as_an_alarm(self, world: World) -> None:
        world(CountAlarms())
        world.command(named("mon-001"))
        world.network("device.down", "olt-9")
        assert isinstance(world.only(Answer), Answer)
        assert names(world) == ["mon-001", "A2"]
