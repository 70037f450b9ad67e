"""Service level agreements: the ticket of their cause stands for them. Times in seconds."""

from typing import Any

import pytest
from vocabulary.agreement_world import AgreementWorld
from vocabulary.sla import plan_window
from vocabulary.ticket_world import TICKET

from actors.dispatcher.causes.agreements import take_agreement_request
from actors.dispatcher.run import DispatchRun
from protocols.change import Change
from protocols.dispatch.changes import DispatchNoted
from protocols.sla.changes import SlaNoticeKind, SlaNotificationRequested
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import instant_at
from protocols.topology import Node

SLA: dict[str, Any] = {
    "match": {"subject": "sla"},
    "routes": [
        {"match": {"kind": "at_risk"}, "actions": [{"ticket": {"priority": "high", "category": "sla_at_risk"}}]},
        {"match": {"kind": "breach_opened"}, "actions": [{"ticket": {"priority": "critical", "category": "sla_breach"}}]},
    ],
}
VERY_TIGHT = 999_999_000
"""A budget of 2.7 s a month."""


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> AgreementWorld:
    world = AgreementWorld()
    world.restarts = request.param
    return world


def notes(world: AgreementWorld) -> list[str]:
    return [each.text for each in _noted(world.history)]


def _noted(changes: list[Change]) -> list[DispatchNoted]:
    return [each for each in changes if isinstance(each, DispatchNoted)]


def request(world: AgreementWorld, instance: SlaInstance, kind: SlaNoticeKind, **fields: Any) -> None:
    """The SLA clock requests that people hear of an instance."""
    wanted = SlaNotificationRequested(
        offset=world.offset,
        number=0,
        at=world.now,
        tenant_id="t",
        kind=kind,
        instance_id=instance.id,
        customer_id=instance.customer_id,
        service_id=instance.service_id,
        reason="budget",
        **fields,
    )
    run = DispatchRun(world.dispatch, world.offset, world.now, instant_at(world.now))
    take_agreement_request(run, wanted)
    world.history += run.changes


def until_risk(world: AgreementWorld) -> None:
    """Until the first agreement is at risk."""
    while not any(each.startswith("sla:") for each in world.dispatch.subjects):
        assert world.seconds < 4000
        world.run_to(world.seconds + 1)


