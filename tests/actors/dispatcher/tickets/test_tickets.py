"""One ticket for each cause: wanted, opened, followed, closed, opened again. Times in seconds."""

from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.sla import plant
from vocabulary.ticket_world import TICKET, TicketWorld

from actors.dispatcher.causes.intake import take_alarm
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.stage import Dispatcher
from protocols.alarm import Alarm, Suppression
from protocols.command import Acknowledge, Edit, Edited, Resolve
from protocols.dispatch.actions import ChangeTicket
from protocols.event import Event
from protocols.sla.local_time import instant_at
from protocols.topology import Node

ONT = "olt-1/1/1/1"
OTHER = "olt-1/1/1/2"


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> TicketWorld:
    world = TicketWorld(nodes=plant())
    world.restarts = request.param
    return world


def lives(world: TicketWorld) -> list[tuple[str, str, str]]:
    """Key, state and subject's resource of every ticket."""
    found: list[tuple[str, str, str]] = []
    for each in world.tickets:
        alarm = world.get(each.subject.removeprefix("alarm:"))
        found.append((each.key, each.state, alarm.resource_id))
    return found


def test_a_cause_gets_a_ticket_with_the_end_of_its_hold_that_is_closed_with_it(world: TicketWorld) -> None:
    world.policy("tickets", TICKET, match={"severity": "critical"})
    world.at(0).network("device.down", "olt-1")
    world.run_to(4)
    assert world.tickets == []
    world.run_to(6)
    alarm = world.alarms[0]
    ticket = world.ticket
    assert (ticket.state, ticket.subject, ticket.alarm_ids) == ("wanted", f"alarm:{alarm.id}", (alarm.id,))
    assert (ticket.priority, ticket.team, ticket.category) == ("high", "access", "device.down")
    assert (ticket.title, ticket.circuits) == (alarm.title, ("svc-1", "svc-2", "svc-3", "svc-4"))
    assert ticket.metadata == {
        "alarm_id": alarm.id,
        "alarm_correlation_id": alarm.correlation_id or "",
        "sla_breach_id": "",
        "affected_subscribers": 4,
    }
    assert [each[:2] for each in world.desk()] == [("D1", "create")]
    assert (world.ticket.state, world.ticket.key, world.alarms[0].ticket_id) == ("open", "D1", "D1")
    world.at(60).network("device.up", "olt-1")
    assert [each[:2] for each in world.desk()] == [("D1", "close")]
    assert (world.ticket.state, world.ticket.closed_at) == ("closed", world.now)
    assert world.actions(alarm.id)[-1] == "ticket_changed"
    world.run_to(100_000)
    assert not world.dispatch.tickets
    assert not any(world.dispatch.timers.due.values())


def test_several_policies_want_one_ticket_of_the_highest_priority_and_the_first_team(world: TicketWorld) -> None:
    world.policy("a", {"ticket": {"priority": "low", "team": "north"}})
    world.policy("b", {"ticket": {"priority": "critical", "team": "south", "close": False, "resolve_alarm": True}})
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    ticket = world.ticket
    assert (ticket.priority, ticket.team, ticket.closes, ticket.resolves_alarm) == ("critical", "north", False, True)
    assert [each[1] for each in world.desk()] == ["create", "priority"]


@pytest.mark.parametrize(
    ("severity", "customers", "priority"),
    [
        ("critical", 9, "high"),
        ("critical", 10, "critical"),
        ("major", 9, "medium"),
        ("major", 10, "high"),
        ("minor", 0, "low"),
        ("minor", 10, "medium"),
    ],
)
def test_the_priority_follows_from_severity_and_customers(severity: Any, customers: int, priority: str) -> None:
    world = TicketWorld()
    world.policy("tickets", TICKET)
    world.at(0).raise_alarm("ont.los", "x", severity=severity, subscriber_count=customers)
    world.run_to(10)
    assert world.ticket.priority == priority


