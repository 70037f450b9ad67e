"""Fallback: when a message has not arrived in time, or was given up, the person's next method is tried. In seconds."""

import pytest
from vocabulary.dispatch_world import DispatchWorld, mail, text
from vocabulary.sla import plant
from vocabulary.world import moment

from actors.dispatcher.outlook import outlook_of
from protocols.command import Acknowledge, Edit, Edited, Unacknowledge
from protocols.dispatch.actions import ResendNotification
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.quiet_hours import QuietHours
from protocols.event import ClockJumped

MAIL, PHONE, CHAT = "ann@example.net", "+491511111111", "@ann"


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> DispatchWorld:
    world = DispatchWorld()
    world.restarts = request.param
    world.contact("Ann", ("email", MAIL), ("sms", PHONE), ("slack", CHAT))
    return world


def page(world: DispatchWorld, severity: str = "critical") -> DispatchedNotification:
    """A page to Ann by mail at 5 s."""
    world.policy("all", mail("Ann"))
    world.at(0).raise_alarm("device.down", "olt-1", severity=severity)
    world.run_to(6)
    assert world.said == [(5, "raised", MAIL)]
    return world.sent[0]


def test_an_overdue_page_goes_to_each_further_method_and_is_still_tried(world: DispatchWorld) -> None:
    first = page(world)
    world.fails(first)
    world.run_to(124)
    assert len(world.said) == 1
    outlook = outlook_of(world.dispatch, f"alarm:{world.alarm.id}")
    assert outlook is not None
    planned = [(each.at, each.text) for each in outlook.planned if each.at is not None and each.at < moment(1000)]
    assert planned == [(moment(125), f"raised by sms to Ann, unless {first.id} by email has arrived")]
    world.run_to(1000)
    assert world.said == [(5, "raised", MAIL), (125, "raised", PHONE), (245, "raised", CHAT)]
    assert [each.fallback_of for each in world.sent] == ["", first.id, world.sent[1].id]
    assert "email has not arrived after 120 s: connection refused" in world.sent[1].reason
    assert "sms has not arrived after 120 s: no attempt has ended" in world.sent[2].reason
    assert all(each.waits for each in world.dispatch.notifications.values())
    assert any("slack has not arrived" in each and each.endswith("no other method is left") for each in world.notes)
    for each in world.sent:
        world.arrives(each)
    world.at(2000).network("device.up", "olt-1")
    assert sorted(world.said[3:]) == [(2000, "recovered", PHONE), (2000, "recovered", CHAT), (2000, "recovered", MAIL)]
    assert not world.dispatch.overdue


def test_a_page_that_arrives_in_time_goes_to_no_other_method(world: DispatchWorld) -> None:
    first = page(world)
    world.at(124).arrives(first)
    world.run_to(5000)
    assert len(world.said) == 1


@pytest.mark.parametrize(("severity", "expected"), [("major", [(905, "raised", PHONE)]), ("minor", [])])
def test_the_time_is_that_of_the_severity(world: DispatchWorld, severity: str, expected: list[object]) -> None:
    page(world, severity)
    world.run_to(1000)
    assert world.said[1:] == expected


def test_an_overdue_page_that_is_given_up_later_is_followed_once(world: DispatchWorld) -> None:
    first = page(world)
    world.run_to(130)
    world.arrives(world.sent[1])
    world.at(200).fails(first, dead=True)
    assert world.said[1:] == [(125, "raised", PHONE)]
    assert world.notes[-1] == f"{first.id} to Ann: email was given up: connection refused"
    world.at(300).network("device.up", "olt-1")
    assert world.said[2:] == [(300, "recovered", PHONE)]


def test_what_is_acknowledged_meanwhile_waits_and_is_told_when_that_is_withdrawn(world: DispatchWorld) -> None:
    first = page(world)
    world.command(Acknowledge(), world.alarm.id)
    world.fails(first, dead=True)
    world.run_to(1000)
    assert len(world.said) == 1
    assert any(each.startswith("sms to Ann (raised) waits until") and "ada has acknowledged it" in each for each in world.notes)
    world.command(Unacknowledge(), world.alarm.id)
    world.run_to(1100)
    assert world.said[1:] == [(1000, "raised", PHONE)]


