"""The fold as timelines: what is reported, and what becomes of the alarms."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from vocabulary.faults import replace_fold
from vocabulary.world import World

from actors.correlator.settings import CorrelatorSettings
from protocols.change import AlarmChanged, AlarmForgotten, AlarmRepeated, Answer, ArchiveDue, DeviceEvent, Quarantined, Released
from protocols.command import (
    Acknowledge,
    Assign,
    Clear,
    Command,
    DiscardQuarantined,
    Edit,
    Edited,
    Note,
    Raise,
    Resolve,
    RetryQuarantined,
    Shelve,
)
from protocols.event import NetworkEvent, SystemReport, TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node


def test_a_raise_repeats_clears_and_reopens_one_alarm(world: World) -> None:
    world.at(0).network("device.down")
    assert world.only(AlarmChanged).entries[0].action == "raised"
    first = world.alarm
    assert (first.severity, first.status, first.source) == ("critical", "active", "network_device")

    world.at(10).network("device.down")
    assert world.only(AlarmRepeated).occurrence_count == 2

    world.at(20).network("device.up")
    assert (world.alarm.status, world.alarm.cleared_at) == ("cleared", world.now)

    world.at(320).network("device.down")
    assert (world.alarm.id, world.alarm.status, world.alarm.occurrence_count) == (first.id, "active", 3)


def test_after_the_control_time_the_same_problem_is_a_new_alarm(world: World) -> None:
    world.at(0).network("device.down")
    world.at(20).network("device.up")
    world.at(320.1).network("device.down")
    assert [alarm.status for alarm in world.alarms] == ["cleared", "active"]


def test_a_resolved_alarm_is_never_reopened(world: World) -> None:
    world.at(0).network("device.down")
    world.at(1).command(Resolve(), world.alarm.id)
    world.at(2).network("device.down")
    assert [alarm.status for alarm in world.alarms] == ["resolved", "active"]


def test_what_is_done_to_an_older_alarm_leaves_the_newer_one_of_its_identity_in_its_place(world: World) -> None:
    world.at(0).network("device.down")
    old = world.alarm.id
    world.at(10).network("device.up")
    world.at(1000).network("device.down")
    world.at(1001).command(Note("post mortem"), old)
    world.at(1002).network("device.down")
    assert [(alarm.status, alarm.occurrence_count) for alarm in world.alarms] == [("cleared", 1), ("active", 2)]
    world.at(1003).network("device.up")
    world.at(1004).command(Acknowledge(), old)
    world.at(1005).network("device.down")
    assert [(alarm.status, alarm.occurrence_count) for alarm in world.alarms] == [("cleared", 1), ("active", 3)]


def test_tenants_resources_and_qualifiers_are_different_problems(world: World) -> None:
    world.network("monitoring.check_failed", qualifier="dns")
    world.network("monitoring.check_failed", qualifier="ntp")
    world.network("monitoring.check_failed", qualifier="dns", tenant_id="u")
    world.network("monitoring.check_failed", "olt-2", qualifier="dns")
    assert len(world.alarms) == 4
    world.network("monitoring.check_recovered", qualifier="dns")
    assert [alarm.qualifier for alarm in world.alarms if alarm.cleared_at] == ["dns"]
    world.network("monitoring.check_recovered")
    assert sum(alarm.cleared_at is not None for alarm in world.alarms) == 2


@pytest.mark.parametrize(
    ("kind", "severity", "clear"),
    [
        ("device.down", "critical", "device.up"),
        ("device.degraded", "major", "device.up"),
        ("service.outage", "critical", "service.restored"),
        ("service.degraded", "major", "service.restored"),
        ("cpe.offline", "major", "cpe.online"),
        ("cpe.signal_loss", "major", "cpe.online"),
        ("monitoring.threshold_exceeded", "minor", "monitoring.check_recovered"),
        ("monitoring.check_failed", "major", "monitoring.check_recovered"),
    ],
)
def test_network_events_raise_and_clear(world: World, kind: str, severity: str, clear: str) -> None:
    answer = world.network(kind)
    assert (world.alarm.alarm_type, world.alarm.severity) == (kind, severity)
    assert answer.accepted == (world.alarm.id,)
    assert world.network(clear).accepted == (world.alarm.id,)
    assert world.alarm.status == "cleared"


def test_an_idempotency_key_counts_once_until_it_is_forgotten(world: World) -> None:
    world.at(0).network("device.down", key="k")
    assert world.at(5).network("device.down", key="k").duplicate
    assert world.alarm.occurrence_count == 1
    assert not world.at(5).network("device.down", key="k", tenant_id="u").duplicate
    world.at(90_000).tick()
    assert not world.at(90_000).network("device.down", key="k").duplicate


def test_an_idempotency_key_used_for_another_event_is_refused(world: World) -> None:
    world.at(0).network("device.down", key="probe/k", metadata={"loss": 5})
    for _ in range(2):
        answer = world.at(5).network("device.down", key="probe/k", metadata={"loss": 6})
        assert [refusal.reason for refusal in answer.refusals] == ["key_reused"]
        assert "'k'" in answer.refusals[0].text
        assert not answer.duplicate
        assert world.at(5).network("device.down", key="probe/k", metadata={"loss": 5}).duplicate
        world.restart()
    assert (world.alarm.occurrence_count, world.alarm.metadata) == (1, {"loss": 5})
    world.at(90_000).tick()
    assert (world.state.keys, world.state.bodies) == ({}, {})
    assert world.at(90_000).network("device.down", key="probe/k", metadata={"loss": 6}).accepted


def test_an_event_is_the_same_in_whatever_order_its_metadata_come(world: World) -> None:
    world.network("device.down", key="probe/k", metadata={"loss": 5, "path": [{"hop": 1, "ms": 2}]})
    assert world.network("device.down", key="probe/k", metadata={"path": [{"ms": 2, "hop": 1}], "loss": 5}).duplicate
    answer = world.network("device.down", key="probe/k", metadata={"loss": 5, "path": [{"hop": 1, "ms": 3}]})
    assert [refusal.reason for refusal in answer.refusals] == ["key_reused"]


def test_an_idempotency_key_of_a_snapshot_that_tells_no_event_is_a_duplicate_as_before(world: World) -> None:
    world.network("device.down", key="k")
    world.state.bodies.clear()
    assert world.network("device.up", key="k").duplicate


def test_a_clear_dated_before_the_raise_by_the_same_reporter_is_ignored_and_says_so(world: World) -> None:
    world.at(100).network("device.down", at=world.now - timedelta(seconds=10))
    world.at(100).network("device.up", at=world.now - timedelta(seconds=13))
    assert world.alarm.status == "active"
    assert world.only(AlarmChanged).entries[0].action == "clear_ignored"


NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "believed", "warned"),
    [
        (NOW - timedelta(days=29), True, False),
        (NOW - timedelta(days=31), False, True),
        (datetime(1970, 1, 1, tzinfo=UTC), False, True),
        (NOW + timedelta(seconds=5), False, False),
        (NOW + timedelta(hours=1), False, True),
        (NOW + timedelta(days=365), False, True),
    ],
)
def test_a_time_that_cannot_be_right_is_not_believed_and_the_answer_says_so(
    world: World, at: datetime, believed: bool, warned: bool
) -> None:
    for kind in ("device.down", "device.up"):
        answer = world.at(0).network(kind, at=at)
        assert bool(answer.warnings) == warned
        assert all("the time of receipt is used" in warning for warning in answer.warnings)
        assert ("the time of receipt is used" in world.only(AlarmChanged).entries[0].text) == warned
    assert world.alarm.first_occurrence == world.alarm.cleared_at == (at if believed else NOW)


@pytest.mark.parametrize(
    ("down", "up"),
    [(365 * 86_400, 365 * 86_400 + 60), (-(56 * 365 * 86_400), -(56 * 365 * 86_400) + 60), (3600, 3660), (3600, 0), (0, -3600)],
)
def test_a_reporter_with_a_wrong_clock_ends_what_it_raised(world: World, down: int, up: int) -> None:
    world.at(0).network("device.down", at=world.now + timedelta(seconds=down))
    world.at(0).network("device.up", at=world.now + timedelta(seconds=up))
    assert world.alarm.status == "cleared"


def test_events_delivered_in_the_wrong_order_are_put_in_order_by_the_reporters_time(world: World) -> None:
    world.at(0).network("device.up", at=world.now - timedelta(seconds=5))
    world.at(0).network("device.down", at=world.now - timedelta(seconds=10))
    assert world.alarm.status == "cleared"
    world.at(0).network("device.down", at=world.now - timedelta(seconds=1))
    assert [alarm.status for alarm in world.alarms] == ["active"]


def test_a_clear_received_later_than_reports_can_be_late_always_ends_the_alarm(world: World) -> None:
    world.at(0).network("device.down", at=world.now)
    world.at(5).network("device.up", at=world.now - timedelta(seconds=5.5))
    assert world.alarm.status == "cleared"
    world.at(20).network("device.down", at=world.now)
    world.at(25.1).network("device.up", at=world.now - timedelta(seconds=6))
    assert world.alarm.status == "cleared"


def test_commands_are_answered_per_alarm(world: World) -> None:
    world.network("device.down")
    world.network("device.down", "olt-2", tenant_id="u")
    one, two = world.alarms
    mine = Principal("eve", "operator", tenant="t")
    answer = world.command(Acknowledge("on it"), one.alarm_id, two.id, "A999", by=mine)
    assert answer.accepted == (one.id,)
    assert [(refusal.alarm_id, refusal.reason) for refusal in answer.refusals] == [
        (two.id, "not_your_tenant"),
        ("A999", "unknown_alarm"),
    ]
    entry = world.only(AlarmChanged).entries[0]
    assert (entry.action, entry.actor, entry.text) == ("acknowledged", "user:eve", "on it")
    again = world.command(Acknowledge(), one.id)
    assert again.refusals[0].reason == "wrong_state"
    assert "already acknowledged" in again.refusals[0].text


def test_naming_an_alarm_twice_acts_once(world: World) -> None:
    world.network("device.down")
    answer = world.command(Note("x"), world.alarm.id, world.alarm.id)
    assert len(answer.accepted) == 1
    assert len(world.only(AlarmChanged).entries) == 1


def test_an_assignment_says_to_whom_in_the_timeline(world: World) -> None:
    world.network("device.down")
    world.command(Assign("bob"), world.alarm.id)
    assert world.alarm.assigned_to == "bob"
    assert world.only(AlarmChanged).entries[0].detail == {"assigned_to": "bob"}


def test_a_shelf_ends_by_itself(world: World) -> None:
    world.at(0).network("device.down")
    world.at(0).command(Shelve(world.now + timedelta(seconds=60)), world.alarm.id)
    assert world.alarm.status == "suppressed"
    world.at(59).tick()
    assert not world.all(AlarmChanged)
    world.at(60).tick()
    entry = world.only(AlarmChanged).entries[0]
    assert (world.alarm.status, entry.action, entry.actor) == ("active", "unshelved", "faultd:clock")


def test_a_raise_by_hand_is_an_alarm_like_any_other(world: World) -> None:
    ask = Raise(
        tenant_id="t", alarm_type="cabinet.open", severity="minor", title="Door", resource_type="cabinet", resource_id="c1"
    )
    answer = world.command(ask)
    assert answer.accepted == (world.alarm.id,)
    world.command(ask)
    assert world.alarm.occurrence_count == 2
    world.command(Clear("closed it"), world.alarm.id)
    assert (world.alarm.status, world.alarm.cleared_by) == ("cleared", "user:ada")


@pytest.mark.parametrize(("tenant", "severity", "reason"), [("u", "minor", "not_your_tenant"), ("t", "cleared", "invalid")])
def test_a_raise_by_hand_can_be_refused(world: World, tenant: str, severity: Any, reason: str) -> None:
    ask = Raise(tenant_id=tenant, alarm_type="x", severity=severity, title="x", resource_type="x", resource_id="x")
    answer = world.command(ask, by=Principal("eve", "operator", tenant="t"))
    assert [refusal.reason for refusal in answer.refusals] == [reason]
    assert world.alarms == []


def test_a_severity_set_by_hand_stays_while_the_alarm_is_open(world: World) -> None:
    world.network("device.down")
    world.command(Edit(Edited(severity="warning")), world.alarm.id)
    world.network("device.down")
    assert world.alarm.severity == "warning"
    world.network("device.down", severity="major")
    assert world.alarm.severity == "warning"
    assert [entry.action for entry in world.only(AlarmChanged).entries] == ["severity_kept"]
    world.at(1).network("device.up")
    world.at(2).network("device.down", severity="major")
    assert [alarm.severity for alarm in world.alarms] == ["major"]


def test_a_cleared_alarm_becomes_history(make_world: Callable[..., World]) -> None:
    world = make_world(CorrelatorSettings(keep_cleared_hours=1))
    world.at(0).network("device.down")
    world.at(1).network("device.up")
    old = world.alarm.id
    world.at(3600).tick()
    assert not world.all(AlarmForgotten)
    world.at(3601).tick()
    assert world.only(AlarmForgotten).id == old
    assert world.command(Note("late"), old).refusals[0].reason == "unknown_alarm"
    world.at(3602).network("device.down")
    assert world.alarm.id != old


def test_only_so_many_cleared_alarms_are_kept(make_world: Callable[..., World]) -> None:
    world = make_world(CorrelatorSettings(keep_cleared_max=2))
    for number in range(5):
        world.at(number).network("device.down", f"olt-{number}")
        world.at(number).network("device.up", f"olt-{number}")
    world.at(10).tick()
    assert [alarm.resource_id for alarm in world.alarms] == ["olt-3", "olt-4"]


def test_the_archive_is_due_every_hour(world: World) -> None:
    world.at(0).tick()
    assert world.only(ArchiveDue).before == world.now - timedelta(days=90)
    world.at(3599).tick()
    assert not world.all(ArchiveDue)
    world.at(3600).tick()
    assert world.all(ArchiveDue)


def test_the_topology_tells_who_is_hurt(world: World) -> None:
    nodes = (
        Node(id="olt-1", type="olt", name="North", address="10.0.0.1"),
        Node(id="olt-1/0/1/5", type="pon", parents=("olt-1",)),
        *(
            Node(id=f"olt-1/0/1/5/{n}", type="ont", parents=("olt-1/0/1/5",), customer_id=f"c{n}", service_id=f"s{n}")
            for n in range(3)
        ),
    )
    world(TopologyLoaded("d", nodes))
    world.network("device.down", "10.0.0.1")
    assert (world.alarm.resource_id, world.alarm.resource_name, world.alarm.subscriber_count) == ("olt-1", "North", 3)
    assert world.alarm.affected_customers == ("c0", "c1", "c2")
    assert world.alarm.title == "North is down"


def test_an_event_whose_fold_raises_is_quarantined_and_the_state_is_as_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.network("device.down")
    before = world.state.save()

    def trip(draft: Any, event: NetworkEvent) -> None:
        draft.put(world.alarm, "raised", "nobody")
        raise RuntimeError("tripped")

    poison = NetworkEvent(type="device.up", tenant_id="t", resource_type="olt", resource_id="olt-1")
    with monkeypatch.context() as patch:
        replace_fold(patch, NetworkEvent, trip)
        world(poison)
    kept = world.only(Quarantined)
    assert (kept.offset, kept.kind, kept.error) == (world.offset, "network", "RuntimeError: tripped")
    assert world.only(Answer).accepted == ()
    own = next(alarm for alarm in world.alarms if alarm.alarm_type == "event.quarantined")
    assert (own.severity, own.resource_id, own.source) == ("major", "faultd", "system")
    others = [alarm for alarm in world.alarms if alarm is not own]
    assert others == list(type(world.state).load(before).alarms.values())

    world.at(5).command(RetryQuarantined(kept.offset, msgspec.msgpack.encode(poison)))
    assert world.only(Released).released == kept.offset
    assert {alarm.status for alarm in world.alarms} == {"cleared"}

    revisions = {alarm.id: alarm.revision for alarm in world.alarms}
    again = world.command(RetryQuarantined(kept.offset, msgspec.msgpack.encode(poison)))
    assert again.refusals[0].reason == "wrong_state", "two who asked at the same time do not count it twice"
    assert {alarm.id: alarm.revision for alarm in world.alarms} == revisions


def test_a_discarded_event_leaves_quarantine_with_who_and_why(world: World) -> None:
    world(TopologyLoaded("d", ()))
    fold_module_report = SystemReport(alarm_type="event.quarantined", active=True, qualifier="7", title="kept")
    world(fold_module_report)
    world.state.quarantined |= {7, 8}
    world.command(DiscardQuarantined(7, "a test of ours"))
    assert world.only(Released).released == 7
    assert world.state.quarantined == {8}
    assert world.only(Answer).refusals == ()
    kept = world.only(DeviceEvent)
    assert (kept.event_name, kept.detail) == (
        "event.discarded",
        {"offset": 7, "by": "ada", "reason": "a test of ours", "stage": "correlator"},
    )
    assert (world.alarm.status, world.alarm.cleared_by) == ("cleared", "user:ada")
    again = world.command(DiscardQuarantined(7, "twice"))
    assert again.refusals[0].reason == "wrong_state"
    world.command(DiscardQuarantined(8, "the last"))
    assert world.state.quarantined == set()


def test_a_retry_that_fails_again_says_so_and_is_not_quarantined_itself(world: World) -> None:
    world.state.quarantined.add(7)
    answer = world.command(RetryQuarantined(7, b"\xc1"))
    assert answer.refusals[0].reason == "invalid"
    assert "still cannot be folded" in answer.refusals[0].text
    assert not world.all(Quarantined)


def test_a_raise_by_hand_dated_in_the_future_began_now(world: World) -> None:
    late = world.now + timedelta(hours=1)
    ask = Raise(tenant_id="t", alarm_type="x", severity="minor", title="x", resource_type="x", resource_id="x", at=late)
    world.command(ask)
    assert world.alarm.first_occurrence == world.now


def test_a_retried_command_answers_once(world: World) -> None:
    world.network("device.down")
    world.state.quarantined |= {7, 8}
    poison = Command(Principal("ada", "operator"), Acknowledge(), (world.alarm.id,))
    world.command(RetryQuarantined(7, msgspec.msgpack.encode(poison)))
    assert world.only(Answer).accepted == (world.alarm.id,)
    world.command(RetryQuarantined(8, msgspec.msgpack.encode(SystemReport(alarm_type="x", active=False))))
    assert world.only(Answer).accepted == ()


def test_faultd_reports_about_itself(world: World) -> None:
    report = SystemReport(alarm_type="traps.refused", active=True, severity="warning", qualifier="bad_tag", title="Refused")
    world(report)
    world(report)
    assert (world.alarm.resource_id, world.alarm.occurrence_count) == ("faultd", 2)
    world(SystemReport(alarm_type="traps.refused", active=False, qualifier="bad_tag"))
    assert world.alarm.status == "cleared"


def test_a_snapshot_keeps_which_alarm_a_raise_reopens_and_when_each_was_cleared(world: World) -> None:
    world.at(0).network("device.down", "olt-2")
    world.at(0).network("device.down")
    world.at(10).network("device.up")
    world.at(400).network("device.down")
    other, old, new = world.alarms
    world.at(410).network("device.up")
    world.at(411).network("device.up", "olt-2")
    world.at(420).command(Acknowledge(), old.id)
    world.at(430).command(Resolve(), new.id)
    before = world.state
    world.restart()
    assert list(world.state.cleared.items()) == list(before.cleared.items())
    assert world.state.current == before.current == {other.identity: other.id}
    world.at(440).network("device.down")
    assert [alarm.status for alarm in world.alarms] == ["cleared", "cleared", "resolved", "active"]
