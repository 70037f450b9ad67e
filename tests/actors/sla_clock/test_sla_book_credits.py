"""Credits of an instance through the stage, as timelines. Times in seconds after 1 March 2026, 03:00 UTC."""

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.sla import SlaWorld, us
from vocabulary.world import moment

from actors.sla_clock.credit_files import load_credit_files
from protocols.sla.actions import ReportFault
from protocols.sla.changes import SlaCreditChanged
from protocols.sla.credit_models import CreditTier, TierCredits
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule

APRIL = 31 * 86_400 - 3 * 3600
DAY = 86_400
GOOGLE = TierCredits(rule="tier", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal(25)),))


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def amounts(world: SlaWorld, instance: SlaInstance) -> list[tuple[int, bool]]:
    """Amount of each credit Change, and whether it is final."""
    found = [change.credit for change in world.history if isinstance(change, SlaCreditChanged)]
    return [(each.amount, each.final) for each in found if each.instance_id == instance.id]


def test_a_quarter_of_the_fee_below_the_target_and_final_when_the_period_closes(world: SlaWorld) -> None:
    instance = world.serve(world.define(credits=GOOGLE), "svc-1", monthly_fee=7999, currency="EUR")
    world.at(0).network("device.down", "olt-1")
    world.run_to(2678.4)
    assert amounts(world, instance) == []
    world.run_to(2680)
    assert amounts(world, instance) == [(2000, False)]
    assert [each.credit for each in world.breaches.values()] == [2000]
    world.at(3000).network("device.up", "olt-1")
    world.run_to(APRIL + 1)
    # The breach ended 322 s after it began; the amount is the same and final when the period closes.
    assert amounts(world, instance) == [(2000, False), (2000, False), (2000, True)]
    assert [(each.credit, each.currency) for each in world.closed] == [(2000, "EUR")]
    assert [kind for kind, _ in world.notices] == ["at_risk", "breach_opened", "credit", "breach_resolved", "credit"]


def test_the_german_law_pays_from_the_third_day_after_the_report(world: SlaWorld) -> None:
    text = Path("config/sla/tkg58.toml").read_text()
    assert tomllib.loads(text)["model"]["type"] == "outage"
    model = load_credit_files({"tkg58.toml": text})["tkg58.toml"].model
    definition = world.define(credits=model, availability_target=None, period=PeriodRule("Europe/Berlin", date(2026, 1, 1)))
    instance = world.serve(definition, "svc-1", monthly_fee=3999, currency="EUR")
    world.at(4 * 3600).network("device.down", "olt-1")
    world.run_to(10 * DAY)
    # Nobody has reported a fault: nothing is owed.
    assert amounts(world, instance) == []
    report = FaultReport(
        id="FR1",
        tenant_id="t",
        customer_id="c-svc-1",
        service_id="svc-1",
        reported_at=us(DAY),
        instances=(instance.id,),
        created_at=world.now,
        created_by="ada",
    )
    world.sla.reports[report.id] = report
    world.sla.reports_of[instance.id] = (report.id,)
    world.at(10 * DAY + 60).network("device.up", "olt-1")
    # Reported on 2 March; 5 to 10 March are whole days of outage: two at 5 EUR, then four at 10 EUR.
    (credit,) = [change.credit for change in world.history if isinstance(change, SlaCreditChanged)]
    assert [line.amount for line in credit.lines] == [500, 500, 1000, 1000, 1000, 1000]
    (breach,) = world.breaches.values()
    assert (breach.type, breach.credit, breach.resolved) == ("resolution_time", 5000, True)
    assert {line.breach_id for line in credit.lines} == {breach.id}


GERMAN = load_credit_files({"tkg58.toml": Path("config/sla/tkg58.toml").read_text()})["tkg58.toml"].model
DAILY = PeriodRule("UTC", date(2026, 1, 1), "days", 1)


def report(world: SlaWorld, at: float) -> None:
    """A fault report of the customer of ``svc-1`` for that time."""
    assert world.command(ReportFault("t", "c-svc-1", "svc-1", us(at))).accepted


def statutory(world: SlaWorld, **terms: Any) -> SlaInstance:
    definition = world.define(**{"credits": GERMAN, "availability_target": None, **terms})
    return world.serve(definition, "svc-1", monthly_fee=3999, currency="EUR")


def test_an_outage_that_is_reported_at_the_instant_of_its_begin_is_paid(world: SlaWorld) -> None:
    instance = statutory(world)
    world.at(4 * 3600).network("device.down", "olt-1")
    report(world, 4 * 3600)
    world.run_to(5 * DAY)
    assert amounts(world, instance) == [(500, False), (1000, False)]


def test_an_earlier_report_of_the_same_outage_moves_its_breach(world: SlaWorld) -> None:
    statutory(world)
    world.at(4 * 3600).network("device.down", "olt-1")
    world.run_to(2 * DAY)
    report(world, 1.9 * DAY)
    world.run_to(6 * DAY)
    (before,) = world.breaches.values()
    report(world, 0.3 * DAY)
    (after,) = world.breaches.values()
    assert (before.start - after.start, before.credit, after.credit) == (2 * DAY * SECOND, 500, 2000)


def test_a_breach_by_statute_is_withdrawn_when_the_outage_was_shorter(world: SlaWorld) -> None:
    statutory(world)
    world.at(4 * 3600).network("device.down", "olt-1")
    report(world, 4 * 3600)
    world.run_to(6 * DAY)
    assert [each.credit for each in world.breaches.values()] == [2000]
    world.network("device.up", "olt-1", at=moment(DAY))
    (breach,) = world.breaches.values()
    assert (breach.withdrawn, breach.resolved, breach.credit) == (True, True, 0)
    assert "withdrawn: A" in breach.reason


def test_an_outage_over_many_periods_is_one_breach_with_the_sum_of_all(world: SlaWorld) -> None:
    statutory(world, period=DAILY)
    world.at(4 * 3600).network("device.down", "olt-1")
    report(world, 4 * 3600)
    world.run_to(9 * DAY)
    world.network("device.up", "olt-1")
    world.run_to(12 * DAY)
    (breach,) = world.breaches.values()
    assert (breach.credit, breach.resolved) == (2 * 500 + 4 * 1000, True)
    assert [kind for kind, _ in world.notices if kind.startswith("breach")] == ["breach_opened", "breach_resolved"]


def test_a_credit_is_in_the_currency_of_its_model_and_a_fee_in_another_one_counts_as_none(world: SlaWorld) -> None:
    yen = replace(GERMAN, currency="JPY", minor_digits=0)
    instance = world.serve(world.define(credits=yen, availability_target=None), "svc-1", monthly_fee=9_999_999, currency="EUR")
    world.at(4 * 3600).network("device.down", "olt-1")
    report(world, 4 * 3600)
    world.run_to(4 * DAY)
    assert amounts(world, instance) == [(500, False)]
    world.run_to(APRIL + 1)
    (closed,) = world.closed
    assert (closed.currency, closed.minor_digits) == ("JPY", 0)