def test_the_ticket_of_the_cause_stands_for_an_agreement_at_risk_and_for_its_breach(world: AgreementWorld) -> None:
    world.policy("tickets", {"ticket": {"priority": "low"}}, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    world.serve(world.define(), "svc-1", customer_name="Acme")
    world.at(100).network("device.down", "olt-1")
    world.run_to(110)
    assert [each[:2] for each in world.desk()] == [("D1", "create")]
    until_risk(world)
    risk = world.ticket
    assert (risk.subject, risk.priority, risk.sla_breach_id) == (f"alarm:{world.alarms[0].id}", "high", "")
    assert [each[1:] for each in world.desk()] == [
        ("priority", "Priority high, was low: service level agreement at risk: svc-1 of Acme"),
        ("link", "Service level agreements at risk: svc-1 of Acme"),
    ]
    world.run_to(4000)
    (breach_id,) = world.breaches
    breached = world.ticket
    assert (breached.priority, breached.sla_breach_id, breached.state) == ("critical", breach_id, "open")
    assert breached.metadata["sla_breach_id"] == breach_id
    assert breached.alarm_ids == (world.alarms[0].id,)
    assert [each[1:] for each in world.desk()] == [
        ("link", "Service level agreements breached: svc-1 of Acme"),
        ("priority", "Priority critical, was high: service level agreement breached: svc-1 of Acme"),
    ]
    assert world.alarms[0].ticket_id == "D1"
    assert world.actions(world.alarms[0].id).count("ticket_opened") == 1
    name = f"ticket D1 of its cause alarm {world.alarms[0].alarm_id} stands for it"
    assert notes(world).count(f"no ticket of its own: {name}") == 2
    world.network("device.up", "olt-1")
    assert [each[:2] for each in world.desk()] == [("D1", "close")]
    world.run_to(world.seconds + 300_000)
    assert not world.dispatch.tickets
    assert not world.dispatch.tickets_for


def test_a_cause_for_which_no_policy_wants_a_ticket_gets_one_for_the_sake_of_the_agreement(world: AgreementWorld) -> None:
    world.policy("agreements", **{**SLA, "routes": SLA["routes"][1:]})
    world.serve(world.define(), "svc-1")
    world.at(100).network("device.down", "olt-1")
    world.run_to(4000)
    (breach_id,) = world.breaches
    ticket = world.ticket
    assert (ticket.subject, ticket.priority, ticket.sla_breach_id) == (f"alarm:{world.alarms[0].id}", "critical", breach_id)
    assert (ticket.category, ticket.metadata["sla_breach_id"]) == ("device.down", breach_id)
    assert [each[1] for each in world.desk()] == ["create", "link"]
    assert any("for the sake of a service level agreement" in each for each in notes(world))


def test_all_agreements_below_one_cut_have_one_ticket_that_names_twenty_and_the_number_of_the_rest() -> None:
    nodes = [Node(id="olt-1", type="olt", address="192.0.2.1")]
    for number in range(128):
        nodes.append(Node(id=f"ont-{number}", type="ont", parents=("olt-1",), customer_id=f"c-{number}"))
        nodes.append(Node(id=f"svc-{number}", type="service", parents=(f"ont-{number}",), service_id=f"svc-{number}"))
    world = AgreementWorld(nodes=nodes)
    world.policy("tickets", TICKET, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    definition = world.define()
    for number in range(128):
        world.serve(definition, f"svc-{number}")
    world.at(100).network("device.down", "olt-1")
    world.run_to(4000)
    assert len(world.breaches) == 128
    assert (world.ticket.priority, world.ticket.sla_breach_id in world.breaches) == ("critical", True)
    lines = [line for _, _, text in world.desk() for line in text.splitlines() if line.startswith("Service level")]
    assert len(lines) == 4
    for first, rest in (lines[:2], lines[2:]):
        assert first.count(",") == 0
        assert (rest.count(","), rest.endswith(" and 107 others")) == (19, True)


def test_an_agreement_whose_cause_is_still_held_waits_for_its_ticket(world: AgreementWorld) -> None:
    """The breach comes within the five seconds of the hold."""
    world.policy("tickets", TICKET, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    definition = world.define(availability_target=VERY_TIGHT)
    world.serve(definition, "svc-1")
    world.at(100).network("device.down", "olt-1")
    world.run_to(104)
    assert len(world.breaches) == 1
    assert world.tickets == []
    world.run_to(110)
    assert (world.ticket.subject, world.ticket.priority) == (f"alarm:{world.alarms[0].id}", "critical")
    assert world.ticket.sla_breach_id in world.breaches
    world.run_to(300)
    assert len(world.tickets) == 1
    assert not world.dispatch.tickets_for


def test_a_cause_that_never_becomes_a_subject_leaves_the_agreement_its_own_ticket(world: AgreementWorld) -> None:
    """A maintenance window holds back the cause, and not the breach of an agreement that does not exclude it."""
    world.policy("tickets", TICKET, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    world.serve(world.define(availability_target=VERY_TIGHT, exclude_maintenance=False), "svc-1")
    plan_window(world, 50, 5000, "olt-1")
    world.run_to(60)
    world.at(100).network("device.down", "olt-1")
    world.run_to(110)
    assert len(world.breaches) == 1
    assert world.tickets == []
    world.run_to(200)
    assert world.ticket.subject.startswith("sla:")
    world.desk()
    world.run_to(5100)
    assert [each[:2] for each in world.desk()] == [("D1", "close"), ("D2", "create"), ("D2", "link")]
    assert [(each.state, each.subject.split(":")[0]) for each in world.tickets] == [("closed", "sla"), ("open", "alarm")]
    assert world.tickets[1].sla_breach_id in world.breaches
    world.network("device.up", "olt-1")
    world.desk()
    assert {each.state for each in world.tickets} == {"closed"}
    world.run_to(world.seconds + 300_000)
    assert not world.dispatch.tickets
    assert not world.dispatch.tickets_for


def test_an_agreement_whose_cause_is_unknown_keeps_a_ticket_of_its_own(world: AgreementWorld) -> None:
    world.policy("agreements", **SLA)
    instance = world.serve(world.define(), "svc-1")
    request(world, instance, "at_risk")
    request(world, instance, "breach_opened", breach_id="SB1")
    ticket = world.ticket
    assert (ticket.subject, ticket.priority, ticket.sla_breach_id) == (f"sla:{instance.id}", "critical", "SB1")
    assert [each[1] for each in world.desk()] == ["create", "link", "priority"]


def test_the_end_of_the_cause_while_the_breach_lasts_opens_no_new_ticket(world: AgreementWorld) -> None:
    world.policy("tickets", TICKET, match={"subject": "alarm"})
    world.policy("agreements", SLA["routes"][1]["actions"][0], match={"subject": "sla"})
    instance = world.serve(world.define(), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", "x")
    world.run_to(10)
    request(world, instance, "breach_opened", breach_id="SB1", alarm_id=alarm)
    world.desk()
    world.clear_alarm(alarm)
    world.desk()
    request(world, instance, "escalation", breach_id="SB1", alarm_id=alarm)
    world.run_to(4000)
    assert world.dispatch.subjects[f"sla:{instance.id}"].state == "open"
    assert (world.ticket.state, world.ticket.sla_breach_id) == ("closed", "SB1")
    assert any("which is over, stood for it" in each for each in notes(world))
    request(world, instance, "breach_opened", breach_id="SB2", alarm_id=alarm)
    assert [each.subject.split(":")[0] for each in world.tickets] == ["alarm", "sla"]


def test_a_ticket_that_a_person_closed_stays_closed_when_an_agreement_breaks(world: AgreementWorld) -> None:
    world.policy("tickets", TICKET, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    world.serve(world.define(), "svc-1")
    world.at(100).network("device.down", "olt-1")
    world.run_to(110)
    world.desk()
    world.person(world.ticket, state="closed")
    world.run_to(4000)
    assert len(world.breaches) == 1
    assert world.ticket.state == "closed"
    assert any("was closed, and stays so" in each for each in notes(world))


def test_an_agreement_that_is_over_is_said_in_the_ticket_of_a_cause_that_lasts(world: AgreementWorld) -> None:
    world.policy("tickets", {"ticket": {"priority": "low"}}, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    instance = world.serve(world.define(), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", "x")
    world.run_to(10)
    request(world, instance, "breach_opened", breach_id="SB1", alarm_id=alarm)
    world.desk()
    request(world, instance, "breach_resolved", breach_id="SB1", alarm_id=alarm)
    world.run_to(200)
    assert [each[1:] for each in world.desk()] == [
        ("link", "No longer at risk or breached: svc-1 of c-svc-1"),
        ("priority", "Priority low, was critical: severity major, 0 customers affected"),
    ]


def test_a_merge_of_the_cause_takes_its_agreements_along(world: AgreementWorld) -> None:
    world.policy("tickets", TICKET, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    instance = world.serve(world.define(), "svc-1")
    low = world.at(0).raise_alarm("ont.los", "olt-1/1/1/1", "ont")
    world.run_to(10)
    request(world, instance, "breach_opened", breach_id="SB1", alarm_id=low)
    world.desk()
    world.raise_alarm("device.down", "olt-1", "olt", severity="critical")
    world.run_to(200)
    world.desk()
    open_now = [each for each in world.tickets if each.state == "open"]
    assert len(open_now) == 1
    assert (open_now[0].priority, open_now[0].sla_breach_id) == ("critical", "SB1")
