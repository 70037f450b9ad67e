"""The stage as a timeline: outage, at risk, breach, close, revision. Times in seconds after 1 March 2026, 03:00 UTC."""

from datetime import date

import pytest
from msgspec.structs import replace
from vocabulary.sla import MONTH, SlaWorld, plan_window, plant, us

from actors.sla_clock.availability import BILLION
from protocols.command import Edit, Edited
from protocols.event import ClockJumped
from protocols.sla.actions import CorrectOutage
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.intervals import total
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule

MARCH = 31 * 86_400
BUDGET = MARCH // 1000
"""Seconds of downtime that 99.9 % allows in March: 2,678.4."""
APRIL = MARCH - 3 * 3600
"""1 April 00:00 UTC, after the start."""


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def test_an_outage_uses_the_budget_warns_and_breaches_at_the_true_instant(world: SlaWorld) -> None:
    instance = world.serve(world.define(), "svc-1")
    world.at(100).network("device.down", "olt-1")
    world.run_to(100 + 0.8 * 2678.4 - 1)
    assert world.notices == []
    world.run_to(100 + 0.8 * 2678.4 + 1)
    assert world.notices == [("at_risk", instance.id)]
    assert world.sla.accounts[instance.id].status == "at_risk"
    world.run_to(100 + 2678.4)
    assert not world.breaches
    world.run_to(100 + 2678.4 + 1)
    (breach,) = world.breaches.values()
    assert (breach.start, breach.end, breach.resolved) == (us(100 + 2678.4) + 1, None, False)
    assert world.sla.accounts[instance.id].status == "breached"
    assert world.notices[-1] == ("breach_opened", instance.id)
    world.at(4000).network("device.up", "olt-1")
    (breach,) = world.breaches.values()
    assert (breach.end, breach.resolved) == (us(4000), True)
    world.run_to(APRIL + 10)
    (figures,) = world.closed
    assert (figures.down, figures.contract, figures.breaches) == (3900 * SECOND, MARCH * SECOND, 1)
    assert instance.id not in world.sla.accounts


