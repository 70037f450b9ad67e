"""Service level agreements and planned maintenance, told to account managers, billing and customers. Times in seconds."""

from decimal import Decimal
from typing import Any

import pytest
from vocabulary.agreement_world import AgreementWorld
from vocabulary.sla import plan_window
from vocabulary.world import ADMIN, moment

from actors.dispatcher.causes import planned
from actors.dispatcher.messages.facts import OF_CUSTOMERS
from protocols.command import CancelWindow, PatchWindow
from protocols.dispatch.notification import DispatchedNotification
from protocols.maintenance import PlanChanges
from protocols.sla.credit_models import CreditTier, TierCredits

EVE = "eve@example.net"
MANAGERS: dict[str, Any] = {"channel": "email", "to": "account_manager"}
BILLING: dict[str, Any] = {"channel": "webhook", "to": "erp"}
TEN_PER_CENT = TierCredits(rule="ten per cent", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal(10)),))
APRIL = 31 * 86_400 - 3 * 3600
"""A World begins on 1 March at 03:00."""


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


def test_billing_hears_what_is_owed_for_a_period_and_when_that_is_final(world: AgreementWorld) -> None:
    world.policy("billing", BILLING, match={"subject": "credit"})
    world.serve(world.define(credits=TEN_PER_CENT), "svc-1", monthly_fee=5950, currency="EUR")
    world.at(100).network("device.down", "olt-1")
    world.run_to(2900)
    world.network("device.up", "olt-1")
    world.run_to(APRIL + 1)
    first, last = world.sent
    march = "2026-03-01T00:00:00+00:00"
    for each, at, final in ((first, 2779, False), (last, APRIL, True)):
        assert abs((each.created_at - moment(at)).total_seconds()) < 1
        (cause,) = each.facts["causes"]
        assert (each.channel, each.kind, each.address, cause["service_id"]) == ("webhook", "credit", "erp", "svc-1")
        credit = cause["credit"]
        shown = (credit["period_start"], credit["amount"], credit["currency"], credit["final"], credit["other_lines"])
        assert shown == (march, "5.95", "EUR", final, 0)
        assert [(line["amount"], line["rule"], line["breach_id"]) for line in credit["lines"]] == [
            ("5.95", "ten per cent", next(iter(world.breaches)))
        ]


def test_an_outage_across_two_periods_is_two_credits(world: AgreementWorld) -> None:
    """Billing hears of each period by itself: what waits of March is not lost to April."""
    world.policy("billing", BILLING, match={"subject": "credit"}, group_interval=4000)
    world.serve(world.define(credits=TEN_PER_CENT), "svc-1", monthly_fee=5950, currency="EUR")
    world.at(APRIL - 3000).network("device.down", "olt-1")
    world.run_to(APRIL + 5000)
    told = [each.facts["causes"][0]["credit"] for each in world.sent]
    assert [(each["period_start"][:7], each["amount"], each["final"]) for each in told] == [
        ("2026-03", "5.95", False),
        ("2026-04", "5.95", False),
        ("2026-03", "5.95", True),
    ]


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


def _of_planned_work_one_by_one(world: AgreementWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planned, "SLICE", 1)
    for number in (1, 2, 3):
        world.contact(f"Customer {number}", ("email", f"c{number}@example.net"), customer_id=f"c-svc-{number}")
    world.contact("Customer 2, office", ("email", "office@example.net"), customer_id="c-svc-2")
    actions = [{"channel": "email", "to": to} for to in ("customer", "noc@example.net")]
    world.policy("customers", *actions, match={"subject": "maintenance"})


