"""The invariants of dispatch against what an attacker, or a bad night, would try; each expectation is worked out by hand. Times
in seconds; the hold is 5."""

from datetime import UTC, date, datetime

import pytest
from vocabulary.dispatch_world import mail
from vocabulary.sla import plan_window, plant
from vocabulary.ticket_world import TICKET, TicketWorld
from vocabulary.world import ADMIN, moment

from actors.journal import Journal
from protocols.command import Acknowledge, Edit, Edited, EndWindow, Raise, Resolve, Shelve, Unacknowledge, Unshelve
from protocols.dispatch.rota import RotaLayer, RotaPlan, RotaRecord
from protocols.severity import Severity

NOC = "noc@example.net"
Said = list[tuple[float, str, str]]


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> TicketWorld:
    world = TicketWorld(nodes=plant())
    world.restarts = request.param
    return world


def graded(world: TicketWorld, severity: Severity = "major") -> str:
    """An alarm at second 0; its id."""
    return world.at(0).raise_alarm("power.outage", "site-9", "site", severity=severity)


@pytest.mark.parametrize(
    ("cleared_at", "ticks_first", "expected"),
    [
        (4.999999, False, []),
        (5, False, []),
        (5, True, [(5, "raised", NOC), (5, "recovered", NOC)]),
        (5.000001, True, [(5, "raised", NOC), (5.000001, "recovered", NOC)]),
    ],
    ids=["before", "in the instant, and first", "in the instant, behind the tick", "after"],
)
def test_a_clear_around_the_end_of_the_hold(world: TicketWorld, cleared_at: float, ticks_first: bool, expected: Said) -> None:
    world.policy("all", mail(), TICKET)
    world.at(0).network("device.down", "olt-1")
    if ticks_first:
        world.at(5).tick()
    world.at(cleared_at).network("device.up", "olt-1")
    world.run_to(600)
    assert world.said == expected
    assert len(world.tickets) == bool(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(3, "critical")], [(8, "raised")]),  # another hold, that of the new severity
        ([(3, "minor")], [(5, "raised")]),
        ([(3, "info")], []),
        ([(2, "minor"), (4, "critical")], [(9, "raised")]),
        ([(7, "critical"), (8, "minor"), (9, "critical")], [(5, "raised"), (7, "worsened")]),
        ([(7, "info")], [(5, "raised")]),
    ],
)
def test_severities_that_change_within_the_hold_and_after(
    world: TicketWorld, changes: list[tuple[float, Severity]], expected: list[tuple[float, str]]
) -> None:
    world.policy("all", mail())
    alarm = graded(world)
    for seconds, severity in changes:
        world.run_to(seconds)
        world.command(Edit(Edited(severity=severity)), alarm)
    world.run_to(300)
    assert [each[:2] for each in world.said] == expected
    world.clear_alarm(alarm)
    world.run_to(700)
    assert [each[1] for each in world.said].count("recovered") == bool(expected)


def test_acknowledgements_that_come_and_go_in_one_instant_page_nobody_twice(world: TicketWorld) -> None:
    world.policy("all", mail(), {"escalate": [{"after_seconds": 60, "to": "boss@example.net", "channel": "email"}]})
    alarm = graded(world)
    world.at(5)
    for _ in range(50):
        world.command(Acknowledge(), alarm)
        world.command(Unacknowledge(), alarm)
    world.run_to(40)
    assert world.said == [(5, "raised", NOC)]
    for _ in range(50):
        world.command(Acknowledge(), alarm)
        world.command(Unacknowledge(), alarm)
    world.run_to(100)
    assert world.said[1:] == [(65, "escalated", "boss@example.net")]
    world.command(Acknowledge(), alarm)
    world.clear_alarm(alarm)
    assert sorted(world.said[2:]) == [(100, "recovered", "boss@example.net"), (100, "recovered", NOC)]