def test_a_service_without_an_outage_closes_its_period_and_has_no_account(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1")
    world.run_to(APRIL + 10)
    (figures,) = world.closed
    assert (figures.up, figures.down, figures.availability) == (MARCH * SECOND, 0, 1_000_000)
    assert not len(world.sla.accounts)


def test_an_outage_over_the_end_of_a_period_counts_in_both(world: SlaWorld) -> None:
    instance = world.serve(world.define(), "svc-1")
    world.at(APRIL - 1800).network("device.down", "olt-1")
    world.run_to(APRIL + 2700)
    world.network("device.up", "olt-1")
    assert world.closed[0].down == 1800 * SECOND
    assert total(world.figures(instance).shares.down) == 2700 * SECOND


def test_a_late_raise_revises_a_closed_period_and_opens_its_breach(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1")
    world.run_to(APRIL + 5)
    first = world.at(APRIL - 3000).now
    world.at(APRIL + 20).network("device.down", "olt-1", at=first)
    before, after = world.closed
    assert (before.revision, before.down, before.breaches) == (1, 0, 0)
    assert (after.revision, after.down, after.breaches) == (2, 3000 * SECOND, 1)
    assert "was raised" in after.reason
    (breach,) = world.breaches.values()
    assert (breach.start, breach.end) == (us(APRIL - 3000 + 2678.4) + 1, us(APRIL))


def test_redundant_ways_are_down_only_together(world: SlaWorld) -> None:
    instance = world.serve(world.define(), "svc-9", "olt-1/1/1/1", "olt-1/1/2/1")
    first = world.at(100).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(200).raise_alarm("ont.los", "olt-1/1/2/1")
    world.at(250).clear_alarm(first)
    assert world.at(300).figures(instance).down == 50 * SECOND


def test_the_budget_to_the_microsecond(world: SlaWorld) -> None:
    instance = world.serve(world.define(), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(2678.4).clear_alarm(alarm)
    assert world.figures(instance).breached_at is None
    assert not world.breaches
    again = world.at(5000).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(5000.000001).clear_alarm(again)
    world.run_to(5010)
    (breach,) = world.breaches.values()
    assert breach.start == us(5000.000001)
    assert breach.target - breach.actual > 0
    assert breach.target == BILLION * 999 // 1000
    assert MONTH.zone == "UTC"


THIRTY_DAYS = PeriodRule("UTC", date(2026, 3, 1), "days", 30)


def test_announced_maintenance_inside_an_outage_counts_on_neither_side(world: SlaWorld) -> None:
    """Out of service from 10 to 14 o'clock, with work from 11 to 12 that was announced before."""
    instance = world.serve(world.define(period=THIRTY_DAYS, availability_target=995_000_000), "svc-1")
    plan_window(world, 8 * 3600, 9 * 3600)
    world.run_to(7 * 3600)
    world.network("device.down", "olt-1")
    world.run_to(11 * 3600)
    world.network("device.up", "olt-1")
    found = world.figures(instance).shares
    assert (total(found.down), total(found.excluded), found.planned) == (10_800 * SECOND, 3600 * SECOND, 3600 * SECOND)
    world.run_to(30 * 86_400)
    (closed,) = world.closed
    assert (closed.contract - closed.excluded, closed.down) == (2_588_400 * SECOND, 10_800 * SECOND)
    assert closed.availability == 995_828


def test_maintenance_that_is_announced_during_the_outage_excuses_nothing(world: SlaWorld) -> None:
    instance = world.serve(world.define(period=THIRTY_DAYS), "svc-1")
    world.at(7 * 3600).network("device.down", "olt-1")
    world.at(7.5 * 3600)
    plan_window(world, 8 * 3600, 9 * 3600)
    world.run_to(11 * 3600)
    world.network("device.up", "olt-1")
    assert total(world.figures(instance).shares.down) == 4 * 3600 * SECOND


def test_time_in_which_faultd_did_not_run_is_unknown(world: SlaWorld) -> None:
    instance = world.serve(world.define(unknown_counts_as="down"), "svc-1")
    world.run_to(1000)
    world.stopped = True
    world.at(2000).tick()
    found = world.figures(instance)
    assert (total(found.shares.unknown), found.down) == (1000 * SECOND, 1000 * SECOND)
    assert total(found.shares.down) == 0


def test_time_in_which_faultd_did_not_run_breaches_at_once_where_it_counts_as_down(world: SlaWorld) -> None:
    strict = world.serve(world.define(unknown_counts_as="down"), "svc-1")
    world.serve(world.define("lenient"), "svc-2")
    world.run_to(1000)
    world.stopped = True
    world.at(5000).tick()
    world.stopped = False
    world.tick()
    (breach,) = world.breaches.values()
    assert (breach.instance_id, breach.start) == (strict.id, us(1000 + 2678.4) + 1)
    world.run_to(APRIL + 10)
    assert sorted(each.breaches for each in world.closed) == [0, 1]


def test_a_lone_dying_gasp_is_the_customers_own_power(world: SlaWorld) -> None:
    lenient = world.serve(world.define(), "svc-1")
    strict = world.serve(world.define("strict", customer_power="down"), "svc-1")
    gasp = world.at(100).raise_alarm("ont.dying_gasp", "olt-1/1/1/1")
    lost = world.at(101).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(500).clear_alarm(gasp)
    world.at(600).clear_alarm(lost)
    assert total(world.figures(strict).shares.down) == 500 * SECOND
    shares = world.figures(lenient).shares
    assert (total(shares.down), total(shares.excluded)) == (0, 500 * SECOND)


def test_a_jump_of_the_clock_opens_no_breach(world: SlaWorld) -> None:
    instance = world.serve(world.define(), "svc-1")
    alarm = world.at(100).raise_alarm("ont.los", "olt-1/1/1/1")
    before = world.at(200).now
    after = world.at(200 + 5 * 86_400).now
    world(ClockJumped(before, after))
    world.run_to(300 + 5 * 86_400)
    assert world.figures(instance).down == 200 * SECOND
    world.acknowledge(alarm)
    world.clear_alarm(alarm)
    assert world.figures(instance).down == 200 * SECOND
    assert not world.breaches


def test_a_correction_by_an_operator_withdraws_a_breach(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1")
    alarm = world.at(100).raise_alarm("ont.los", "olt-1/1/1/1")
    world.run_to(3000)
    world.clear_alarm(alarm)
    (outage,) = world.sla.outages_of[alarm]
    refused = world.command(CorrectOutage(outage, "", end=us(1100)))
    assert [each.text for each in refused.refusals] == ["reason: is missing"]
    assert world.command(CorrectOutage(outage, "the OLT was replaced by then", end=us(1100))).accepted == (outage,)
    (breach,) = world.breaches.values()
    assert (breach.withdrawn, breach.resolved) == (True, True)
    assert "the OLT was replaced by then" in breach.reason


def test_the_order_in_which_services_are_examined_survives_a_restart() -> None:
    """The ONT of ``svc-1`` moves behind those of another port, and a snapshot has the nodes in the order in which they came."""
    told = []
    for restarts in (False, True):
        world = SlaWorld()
        world.restarts = restarts
        definition = world.define()
        for number in range(1, 5):
            world.serve(definition, f"svc-{number}")
        moved = [replace(node, parents=("olt-1/1/2",)) if node.id == "olt-1/1/1/1" else node for node in plant()]
        world.at(100).topology(*moved)
        world.at(200).network("device.down", "olt-1")
        told.append([change.instance.id for change in world.history if isinstance(change, SlaInstanceChanged)])
    assert told[0] == told[1]
    assert len(told[0]) >= 4


def test_a_breach_of_availability_has_the_ticket_of_its_alarm(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", "olt-1/1/1/1")
    world.run_to(2680)
    world.command(Edit(Edited(ticket_id="T-1")), alarm)
    (breach,) = world.breaches.values()
    assert breach.ticket_id == "T-1"