def test_customers_of_planned_work_are_told_in_slices_whatever_their_number(
    world: AgreementWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    _of_planned_work_one_by_one(world, monkeypatch)
    window = plan_window(world, 5 * 86_400, 6 * 86_400, "olt-1")
    world.run_to(4 * 86_400)
    assert [(at - 3 * 86_400, address) for at, _, address in world.said] == [
        (0, "c1@example.net"),
        (1, "c2@example.net"),
        (1, "office@example.net"),
        (2, "c3@example.net"),
        (3, "noc@example.net"),
    ]
    world.command(PatchWindow(window, PlanChanges(start=moment(4 * 86_400 + 3600))), by=ADMIN)
    world.run_to(4 * 86_400 + 20)
    assert [(at - 4 * 86_400, address[:2], each.facts["causes"][0]["state"]) for at, address, each in _after(world, 5)] == [
        (0, "c1", "ended"),
        (1, "c2", "ended"),
        (2, "of", "ended"),
        (3, "c3", "ended"),
        (4, "no", "ended"),
        (4, "c1", "open"),
        (5, "c2", "open"),
        (5, "of", "open"),
        (6, "c3", "open"),
        (7, "no", "open"),
    ]
    world.command(CancelWindow(window), by=ADMIN)
    world.run_to(4 * 86_400 + 40)
    assert [(at - 4 * 86_400, address[:2]) for at, address, _ in _after(world, 15)] == [
        (20, "c1"),
        (21, "c2"),
        (22, "of"),
        (23, "c3"),
        (24, "no"),
    ]
    assert world.notes == []
    assert not any(each.told for each in world.dispatch.subjects.values())


def _after(world: AgreementWorld, number: int) -> list[tuple[float, str, DispatchedNotification]]:
    """When, to which address, and the notification itself: those behind the first ``number``."""
    return [(at, address, each) for (at, _, address), each in zip(world.said, world.sent, strict=True)][number:]


def test_customers_who_cannot_be_told_before_the_work_begins_are_counted(
    world: AgreementWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    _of_planned_work_one_by_one(world, monkeypatch)
    plan_window(world, 1.5, 86_400, "olt-1")
    world.run_to(86_400)
    assert [address for _, _, address in world.said] == ["c1@example.net", "c2@example.net", "office@example.net"]
    (note,) = world.notes
    assert note.endswith("customers are not told: the work has begun")


def test_customers_hear_of_planned_work_at_the_times_and_by_the_templates_of_the_policy(world: AgreementWorld) -> None:
    methods = ("email", "c1@example.net"), ("sms", "+491511111111")
    world.contact("Customer 1", *methods, customer_id="c-svc-1")
    week = {"channel": "email", "to": "customer", "template": "notice", "before_seconds": 7 * 86_400}
    day = {"channel": "email", "to": "customer", "template": "reminder", "before_seconds": 86_400}
    hour = {"channel": "sms", "to": "customer", "before_seconds": 3600}
    world.policy("customers", week, day, hour, match={"subject": "maintenance"})
    world.policy("another", week, match={"subject": "maintenance"})
    begin = 10 * 86_400
    plan_window(world, begin, begin + 3600, "olt-1/1/1")
    world.run_to(11 * 86_400)
    told = [(*said[:2], said[2], each.template) for said, each in zip(world.said, world.sent, strict=True)]
    assert told == [
        (begin - 7 * 86_400, "maintenance", "c1@example.net", "notice"),
        (begin - 86_400, "maintenance", "c1@example.net", "reminder"),
        (begin - 3600, "maintenance", "+491511111111", ""),
    ]
    assert world.sent[1].thread == world.sent[0].id
    assert any("was told already by" in each for each in world.notes)


def test_a_window_that_is_planned_late_is_announced_once(world: AgreementWorld) -> None:
    world.contact("Customer 1", ("email", "c1@example.net"), customer_id="c-svc-1")
    notices = [{"channel": "email", "to": "customer", "before_seconds": days * 86_400} for days in (7, 2, 1)]
    world.policy("customers", *notices, match={"subject": "maintenance"})
    plan_window(world, 3600, 7200, "olt-1/1/1")
    world.run_to(86_400)
    assert [each[1:] for each in world.said] == [("maintenance", "c1@example.net")]