def test_a_shelf_and_a_window_one_upon_the_other_hold_back_until_both_are_gone(world: TicketWorld) -> None:
    world.policy("all", mail(), TICKET, match={"subject": "alarm"})
    window = plan_window(world, 3, 5000, "olt-1")
    world.at(0).network("device.down", "olt-1")
    (alarm,) = world.alarms
    world.run_to(4)
    world.command(Shelve(moment(1000)), alarm.id)
    world.run_to(100)
    world.command(EndWindow(window), by=ADMIN)
    world.run_to(500)
    assert world.said == []
    assert world.tickets == []
    world.command(Unshelve(), alarm.id)
    world.run_to(600)
    assert world.said == [(505, "raised", NOC)]
    plan_window(world, 610, 5000, "olt-1")
    world.run_to(700)
    world.command(Shelve(moment(100_000)), alarm.id)
    world.network("device.up", "olt-1")
    world.run_to(6000)
    assert world.said == [(505, "raised", NOC), (700, "recovered", NOC)]
    assert world.ticket.tasks[-1].kind == "close"


def test_the_end_goes_to_whoever_was_on_call_when_it_was_told_and_a_reminder_to_whoever_is(world: TicketWorld) -> None:
    world.contact("Ann", ("email", "ann@example.net"))
    world.contact("Ben", ("email", "ben@example.net"))
    began = datetime(2026, 3, 1, tzinfo=UTC)
    turns = RotaLayer(contacts=("CT1", "CT2"), start=date(2026, 2, 28), rotation="daily", every=1, hand_over="03:10")
    rota = RotaPlan(name="on-call", layers=(turns,))
    record = RotaRecord(id="RO1", plan=rota, created_at=began, updated_at=began, updated_by="x")
    world.dispatch.put_rota(Journal(), "RO1", record)
    world.policy("all", mail("on-call"), repeat_interval=900)
    world.at(0).network("device.down", "olt-1")
    world.run_to(1000)
    world.network("device.up", "olt-1")
    world.run_to(1010)
    ann, ben = "ann@example.net", "ben@example.net"
    assert world.said[:2] == [(5, "raised", ann), (905, "reminder", ben)]
    assert sorted(world.said[2:]) == [(1000, "recovered", ann), (1000, "recovered", ben)]


@pytest.mark.parametrize("over_at", [None, 400])
def test_a_page_in_a_gap_of_the_rota_goes_to_whoever_is_on_call_next(world: TicketWorld, over_at: float | None) -> None:
    """Nobody is on call until 03:10, which is second 600; it is tried every 300 s."""
    world.contact("Ann", ("email", "ann@example.net"))
    began = datetime(2026, 3, 1, tzinfo=UTC)
    rota = RotaPlan(name="on-call", layers=(RotaLayer(contacts=("CT1",), start=date(2026, 3, 1), hand_over="03:10"),))
    record = RotaRecord(id="RO1", plan=rota, created_at=began, updated_at=began, updated_by="x")
    world.dispatch.put_rota(Journal(), "RO1", record)
    world.policy("all", mail("on-call"))
    world.at(0).network("device.down", "olt-1")
    if over_at is not None:
        world.run_to(over_at)
        world.network("device.up", "olt-1")
    world.run_to(2000)
    assert world.said == ([(605, "raised", "ann@example.net")] if over_at is None else [])
    assert len([each for each in world.notes if "nobody is on call" in each]) == 1


@pytest.mark.parametrize("change", ["another person", "disabled", "gone", "contact gone"])
def test_a_reload_between_raise_and_clear_takes_no_end_away(world: TicketWorld, change: str) -> None:
    ann = world.contact("Ann", ("email", "ann@example.net"))
    world.policy("all", mail("Ann"), TICKET)
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    match change:
        case "another person":
            world.policy("all", mail("ben@example.net"))
        case "disabled":
            world.policy("all", mail("Ann"), TICKET, enabled=False)
        case "gone":
            world.drop_policy("all")
        case _:
            world.drop_contact(ann)
    world.run_to(20)
    world.network("device.up", "olt-1")
    world.run_to(600)
    assert world.said == [(5, "raised", "ann@example.net"), (20, "recovered", "ann@example.net")]
    assert world.ticket.tasks[-1].kind == "close"


