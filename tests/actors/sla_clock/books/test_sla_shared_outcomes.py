"""Instances of one kind share the outcome of an examination: the Changes and the state are those of examining each in full."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings
from vocabulary.sla import SlaWorld, plan_window, us

from protocols.sla.actions import CorrectOutage, CreateExclusion, EditInstance, ReportFault
from protocols.sla.credit_models import CreditRate, CreditStep, OutageCredits
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.instance import InstanceEdited

STEPS = (
    "down",
    "up",
    "up",
    "wait",
    "wait",
    "long",
    "suspend",
    "currency",
    "correct",
    "correct",
    "exclude",
    "report",
    "begin",
    "window",
)
NODES = ("olt-1", "olt-1", "olt-1", "olt-1/1/1", "olt-1/1/1/1")
HOURLY = OutageCredits(
    rule="1 % an hour",
    currency="EUR",
    unit="hour",
    free=0,
    free_unit="hours",
    counts="part",
    rates=(CreditRate(date(2026, 1, 1), (CreditStep(1, percent=Decimal(1)),)),),
)
NEXT_MONTH = [("up", 0), ("long", 10)]
"""The outage ends, and a month begins in which no contract has an account."""
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), max_size=10)


def lived(steps: list[tuple[str, int]], *, limits: bool, burn: bool, credits: bool, restarts: bool) -> SlaWorld:
    """Four services with one definition and four with another, from an outage of all of them on. The contracts of one service
    begin and end within a period."""
    world = SlaWorld()
    world.restarts = restarts
    terms: dict[str, Any] = {"at_risk_burn_rates": {"1h": 14_400}} if burn else {}
    limited: dict[str, Any] = {"response": {"critical": 900_000_000, "major": 900_000_000}} if limits else {}
    owed: dict[str, Any] = {"credits": HOURLY} if credits else {}
    gold, silver = world.define(**terms, **owed), world.define("silver", **limited, **owed)
    fields: dict[str, Any] = {"monthly_fee": 3_999, "currency": "EUR"}
    contracts = [world.serve(each, f"svc-{number}", **fields) for number in (1, 2, 3) for each in (gold, silver)]
    contracts += [world.serve(each, "svc-4", start=us(-3_600), end=us(200_000), **fields) for each in (gold, silver)]
    for step, number in (("down", 0), ("wait", 4), *steps):
        _take(world, step, number, [each.id for each in contracts])
    return world


def _take(world: SlaWorld, step: str, number: int, contracts: list[str]) -> None:
    world.run_to(world.seconds + 60)
    match step:
        case "down" | "up":
            world.network(f"device.{step}", NODES[number % len(NODES)])
        case "wait":
            world.run_to(world.seconds + 400 * (number + 1))
        case "long":
            world.run_to(world.seconds + 86_400 * (3 * number + 1))
        case "suspend":
            suspended = number % 2 == 0
            world.command(EditInstance(contracts[number], InstanceEdited(suspended=suspended)))
        case "currency":
            world.command(EditInstance(contracts[number], InstanceEdited(currency="EUR", minor_digits=3)))
        case "window":
            start = world.seconds + 600 * (number % 3 + 1) + (86_400 * 31 if number > 3 else 0)
            plan_window(world, start, start + 1_800, ("olt-1/1/1", "olt-1/1/1/1", "svc-3")[number % 3])
        case "report":
            service = f"svc-{number % 4 + 1}"
            world.command(ReportFault("t", f"c-{service}", service, us(world.seconds - 60)))
        case "begin":
            world.command(EditInstance(contracts[number], InstanceEdited(start=us(world.seconds - 900 * number))))
        case "correct" if world.sla.outages:
            outage = list(world.sla.outages.values())[number % len(world.sla.outages)]
            end = outage.start + 1_000_000 * (1 + 500 * number)
            world.command(CorrectOutage(outage.id, "the device's own log", end=min(end, us(world.seconds))))
        case "exclude":
            scope = ExclusionScope(instances=(contracts[number],))
            start = us(world.seconds + (-3_600 if number < 4 else 600))
            end = start + 3_600_000_000
            plan = ExclusionPlan(tenant_id=None, category="agreed", reason="by letter", scope=scope, start=start, end=end)
            world.command(CreateExclusion(plan))


@pytest.mark.interpreted
@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarts"])
@settings(max_examples=60, deadline=None)
@given(steps, st.booleans(), st.booleans(), st.booleans())
@example([*NEXT_MONTH, ("exclude", 4), ("down", 0)], False, False, False)
@example([*NEXT_MONTH, ("correct", 2)], False, False, False)
@example([*NEXT_MONTH, ("begin", 4), ("down", 0)], False, False, False)
def test_sharing_changes_nothing(restarts: bool, steps: list[tuple[str, int]], limits: bool, burn: bool, credits: bool) -> None:
    shared = lived(steps, limits=limits, burn=burn, credits=credits, restarts=restarts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actors.sla_clock.books.booking.kind_of", lambda *asked: None)
        each_in_full = lived(steps, limits=limits, burn=burn, credits=credits, restarts=restarts)
    assert told(shared) == told(each_in_full)
    assert dict(shared.sla.accounts.items()) == dict(each_in_full.sla.accounts.items())
    assert list(shared.sla.deadlines.rows()) == list(each_in_full.sla.deadlines.rows())
    assert shared.sla.breaches == each_in_full.sla.breaches


def told(world: SlaWorld) -> list[str]:
    return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "uuid", repr(each)) for each in world.history]
