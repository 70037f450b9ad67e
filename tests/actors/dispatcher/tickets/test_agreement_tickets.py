"""Tickets of service level agreements: at risk, then breached, beside the ticket of the cause. Times in seconds."""

from typing import Any

import pytest
from vocabulary.agreement_world import AgreementWorld
from vocabulary.ticket_world import TICKET

SLA: dict[str, Any] = {
    "match": {"subject": "sla"},
    "routes": [
        {"match": {"kind": "at_risk"}, "actions": [{"ticket": {"priority": "high", "category": "sla_at_risk"}}]},
        {"match": {"kind": "breach_opened"}, "actions": [{"ticket": {"priority": "critical", "category": "sla_breach"}}]},
    ],
}


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> AgreementWorld:
    world = AgreementWorld()
    world.restarts = request.param
    return world


def test_risk_gets_a_ticket_that_the_breach_raises_and_the_alarm_keeps_its_own(world: AgreementWorld) -> None:
    world.policy("tickets", TICKET, match={"subject": "alarm"})
    world.policy("agreements", **SLA)
    instance = world.serve(world.define(), "svc-1", customer_name="Acme")
    world.at(100).network("device.down", "olt-1")
    world.run_to(110)
    assert [each[:2] for each in world.desk()] == [("D1", "create")]
    while len(world.tickets) == 1 and world.seconds < 4000:
        world.run_to(world.seconds + 1)
    risk = world.tickets[1]
    assert (risk.subject, risk.priority, risk.category) == (f"sla:{instance.id}", "high", "sla_at_risk")
    assert (risk.circuits, risk.customer_id, risk.sla_breach_id) == (("svc-1",), "c-svc-1", "")
    world.run_to(4000)
    kinds = [each[:2] for each in world.desk()]
    assert kinds == [("D2", "create"), ("D2", "link"), ("D2", "circuits"), ("D2", "priority")]
    (breach_id,) = world.breaches
    breached = world.tickets[1]
    assert (breached.priority, breached.sla_breach_id, breached.state) == ("critical", breach_id, "open")
    assert breached.metadata["sla_breach_id"] == breach_id
    assert breached.alarm_ids == (world.alarms[0].id,)
    assert world.alarms[0].ticket_id == "D1"
    assert world.actions(world.alarms[0].id).count("ticket_opened") == 2
    world.network("device.up", "olt-1")
    assert sorted(each[:2] for each in world.desk()) == [("D1", "close"), ("D2", "close")]


def test_a_breach_without_a_risk_before_gets_a_ticket_of_its_own(world: AgreementWorld) -> None:
    world.policy("agreements", **{**SLA, "routes": SLA["routes"][1:]})
    world.serve(world.define(), "svc-1")
    world.at(100).network("device.down", "olt-1")
    world.run_to(4000)
    (breach_id,) = world.breaches
    ticket = world.ticket
    assert (ticket.priority, ticket.category, ticket.sla_breach_id) == ("critical", "sla_breach", breach_id)
    assert ticket.metadata["sla_breach_id"] == breach_id
    assert [each[1] for each in world.desk()] == ["create"]