def test_nothing_goes_through_a_wall_between_tenants(world: TicketWorld) -> None:
    """Alarms here are of the tenant t."""
    world.contact("Eve", ("email", "eve@other.example"), tenant_id="other")
    world.policy("of the other", mail("Eve"), {"ticket": {}}, tenant_id="other")
    world.policy("by name", mail("Eve"))
    world.policy("last", mail(NOC), priority=-1)
    world.policy("first of the other", mail("eve@other.example"), tenant_id="other", priority=9, **{"continue": False})
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    world.network("device.up", "olt-1")
    world.run_to(20)
    assert world.said == [(5, "raised", NOC), (10, "recovered", NOC)]
    assert world.tickets == []


def test_two_thousand_flaps_are_few_messages_one_ticket_and_as_many_ends_as_pages(world: TicketWorld) -> None:
    """10 s down and 10 s up; no rule watches for flapping."""
    world.policy("all", mail(), TICKET, match={"subject": "alarm"})
    for number in range(100 if world.restarts else 2000):
        world.run_to(number * 20)
        world.network("device.down", "olt-1")
        world.run_to(number * 20 + 10)
        world.network("device.up", "olt-1")
    world.run_to(world.seconds + 400)
    raised = sum(each.facts["causes"][0]["state"] == "open" for each in world.sent)
    assert raised == len(world.sent) - raised
    assert len(world.sent) < world.seconds / 20
    assert len(world.tickets) == 1
    assert not [each for each in world.dispatch.subjects.values() if each.told]


def test_an_attached_alarm_that_was_told_is_part_of_its_cause_as_soon_as_that_is_told(world: TicketWorld) -> None:
    """The cause was too small to be told when the alarm was attached to it, and does not suppress it."""
    world.policy("all", mail(), TICKET)
    cause = world.at(0).raise_alarm("power.outage", "site-9", "site", severity="info")
    action = Raise(
        tenant_id="t",
        alarm_type="ups.alarm",
        severity="major",
        title="UPS",
        resource_type="ups",
        resource_id="ups-1",
        parent_alarm_id=cause,
    )
    child = world.command(action).accepted[0]
    world.run_to(20)
    assert world.ticket.subject == f"alarm:{child}"
    world.command(Edit(Edited(severity="critical")), cause)
    world.run_to(60)
    assert [each.subject for each in world.tickets] == [f"alarm:{cause}"]
    assert world.said == [(5, "raised", NOC), (25, "raised", NOC)]
    assert world.sent[1].facts["causes"][0]["explains"] == [world.get(child).alarm_id]
    world.desk()
    world.clear_alarm(cause)
    world.run_to(65)
    assert world.desk()[-1][1] == "close"
    world.run_to(200)
    # It lasts, and stands alone again: it has a ticket of its own.
    assert [each[1] for each in world.desk()] == ["create"]
    world.clear_alarm(child)
    world.run_to(300)
    assert [each[1] for each in world.said[2:]] == ["recovered", "recovered"]
    assert world.dispatch.tickets_for == {}


def test_a_late_acknowledgement_opens_nothing_again(world: TicketWorld) -> None:
    """operations.md C 7: the acknowledgement comes when the alarm is resolved, or has cleared."""
    chain = {"escalate": [{"after_seconds": 60, "to": "boss@example.net", "channel": "email"}]}
    world.policy("all", mail(), TICKET, chain)
    alarm = graded(world)
    world.run_to(20)
    world.desk()
    world.clear_alarm(alarm)
    world.command(Acknowledge(), alarm)
    world.run_to(40)
    world.command(Resolve(), alarm)
    assert world.command(Acknowledge(), alarm).refusals
    world.run_to(2000)
    assert world.said == [(5, "raised", NOC), (20, "recovered", NOC)]
    assert [each[1] for each in world.desk()] == ["close"]
    assert world.dispatch.subjects[f"alarm:{alarm}"].state == "ended"
