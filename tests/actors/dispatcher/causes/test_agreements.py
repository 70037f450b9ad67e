"""Service level agreements and planned maintenance, told to account managers, billing and customers. Times in seconds."""

from typing import Any

import pytest
from vocabulary.agreement_world import AgreementWorld
from vocabulary.sla import plan_window
from vocabulary.world import ADMIN, moment

from actors.dispatcher.messages.facts import OF_CUSTOMERS
from protocols.command import CancelWindow, PatchWindow
from protocols.maintenance import PlanChanges

EVE = "eve@example.net"
MANAGERS: dict[str, Any] = {"channel": "email", "to": "account_manager"}
BILLING: dict[str, Any] = {"channel": "webhook", "to": "erp"}


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> AgreementWorld:
    world = AgreementWorld()
    world.restarts = request.param
    world.contact("Eve", ("email", EVE))
    return world


def test_the_account_manager_hears_of_risk_breach_and_its_end(world: AgreementWorld) -> None:
    world.policy("managers", MANAGERS, match={"subject": "sla"})
    instance = world.serve(world.define(), "svc-1", account_manager="Eve", customer_name="Acme")
    world.at(100).network("device.down", "olt-1")
    world.run_to(4000)
    world.network("device.up", "olt-1")
    kinds = [(each.kind, each.address) for each in world.sent]
    assert kinds == [("at_risk", EVE), ("breach_opened", EVE), ("breach_resolved", EVE)]
    opened = world.sent[1]
    assert (opened.instance_id, opened.breach_id) == (instance.id, next(iter(world.breaches)))
    assert "svc-1 of Acme" in opened.facts["causes"][0]["title"]
    assert opened.thread == world.sent[0].id


def test_policies_match_the_service_type_and_the_class_of_the_definition(world: AgreementWorld) -> None:
    world.policy("business", MANAGERS, match={"subject": "sla", "service_type": "business", "customer_tier": "gold"})
    world.policy("others", BILLING, match={"subject": "sla", "service_type": {"not": "business"}})
    definition = world.define(service_type="business", sla_class="gold")
    world.serve(definition, "svc-1", account_manager="Eve")
    world.at(100).network("device.down", "olt-1")
    world.run_to(4000)
    assert [(each.kind, each.address) for each in world.sent] == [("at_risk", EVE), ("breach_opened", EVE)]


def test_who_was_warned_hears_that_the_risk_is_over(world: AgreementWorld) -> None:
    world.policy("managers", MANAGERS, match={"subject": "sla"})
    world.serve(world.define(), "svc-1", account_manager="Eve")
    world.at(100).network("device.down", "olt-1")
    world.run_to(100 + 2400)
    world.network("device.up", "olt-1")
    world.run_to(31 * 86_400)
    assert [each.kind for each in world.sent] == ["at_risk", "recovered"]


def test_a_breach_that_is_over_when_it_is_found_is_told_once(world: AgreementWorld) -> None:
    world.policy("managers", MANAGERS, match={"subject": "sla"}, group_wait=60)
    world.serve(world.define(), "svc-1", account_manager="Eve")
    first = world.at(86_400 * 31 - 3 * 3600 - 3000).now
    world.run_to(86_400 * 31)
    world.network("device.down", "olt-1", at=first)
    world.network("device.up", "olt-1", at=first.replace(minute=59))
    world.run_to(86_400 * 31 + 200)
    assert [each.kind for each in world.sent if each.kind.startswith("breach")] == ["breach_opened"]


def test_a_customer_is_told_of_a_cause_nothing_about_other_customers(world: AgreementWorld) -> None:
    world.contact("Customer 1", ("email", "c1@example.net"), customer_id="c-svc-1", time_zone="Europe/Berlin")
    world.contact("NOC", ("email", "noc@example.net"))
    world.policy(
        "customers", {"channel": "email", "to": "customer"}, {"channel": "email", "to": "NOC"}, match={"subject": "alarm"}
    )
    world.at(100).network("device.down", "olt-1")
    world.run_to(200)
    told = {each.address: each for each in world.sent}
    assert {"c-svc-1", "c-svc-2"} <= set(told["noc@example.net"].facts["causes"][0]["customers"])
    of_customer = told["c1@example.net"]
    assert (of_customer.customer_id, of_customer.facts["time_zone"]) == ("c-svc-1", "Europe/Berlin")
    assert set(of_customer.facts["causes"][0]) <= set(OF_CUSTOMERS)
    assert "c-svc-2" not in str(of_customer.facts)


def test_customers_hear_of_planned_work_two_days_ahead_and_of_its_end_before_it_began(world: AgreementWorld) -> None:
    world.contact("Customer 1", ("email", "c1@example.net"), customer_id="c-svc-1")
    world.contact("Customer 3", ("email", "c3@example.net"), customer_id="c-svc-3")
    world.policy("customers", {"channel": "email", "to": "customer"}, match={"subject": "maintenance"})
    window = plan_window(world, 5 * 86_400, 5 * 86_400 + 3600, "olt-1/1/1")
    world.run_to(3 * 86_400 - 1)
    assert world.said == []
    world.run_to(3 * 86_400 + 5000)
    assert world.said == [(3 * 86_400, "maintenance", "c1@example.net")]
    world.command(PatchWindow(window, PlanChanges(start=moment(4 * 86_400 + 7200))), by=ADMIN)
    assert [each.facts["causes"][0]["state"] for each in world.sent[1:]] == ["ended", "open"]
    world.run_to(4 * 86_400)
    world.command(CancelWindow(window), by=ADMIN)
    assert world.sent[-1].facts["causes"][0]["state"] == "ended"
    assert "cancelled" in world.sent[-1].reason
    assert {each.address for each in world.sent} == {"c1@example.net"}
    world.run_to(10 * 86_400)
    assert len(world.sent) == 4
    assert not world.dispatch.windows