def test_the_priority_follows_the_severity_both_ways_unless_the_policy_names_it(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    alarm = world.at(0).raise_alarm("ont.los", ONT, severity="major")
    world.run_to(6)
    world.desk()
    for severity, priority in (("critical", "high"), ("minor", "low")):
        world.command(Edit(Edited(severity=severity)), alarm)  # type: ignore[arg-type]
        ((_, kind, text),) = world.desk()
        assert (kind, world.ticket.priority) == ("priority", priority)
        assert severity in text


def test_a_clear_leaves_the_ticket_open_where_the_policy_says_so(world: TicketWorld) -> None:
    world.policy("tickets", {"ticket": {"close": False}})
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    world.desk()
    world.network("device.up", "olt-1")
    assert [each[1] for each in world.desk()] == ["comment"]
    assert world.ticket.state == "open"
    world.run_to(200_000)
    assert list(world.dispatch.tickets) == [world.ticket.id]
    world.person(world.ticket, state="closed")
    assert not world.dispatch.tickets


def test_a_new_raise_of_the_same_alarm_opens_its_ticket_again(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    for start in (0, 40):
        world.at(start).network("device.down", "olt-1")
        world.run_to(start + 10)
        world.desk()
        world.network("device.up", "olt-1")
        world.desk()
    assert len(world.alarms) == 1
    assert (world.ticket.state, world.actions(world.alarm.id).count("ticket_changed")) == ("closed", 3)


def test_a_new_alarm_never_touches_an_old_closed_ticket(world: TicketWorld) -> None:
    """operations.md C 3: the open one of two with the same cause is closed, the old one stays as it is."""
    world.policy("tickets", TICKET)
    first = world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(6)
    world.desk()
    world.command(Resolve(), first)
    world.desk()
    old = world.ticket
    world.run_to(10)
    second = world.raise_alarm("ont.los", ONT)
    world.run_to(20)
    assert second != first
    assert [each[:2] for each in world.desk()] == [("D2", "create")]
    world.clear_alarm(second)
    assert [each[:2] for each in world.desk()] == [("D2", "close")]
    assert world.tickets[0] == old


def test_a_consequence_gives_its_ticket_to_the_cause_that_has_none(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(10)
    world.desk()
    world.network("device.down", "olt-1")
    world.run_to(12)
    assert lives(world) == [("D1", "open", ONT)]
    world.run_to(16)
    assert lives(world) == [("D1", "open", "olt-1")]
    assert [each[1] for each in world.desk()] == ["link", "priority"]
    world.run_to(200)
    kinds = [(kind, text) for _, kind, text in world.desk()]
    assert kinds == [("circuits", "Affected too: svc-2, svc-3, svc-4\n4 circuits, 4 customers affected")]
    assert {each.ticket_id for each in world.alarms} == {"D1"}
    world.network("device.up", "olt-1")
    assert [each[1] for each in world.desk()] == ["close"]


def test_the_ticket_of_a_consequence_goes_on_as_part_of_that_of_its_cause(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    cause = world.at(0).raise_alarm("power.outage", "site-9", "site")
    child = world.raise_alarm("ups.alarm", "ups-1", "ups", service_ids=("ups",))
    world.run_to(10)
    world.desk()
    merge(world, child, cause)
    (whole, part) = world.tickets
    assert part.tasks[0].related == whole.id
    done = world.desk()
    assert [each[:2] for each in done] == [("D2", "close")]
    assert done[0][2].startswith("Goes on as part of ticket D1: the cause is alarm A")
    world.run_to(70)
    ((key, kind, text),) = world.desk()
    assert (key, kind) == ("D1", "circuits")
    assert text.splitlines()[:2] == ["Affected too: ups", "1 circuit, 0 customers affected"]
    assert world.get(child).ticket_id == "D1"
    merge(world, child, None)
    world.run_to(200)
    assert [each[:2] for each in world.desk()] == [("D1", "circuits"), ("D2", "reopen")]
    assert world.get(child).ticket_id == "D2"


def test_a_chain_of_causes_has_one_ticket(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    a, b, c = (world.at(0).raise_alarm("power.outage", f"site-{each}", "site") for each in "abc")
    world.run_to(10)
    world.desk()
    merge(world, c, b)
    merge(world, b, a)
    world.run_to(100)
    world.desk()
    assert [each.state for each in world.tickets] == ["open", "closed", "closed"]
    assert set(world.tickets[0].alarm_ids) == {a, b, c}
    assert {each.ticket_id for each in world.alarms} == {"D1"}
    merge(world, b, None)
    world.run_to(300)
    world.desk()
    assert [each.state for each in world.tickets] == ["open", "open", "closed"]
    assert world.tickets[0].alarm_ids == (a,)
    assert world.tickets[1].alarm_ids == (b, c)


def test_a_split_cause_gets_its_own_ticket_a_minute_later(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    child = world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(10)
    world.network("device.down", "olt-1")
    world.run_to(100)
    world.desk()
    assert [each.subject for each in world.tickets] == [f"alarm:{world.get(child).parent_alarm_id}"]
    world.network("device.up", "olt-1")
    assert [each[:2] for each in world.desk()] == [("D1", "close")]
    while world.get(child).parent_alarm_id is not None:
        world.run_to(world.seconds + 1)
    stands_alone = world.seconds
    world.run_to(stands_alone + 58)
    assert world.desk() == []
    world.run_to(stands_alone + 61)
    assert [each[:2] for each in world.desk()] == [("D2", "create")]
    assert world.get(child).ticket_id == "D2"
    world.clear_alarm(child)
    assert [each[:2] for each in world.desk()] == [("D2", "close")]


def test_circuits_that_come_and_go_are_one_comment_a_minute(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    alarm = world.at(0).raise_alarm("ont.los", "x", service_ids=("a",), subscriber_count=1)
    world.run_to(6)
    world.desk()
    for seconds, services in ((10, ("a", "b")), (20, ("a", "b", "c")), (30, ("b", "c"))):
        world.at(seconds)
        affect(world, alarm, services)
    assert world.desk() == []
    world.run_to(66)
    assert world.desk() == [
        ("D1", "circuits", "Affected too: b, c\nNo longer affected: a\n2 circuits, 1 customer affected"),
    ]
    affect(world, alarm, ("b",))
    assert world.desk() == []
    world.run_to(127)
    assert [each[2] for each in world.desk()] == ["No longer affected: c\n1 circuit, 1 customer affected"]
    world.run_to(400)
    affect(world, alarm, ("b", "d"))
    assert len(world.desk()) == 1


def affect(world: TicketWorld, alarm_id: str, services: tuple[str, ...]) -> None:
    """The alarm affects these services from now on."""
    take(world, replace(known(world, alarm_id), affected_services=services))


def merge(world: TicketWorld, alarm_id: str, cause: str | None) -> None:
    """Another cause explains the alarm from now on; None: no other."""
    held = () if cause is None else (Suppression(kind="parent", by=cause, since=world.now),)
    take(world, replace(known(world, alarm_id), parent_alarm_id=cause, suppressed_by=held))


def known(world: TicketWorld, alarm_id: str) -> Alarm:
    alarm = world.dispatch.subjects[f"alarm:{alarm_id}"].alarm
    assert alarm is not None
    return alarm


def take(world: TicketWorld, alarm: Alarm) -> None:
    """Give the stage an alarm as the correlator would."""
    world.state.alarms[alarm.id] = alarm
    run = DispatchRun(world.dispatch, world.offset, world.now, instant_at(world.now))
    take_alarm(run, alarm)
    world.history += run.changes


def test_what_a_person_does_in_the_desk_is_taken_over_once(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    world.desk()
    world.person(world.ticket, key="77", url="https://desk.example/77", state="merged", remote_id="r1")
    assert (world.ticket.state, world.ticket.key, world.alarms[0].ticket_id) == ("merged", "77", "77")
    revision = world.ticket.revision
    world.person(world.ticket, key="78", state="merged", remote_id="r1")
    assert (world.ticket.key, world.ticket.revision) == ("77", revision)
    world.network("device.up", "olt-1")
    assert [each[1] for each in world.desk()] == ["comment"]
    assert world.ticket.state == "merged"


def test_a_ticket_that_a_person_closed_stays_closed_until_the_alarm_is_raised_again(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    alarm = world.at(0).raise_alarm("ont.los", ONT, severity="major")
    world.run_to(6)
    world.desk()
    world.person(world.ticket, state="closed")
    world.command(Edit(Edited(severity="critical")), alarm)
    assert world.desk() == []
    assert any("was closed, and stays so" in each for each in world.notes)
    world.clear_alarm(alarm)
    world.run_to(10)
    assert world.raise_alarm("ont.los", ONT) == alarm
    world.run_to(20)
    assert [each[1] for each in world.desk()] == ["reopen"]


def test_closing_the_ticket_resolves_the_alarm_where_the_policy_says_so(world: TicketWorld) -> None:
    world.policy("tickets", {"ticket": {"resolve_alarm": True}})
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    world.desk()
    world.person(world.ticket, state="closed")
    asked: list[Event] = []
    dispatcher = Dispatcher()
    dispatcher.state = world.dispatch

    def take(events: list[Event]) -> bool:
        asked.extend(events)
        return True

    dispatcher.report(lambda _events: False)
    dispatcher.report(take)
    dispatcher.report(take)
    (command,) = asked
    world(command)
    dispatcher.state = world.dispatch
    alarm = world.alarms[0]
    assert (alarm.status, alarm.resolved_by) == ("resolved", "bob")
    assert not world.dispatch.resolving
    dispatcher.report(take)
    assert len(asked) == 1


def test_an_operator_closes_opens_comments_and_tries_again(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    name = world.ticket.id
    world.refuses(world.ticket)
    assert (world.ticket.tasks[0].attempts, world.ticket.tasks[0].error) == (1, "503 Service Unavailable")
    world.refuses(world.ticket, dead=True, attempts=9)
    assert world.ticket.tasks[0].dead
    assert world.command(ChangeTicket(ticket_id=name, retry=True)).accepted == (name,)
    assert (world.ticket.tasks[0].dead, world.ticket.tasks[0].attempts) == (False, 0)
    assert world.command(ChangeTicket(ticket_id=name, retry=True)).refusals[0].reason == "wrong_state"
    world.desk()
    world.command(ChangeTicket(ticket_id=name, comment="splicing"))
    assert world.desk() == [("D1", "comment", "ada: splicing")]
    world.command(ChangeTicket(ticket_id=name, state="closed"))
    assert world.command(ChangeTicket(ticket_id=name, state="closed")).refusals[0].reason == "wrong_state"
    assert world.desk() == [("D1", "close", "Closed by ada")]
    world.command(ChangeTicket(ticket_id=name, state="open", comment="not yet"))
    assert world.desk() == [("D1", "reopen", "ada: not yet")]
    assert world.ticket.state == "open"
    assert world.command(ChangeTicket(ticket_id=name, state="merged")).refusals[0].reason == "invalid"
    assert world.command(ChangeTicket(ticket_id="TK0", state="closed")).refusals[0].reason == "unknown_ticket"


def test_an_acknowledged_cause_keeps_its_ticket(world: TicketWorld) -> None:
    world.policy("tickets", TICKET)
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    world.command(Acknowledge(), world.alarms[0].id)
    world.run_to(100)
    assert [each[1] for each in world.desk()] == ["create"]


def test_a_feeder_cut_of_128_customers_is_one_ticket_and_one_page(world: TicketWorld) -> None:
    nodes = [Node(id="olt-9", type="olt"), Node(id="olt-9/1", type="pon", parents=("olt-9",))]
    for number in range(128):
        ont = f"olt-9/1/{number}"
        nodes.append(Node(id=ont, type="ont", parents=("olt-9/1",), customer_id=f"c{number}"))
        nodes.append(Node(id=f"svc-9-{number}", type="service", parents=(ont,), service_id=f"svc-9-{number}"))
    world.begin(nodes=nodes)
    world.policy("tickets", TICKET)
    world.policy("chain", {"escalate": [{"after_seconds": 60, "to": "noc@example.net"}]})
    for number in range(128):
        world.raise_alarm("ont.los", f"olt-9/1/{number}")
    world.at(3).network("device.down", "olt-9")
    world.run_to(400)
    ticket = world.ticket
    assert (ticket.priority, len(ticket.circuits), ticket.affected_subscribers) == ("critical", 128, 128)
    world.network("device.up", "olt-9")
    assert [each[1] for each in world.desk()] == ["create", "close"]
    assert [each[1] for each in world.said] == ["escalated", "recovered"]