def test_what_has_ended_meanwhile_is_not_told_by_the_next_method(world: DispatchWorld) -> None:
    first = page(world)
    world.command(Acknowledge(), world.alarm.id)
    world.fails(first, dead=True)
    world.at(60).network("device.up", "olt-1")
    world.run_to(5000)
    assert len(world.said) == 1


def test_a_page_that_arrives_while_its_follower_waits_is_followed_by_none(world: DispatchWorld) -> None:
    first = page(world)
    world.command(Acknowledge(), world.alarm.id)
    world.run_to(130)
    world.arrives(first)
    world.command(Unacknowledge(), world.alarm.id)
    world.run_to(1000)
    assert len(world.said) == 1
    assert f"sms to Ann is not sent: {first.id} has arrived" in world.notes


def test_a_consequence_is_not_told_by_the_next_method_until_it_stands_alone() -> None:
    world = DispatchWorld(nodes=plant())
    world.contact("Ann", ("email", MAIL), ("sms", PHONE))
    world.policy("all", mail("Ann"))
    child = world.at(0).raise_alarm("ont.los", "olt-1/1/1/1", severity="critical")
    world.run_to(10)
    world.network("device.down", "olt-1")
    world.run_to(20)
    assert world.get(child).parent_alarm_id is not None
    by_mail, by_text = world.sent[0], [each.facts["subjects"] for each in world.sent if each.channel == "sms"]
    world.fails(by_mail, dead=True)
    world.arrives(world.sent[1])
    world.run_to(400)
    assert by_text == []
    assert any("sms to Ann (raised) waits until" in each and "consequence of alarm" in each for each in world.notes)
    world.network("device.up", "olt-1")
    world.run_to(1000)
    assert world.get(child).parent_alarm_id is None
    assert [each.facts["subjects"] for each in world.sent if each.channel == "sms"] == [[f"alarm:{child}"]]


def test_another_policy_that_tells_by_that_method_is_enough() -> None:
    world = DispatchWorld()
    world.contact("Ann", ("email", MAIL), ("sms", PHONE), ("slack", CHAT))
    world.policy("texts", text("Ann"))
    world.policy("mails", mail("Ann"))
    world.at(0).raise_alarm("device.down", "olt-1", severity="critical")
    world.run_to(6)
    first = next(each for each in world.sent if each.channel == "email")
    by_text = next(each for each in world.sent if each.channel == "sms")
    world.arrives(by_text)
    world.run_to(1000)
    assert len(world.said) == 2
    assert any(f"the person was told by sms ({by_text.id})" in each and each.startswith(first.id) for each in world.notes)


def test_two_methods_that_both_fail_lead_to_the_third() -> None:
    world = DispatchWorld()
    world.contact("Ann", ("email", MAIL), ("sms", PHONE), ("slack", CHAT))
    world.policy("texts", text("Ann"))
    world.policy("mails", mail("Ann"))
    world.at(0).raise_alarm("device.down", "olt-1", severity="critical")
    world.run_to(1000)
    assert world.said[2:] == [(125, "raised", CHAT)]


def test_a_step_is_told_by_a_method_that_knows_of_the_raise_alone() -> None:
    world = DispatchWorld()
    world.contact("Ann", ("email", MAIL), ("sms", PHONE))
    world.policy("texts", text("Ann"))
    world.policy("chain", {"escalate": [{"after_seconds": 60, "to": "Ann"}]})
    world.at(0).raise_alarm("device.down", "olt-1", severity="critical")
    world.run_to(6)
    world.arrives(world.sent[0])
    world.run_to(300)
    assert world.said == [(5, "raised", PHONE), (65, "escalated", MAIL), (185, "escalated", PHONE)]
    assert [each.step for each in world.sent] == [0, 1, 1]


