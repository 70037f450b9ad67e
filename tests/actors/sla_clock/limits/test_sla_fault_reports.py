"""Fault reports: matched with instances, idempotent, refused in the future. Times in seconds after the start of a World."""

from typing import Any

import pytest
from vocabulary.sla import SlaWorld, us

from protocols.change import Answer
from protocols.principal import Principal
from protocols.sla.actions import ReportFault
from protocols.sla.changes import FaultReported
from protocols.sla.local_time import SECOND


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    world.at(1000)
    return world


def report(world: SlaWorld, customer: str = "c-1", service: str = "", **fields: Any) -> Answer:
    by = fields.pop("by", None)
    return world.command(ReportFault(fields.pop("tenant_id", "t"), customer, service, **fields), by=by)


def test_a_report_concerns_the_customers_services_or_the_one_that_it_names(world: SlaWorld) -> None:
    definition = world.define()
    one = world.serve(definition, "svc-1", customer_id="c-1")
    other = world.serve(definition, "svc-2", customer_id="c-1")
    world.serve(definition, "svc-3", customer_id="c-2")
    world.serve(definition, "svc-4", customer_id="c-1", tenant_id="north")
    (first,) = report(world, text="no line").accepted
    assert world.only(FaultReported).report.instances == (one.id, other.id)
    assert world.only(FaultReported).report.reported_at == us(1000)
    (second,) = report(world, service="svc-2", reported_at=us(900)).accepted
    assert world.only(FaultReported).report.instances == (other.id,)
    assert world.sla.reports_of == {one.id: (first,), other.id: (first, second)}


def test_a_report_that_matches_no_contract_is_kept_with_a_warning(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1", customer_id="c-1", end=us(500))
    answer = report(world, service="svc-1")
    assert answer.accepted
    assert answer.warnings == ("no SLA instance of customer 'c-1' with service 'svc-1'",)
    assert world.only(FaultReported).report.instances == ()


def test_the_same_key_makes_one_report(world: SlaWorld) -> None:
    first = report(world, text="no line", key="k1")
    again = report(world, text="no line", key="k1")
    assert (again.accepted, again.duplicate) == (first.accepted, True)
    assert len(world.sla.reports) == 1
    assert not world.all(FaultReported)
    (refusal,) = report(world, text="another fault", key="k1").refusals
    assert refusal.reason == "key_reused"
    assert report(world, text="no line", key="k1", tenant_id="north").accepted != first.accepted


def test_a_report_of_the_future_or_without_a_customer_is_refused(world: SlaWorld) -> None:
    (refusal,) = report(world, reported_at=us(1000) + 1).refusals
    assert refusal.text == "reported_at: 2026-03-01T03:16:40.000001+00:00 is in the future"
    (refusal,) = report(world, "").refusals
    assert refusal.text == "customer_id: is empty"
    (refusal,) = report(world, by=Principal("eve", "operator", "north")).refusals
    assert refusal.reason == "not_your_tenant"
    assert not world.sla.reports


def test_old_reports_are_forgotten_with_their_period(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1", customer_id="c-1")
    report(world, key="k1")
    world.run_to(31 * 86_400)
    assert world.sla.reports
    world.run_to(62 * 86_400)
    assert not world.sla.reports
    assert not world.sla.reports_of
    assert not world.sla.keys
    assert us(0) % SECOND == 0
