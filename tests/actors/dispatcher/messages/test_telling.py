"""Who is told when: the first message with the end of the hold-down, and the end, to everybody who was told. In seconds."""

import msgspec
import pytest
from vocabulary.dispatch_world import DispatchWorld, mail, text
from vocabulary.world import ADMIN, moment

from actors.dispatcher.messages import groups
from actors.dispatcher.messages.delivery_alarms import late_channels
from actors.dispatcher.messages.group import MessageGroup
from actors.dispatcher.run import DispatchRun
from protocols.command import (
    Acknowledge,
    Edit,
    Edited,
    PatchWindow,
    PutWindow,
    Resolve,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from protocols.dispatch.quiet_hours import QuietHours
from protocols.event import ClockJumped
from protocols.maintenance import PlanChanges, WindowPlan, WindowScope
from protocols.sla.local_time import instant_at

NOC = "noc@example.net"


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> DispatchWorld:
    world = DispatchWorld()
    world.restarts = request.param
    return world


def test_a_cause_is_told_with_the_end_of_its_hold_and_once_more_when_it_ends(world: DispatchWorld) -> None:
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    world.run_to(4.9)
    assert world.said == []
    world.run_to(60)
    assert world.said == [(5, "raised", NOC)]
    world.at(100).network("device.up", "olt-1")
    assert world.said == [(5, "raised", NOC), (100, "recovered", NOC)]
    raised, recovered = world.sent
    assert raised.thread == recovered.thread == raised.id
    assert raised.alarm_ids == (world.alarms[0].id,)
    assert raised.facts["causes"][0]["alarm_id"] == world.alarms[0].alarm_id
    world.run_to(100_000)
    assert len(world.said) == 2
    assert not world.dispatch.groups
    assert not world.dispatch.subjects


@pytest.mark.parametrize("quiet", [False, True])
def test_two_persons_with_one_address_get_one_message_that_names_the_cause_once(world: DispatchWorld, *, quiet: bool) -> None:
    """The quiet hours of one of them do not hold it back from the other."""
    hours = {"quiet_hours": QuietHours(begin="00:00", end="23:59")} if quiet else {}
    world.contact("Ann", ("email", NOC), **hours)
    world.contact("Ann", ("email", NOC))
    world.policy("all", mail("Ann"), group_wait=10)
    world.at(0).network("device.down", "olt-1")
    world.run_to(60)
    world.at(100).network("device.up", "olt-1")
    world.run_to(200)
    assert [kind for _, kind, _ in world.said] == ["raised", "recovered"]
    assert [len(each.facts["causes"]) for each in world.sent] == [1, 1]


def test_a_cause_that_ends_before_its_hold_is_told_to_nobody(world: DispatchWorld) -> None:
    """operations.md C 5."""
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    world.at(4).network("device.up", "olt-1")
    world.run_to(1000)
    assert world.said == []


def test_a_cause_that_ends_while_its_group_waits_is_told_to_nobody(world: DispatchWorld) -> None:
    world.policy("all", mail(), group_wait=30)
    world.at(0).network("device.down", "olt-1")
    world.run_to(20)
    world.network("device.up", "olt-1")
    world.run_to(1000)
    assert world.said == []
    assert "before anybody was told" in world.notes[-1]


def test_the_end_is_told_while_the_page_is_in_flight(world: DispatchWorld) -> None:
    """operations.md C 5: the page is on its way when the alarm clears."""
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    (page,) = world.sent
    world.network("device.up", "olt-1")
    world.at(8).arrives(page)
    assert [each.kind for each in world.sent] == ["raised", "recovered"]


def test_those_told_hear_the_end_of_a_shelved_alarm_whatever_happened_to_policy_and_contact(world: DispatchWorld) -> None:
    """operations.md C 4: also across a reload."""
    ann = world.contact("Ann", ("sms", "+491511111111"))
    world.policy("all", mail(), text("Ann"))
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    world.command(Shelve(moment(5000), "noise"), world.alarm.id)
    world.drop_policy("all")
    world.drop_contact(ann)
    world.at(50).network("device.up", "olt-1")
    assert sorted(world.said[2:]) == [(50, "recovered", "+491511111111"), (50, "recovered", NOC)]


def test_a_shelved_cause_is_not_repeated_and_a_resolved_one_has_ended(world: DispatchWorld) -> None:
    world.policy("all", mail(), repeat_interval=60)
    world.at(0).network("device.down", "olt-1")
    world.run_to(70)
    assert [each[:2] for each in world.said] == [(5, "raised"), (65, "reminder")]
    world.command(Shelve(moment(500), "noise"), world.alarm.id)
    world.run_to(400)
    assert len(world.said) == 2
    world.command(Unshelve(), world.alarm.id)
    world.run_to(420)
    assert [each[:2] for each in world.said[2:]] == [(400, "reminder")]
    world.command(Resolve(), world.alarm.id)
    assert world.said[-1] == (420, "recovered", NOC)


def test_an_acknowledgement_stops_the_reminders_until_it_is_withdrawn(world: DispatchWorld) -> None:
    world.policy("all", mail(), repeat_interval=60)
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    world.command(Acknowledge(), world.alarm.id)
    world.run_to(300)
    assert len(world.said) == 1
    world.command(Unacknowledge(), world.alarm.id)
    assert world.said[1:] == [(300, "reminder", NOC)]


def test_what_is_acknowledged_before_the_first_message_is_told_when_it_is_given_back(world: DispatchWorld) -> None:
    world.policy("all", mail(), group_wait=30)
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    world.command(Acknowledge(), world.alarm.id)
    assert "email to noc@example.net waits: ada has acknowledged it" in world.notes
    world.run_to(100)
    assert world.said == []
    world.command(Unacknowledge(), world.alarm.id)
    assert world.said == [(100, "raised", NOC)]


def test_worse_is_told_at_once_and_to_the_policies_that_match_now(world: DispatchWorld) -> None:
    world.policy("mails", mail(), match={"severity": ["critical", "major"]})
    world.policy("texts", text(), match={"severity": "critical"})
    alarm = world.at(0).raise_alarm("device.down", "olt-1", severity="major")
    world.run_to(20)
    assert world.said == [(5, "raised", NOC)]
    world.command(Edit(Edited(severity="critical")), alarm)
    assert sorted(world.said[1:]) == [(20, "worsened", "+491511234567"), (20, "worsened", NOC)]
    world.at(30).clear_alarm(alarm)
    assert sorted(world.said[3:]) == [(30, "recovered", "+491511234567"), (30, "recovered", NOC)]


def test_a_person_named_by_two_policies_gets_one_message(world: DispatchWorld) -> None:
    world.contact("Ann", ("email", "ann@example.net"))
    world.policy("one", mail("Ann"))
    world.policy("two", mail("ann@example.net"))
    world.at(0).network("device.down", "olt-1")
    world.run_to(400)
    world.network("device.up", "olt-1")
    assert world.said == [(5, "raised", "ann@example.net"), (400, "recovered", "ann@example.net")]
    assert any("was told already" in each for each in world.notes)


def test_a_group_tells_at_most_once_in_its_interval(world: DispatchWorld) -> None:
    world.policy("all", mail(), group_by=["alarm_type"], group_wait=10, group_interval=100)
    world.at(0).network("device.down", "olt-1")
    world.run_to(8)
    world.network("device.down", "olt-2")
    world.run_to(20)
    assert world.said == [(15, "raised", NOC)]
    assert world.sent[0].facts["count"] == 2
    world.network("device.down", "olt-3")
    world.at(40).network("device.up", "olt-1")
    world.run_to(114)
    assert len(world.said) == 1
    world.run_to(116)
    assert [each[:2] for each in world.said[1:]] == [(115, "raised")]
    assert [(each["kind"], each["state"]) for each in world.sent[1].facts["causes"]] == [
        ("raised", "open"),
        ("recovered", "ended"),
    ]
    world.network("device.up", "olt-2")
    world.run_to(150)
    world.network("device.up", "olt-3")
    assert [each[:2] for each in world.said[2:]] == [(150, "recovered")]
    assert world.sent[-1].facts["count"] == 2


def test_a_raise_after_the_end_is_told_anew(world: DispatchWorld) -> None:
    world.policy("all", mail())
    for start in (0, 100):
        world.at(start).network("device.down", "olt-1")
        world.run_to(start + 50)
        world.network("device.up", "olt-1")
    assert [each[:2] for each in world.said] == [(5, "raised"), (50, "recovered"), (105, "raised"), (150, "recovered")]
    assert world.sent[2].thread == world.sent[2].id


def test_a_dead_page_goes_to_the_next_method_and_its_end_follows_it(world: DispatchWorld) -> None:
    world.contact("Ann", ("email", "ann@example.net"), ("sms", "+491511111111"))
    world.policy("all", mail("Ann"))
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    world.fails(world.sent[0])
    assert world.dispatch.notifications[world.sent[0].id].status == "failed"
    world.fails(world.sent[0], dead=True)
    assert world.said[1:] == [(6, "raised", "+491511111111")]
    assert world.sent[1].fallback_of == world.sent[0].id
    world.at(20).network("device.up", "olt-1")
    assert world.said[2:] == [(20, "recovered", "+491511111111")]


def test_a_dead_page_was_no_telling(world: DispatchWorld) -> None:
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    world.fails(world.sent[0], dead=True)
    world.at(20).network("device.up", "olt-1")
    assert len(world.said) == 1
    assert any("was given up: connection refused" in each for each in world.notes)


def test_a_repeat_interval_of_0_is_no_reminder(world: DispatchWorld) -> None:
    world.policy("all", mail(), repeat_interval=0, group_interval=0)
    world.at(0).network("device.down", "olt-1")
    world.run_to(86_400)
    assert world.said == [(5, "raised", NOC)]
    world.network("device.up", "olt-1")
    assert world.said[1:] == [(86_400, "recovered", NOC)]


def test_a_timer_that_is_due_again_at_once_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    met = []

    def fire(run: DispatchRun, name: str) -> None:
        met.append(run.now)
        run.state.timers.set(run.journal, "group", name, run.now)

    world = DispatchWorld()
    world.policy("all", mail())
    monkeypatch.setattr(groups, "fire", fire)
    world.at(0).network("device.down", "olt-1")
    world.run_to(70)
    assert [instant / 1_000_000 - moment(0).timestamp() for instant in sorted(set(met))] == [5, 65]


def test_a_jump_of_the_clock_sends_nothing(world: DispatchWorld) -> None:
    world.policy("all", mail(), repeat_interval=60)
    world.at(0).network("device.down", "olt-1")
    world.run_to(20)
    before, after = world.now, moment(86_420)
    world.now = after
    world(ClockJumped(before, after))
    world.run_to(86_420 + 44)
    assert len(world.said) == 1
    world.run_to(86_420 + 46)
    assert world.said[1:] == [(86_465, "reminder", NOC)]


@pytest.mark.parametrize("of", ["contact", "policy"])
@pytest.mark.parametrize(
    ("jump", "told"),
    [
        (0, 7_200),
        # Out of the quiet hours, which are 02:00 to 05:00; the clock said 03:00.
        (3 * 3_600, 20 + 3 * 3_600),
        (-2 * 3_600, 20 - 2 * 3_600),
        # Within them, on another day.
        (86_400, 86_400 + 7_200),
        (86_400 + 3_600, 86_400 + 7_200),
    ],
)
def test_quiet_hours_end_by_the_time_that_is_believed_after_a_jump(world: DispatchWorld, jump: int, told: int, of: str) -> None:
    hours = QuietHours(begin="02:00", end="05:00", allowed=())
    world.contact("Ann", ("email", NOC), **({"quiet_hours": hours} if of == "contact" else {}))
    quiet = {"quiet_hours": msgspec.to_builtins(hours)} if of == "policy" else {}
    world.policy("all", mail("Ann"), repeat_interval=100_000, **quiet)
    world.at(0).network("device.down", "olt-1")
    world.run_to(20)
    before, world.now = world.now, moment(20 + jump)
    world(ClockJumped(before, world.now))
    world.run_to(20 + jump + 14_400)
    assert world.said == [(told, "raised", NOC)]


def test_a_message_that_waits_is_not_late_because_of_a_jump(world: DispatchWorld) -> None:
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    world.run_to(20)
    before, world.now = world.now, moment(86_420)
    world(ClockJumped(before, world.now))
    seconds = world.dispatch.inputs.settings.page_alarm_seconds
    assert not list(late_channels(world.dispatch, instant_at(moment(86_420))))
    assert list(late_channels(world.dispatch, instant_at(moment(86_420 + seconds))))


def test_those_told_hear_the_end_of_an_alarm_that_clears_in_a_window(world: DispatchWorld) -> None:
    """operations.md C 4."""
    world.policy("all", mail(), repeat_interval=100, match={"subject": "alarm"})
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    scope = WindowScope(devices=("olt-1",))
    plan = WindowPlan(title="work", scope=scope, start=moment(20), end=moment(5000), tenant_id=None)
    window = world.command(PutWindow(plan), by=ADMIN).accepted[0]
    world.run_to(300)
    world.command(PatchWindow(window, PlanChanges(title="more work")), by=ADMIN)
    world.policy("all", mail("boss@example.net"))
    world.run_to(400)
    world.network("device.up", "olt-1")
    world.run_to(6000)
    told = [each for each in world.said if each[1] != "reminder"]
    assert told == [(5, "raised", NOC), (400, "recovered", NOC)]


def test_a_policy_that_tells_somebody_else_now_reminds_nobody(world: DispatchWorld) -> None:
    world.policy("all", mail(), repeat_interval=100)
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    world.policy("all", mail("boss@example.net"), repeat_interval=100)
    world.run_to(500)
    assert len(world.said) == 1
    assert any("policy all tells somebody else now" in each for each in world.notes)
    world.network("device.up", "olt-1")
    assert world.said[1:] == [(500, "recovered", NOC)]


def test_the_ends_of_a_large_group_do_not_copy_it(world: DispatchWorld) -> None:
    world.policy("all", mail(), group_by=["alarm_type"], group_wait=10, group_interval=100)
    world.at(0)
    alarms = [world.raise_alarm("device.down", f"olt-{number}") for number in range(12)]
    world.run_to(20)
    world.restarts = False
    (group,) = world.dispatch.groups.values()
    for alarm in alarms[:10]:
        world.clear_alarm(alarm)
    (after,) = world.dispatch.groups.values()
    assert after.members is group.members
    assert after.owed is group.owed
    assert (len(after.members), len(after.owed)) == (2, 10)
    world.run_to(200)
    assert [each.facts["count"] for each in world.sent] == [12, 10]


def test_what_waits_for_a_person_is_not_copied_with_each_telling(world: DispatchWorld) -> None:
    world.contact("Ann", ("email", "ann@example.net"), quiet_hours=QuietHours(begin="03:00", end="04:00", allowed=()))
    world.policy("all", mail("Ann"))
    world.at(0).network("device.down", "olt-0")
    world.run_to(10)
    world.restarts = False
    (recipient,) = world.dispatch.recipients.values()
    for number in range(1, 10):
        world.network("device.down", f"olt-{number}")
    world.run_to(20)
    (after,) = world.dispatch.recipients.values()
    assert after.waiting is recipient.waiting
    assert len(after.waiting) == 10
    assert world.said == []
    world.run_to(3_700)
    assert [(at, kind) for at, kind, _ in world.said] == [(3_600, "storm")]


def test_a_snapshot_with_ends_in_its_former_form_is_read() -> None:
    names = dict.fromkeys(("key", "tenant_id", "policy", "policy_name", "pointer", "to"), "x")
    former = {**names, "channel": "email", "opened_at": 0, "interval": 1, "repeat": 1, "ended": ["alarm:1", "alarm:2"]}
    group = msgspec.convert(former, MessageGroup)
    assert (group.owed, group.ended) == ({"alarm:1": True, "alarm:2": True}, ())