def test_worse_is_told_by_a_method_that_knows_of_less() -> None:
    world = DispatchWorld()
    world.contact("Ann", ("email", MAIL), ("sms", PHONE))
    world.policy("texts", text("Ann"), match={"severity": "major"})
    world.policy("mails", mail("Ann"))
    alarm = world.at(0).raise_alarm("device.down", "olt-1", severity="major")
    world.run_to(6)
    for each in world.sent:
        world.arrives(each)
    world.command(Edit(Edited(severity="critical")), alarm)
    world.run_to(200)
    assert sorted(world.said[2:]) == [(6, "worsened", MAIL), (126, "worsened", PHONE)]


def test_the_persons_quiet_hours_hold_the_next_method_back(world: DispatchWorld) -> None:
    world.drop_contact("CT1")
    world.contact("Ann", ("email", MAIL), ("sms", PHONE), quiet_hours=QuietHours(begin="03:01", end="03:30", allowed=("info",)))
    page(world)
    world.run_to(3000)
    assert world.said[1:3] == [(1800, "raised", PHONE)]


def test_a_jump_of_the_clock_makes_nothing_overdue(world: DispatchWorld) -> None:
    page(world)
    before, world.now = world.now, moment(86_406)
    world(ClockJumped(before, world.now))
    world.run_to(86_524)
    assert len(world.said) == 1
    world.run_to(86_526)
    assert len(world.said) == 2


def test_a_page_that_is_sent_again_can_be_overdue_again(world: DispatchWorld) -> None:
    first = page(world)
    world.run_to(130)
    world.fails(first, dead=True)
    world.fails(world.sent[1], dead=True)
    assert [each[2] for each in world.said] == [MAIL, PHONE, CHAT]
    world.command(ResendNotification(first.id))
    world.run_to(300)
    assert [each[2] for each in world.said] == [MAIL, PHONE, CHAT, PHONE]


def test_an_end_in_an_overdue_message_goes_to_the_next_method_when_that_is_given_up() -> None:
    world = DispatchWorld()
    world.contact("Ann", ("email", MAIL), ("sms", PHONE))
    world.policy("all", mail("Ann"), group_by=["alarm_type"], group_interval=50)
    world.at(0).raise_alarm("device.down", "olt-1", severity="critical")
    world.run_to(6)
    world.arrives(world.sent[0])
    world.raise_alarm("device.down", "olt-2", severity="critical")
    world.at(20).clear_alarm(world.alarms[0].id)
    world.run_to(60)
    both = world.sent[1]
    assert (len(both.facts["over"]), both.facts["count"]) == (1, 2)
    world.run_to(200)
    assert [each.facts["count"] for each in world.sent[2:]] == [1]
    assert world.said[2:] == [(175, "raised", PHONE)]
    world.fails(both, dead=True)
    assert world.said[3:] == [(200, "recovered", PHONE)]


def test_the_step_of_one_subject_in_a_message_of_a_storm_is_no_step_of_the_others() -> None:
    """Simulation, seed 10433."""
    world = DispatchWorld()
    world.settings(storm_seconds=100, storm_mails=1, storm_texts=9)
    world.contact("Ann", ("email", MAIL), ("sms", PHONE))
    world.policy("texts", text("Ann"), match={"severity": "major"})
    world.policy("mails", mail("Ann"), match={"severity": "major"})
    world.policy("chain", {"escalate": [{"after_seconds": 60, "to": "Ann"}]}, match={"severity": "critical"})
    escalated = world.at(0).raise_alarm("device.down", "olt-1", severity="critical")
    for seconds, device in ((50, "olt-2"), (56, "olt-3")):
        world.run_to(seconds)
        world.raise_alarm("device.down", device, severity="major")
    world.run_to(90)
    storm = world.sent[-1]
    assert (storm.kind, storm.step, storm.facts["count"]) == ("storm", 1, 2)
    for each in world.sent:
        if each.channel == "sms":
            world.arrives(each)
    before = len(world.sent)
    world.fails(storm, dead=True)
    (follower,) = world.sent[before:]
    assert (follower.address, follower.alarm_ids) == (PHONE, (escalated,))
