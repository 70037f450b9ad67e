"""Whatever happened, each closed period follows from the facts that were told: by the same figures, breaches and credits."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import example, given, settings
from vocabulary.sla import SlaWorld, plan_window, us
from vocabulary.sla_history import TIERS, history_told
from vocabulary.world import ADMIN

from faultd.sla_history.recompute import recompute
from protocols.sla.actions import CorrectOutage, CreateExclusion, ReportFault, WithdrawExclusion
from protocols.sla.credit_models import CreditRate, CreditStep, OutageCredits
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule
from protocols.sla.report_check import require_consistent

MINUTE = 60
DAY = 1440
FIRST = 21 * 60
"""The first midnight after the start, in minutes after the start: periods are days of UTC."""
LAST = FIRST + 3 * DAY + 60
NODES = {"olt-1": "device.down", "olt-1/1": "card.offline", "olt-1/1/1": "pon.los", "olt-1/1/1/1": "ont.dying_gasp"}
BY_HOUR = OutageCredits(
    rule="hours",
    currency="EUR",
    unit="hour",
    free=2,
    free_unit="hours",
    counts="part",
    rates=(CreditRate(date(2020, 1, 1), (CreditStep(1, 100), CreditStep(4, 200, Decimal(10)))),),
)


class Step(NamedTuple):
    """One thing that happens at a minute."""

    at: int
    kind: str
    node: str
    length: int
    lag: int


steps = st.lists(
    st.builds(
        Step,
        st.integers(10, LAST - 800),
        st.sampled_from(["fault", "fault", "fault", "window", "exclusion", "withdrawn", "stop", "corrected", "reported"]),
        st.sampled_from(sorted(NODES)),
        st.integers(1, 700),
        st.integers(1, 60),
    ),
    max_size=7,
)
terms = st.fixed_dictionaries(
    {
        "availability_target": st.sampled_from([None, 990_000_000]),
        "outage_minimum": st.sampled_from([0, 20 * MINUTE * SECOND]),
        "unknown_counts_as": st.sampled_from(["up", "down"]),
        "customer_power": st.sampled_from(["excluded", "down"]),
        "maintenance_notice": st.sampled_from([0, 3600 * SECOND]),
        "credits": st.sampled_from([None, TIERS, BY_HOUR]),
        "response": st.sampled_from([{}, {"critical": 600 * SECOND, "major": 900 * SECOND}]),
        "resolution": st.sampled_from([{}, {"critical": 3600 * SECOND, "major": 7200 * SECOND}]),
    }
)


OVER = [Step(10, "fault", "olt-1", 1, 1), Step(LAST - 59, "exclusion", "olt-1", 1, 45)]
"""The exclusion covers time before the end of a contract, and comes after the end of that period."""
PLAIN = {
    "availability_target": 990_000_000,
    "outage_minimum": 0,
    "unknown_counts_as": "up",
    "customer_power": "excluded",
    "maintenance_notice": 0,
    "credits": None,
    "response": {},
    "resolution": {},
}


@settings(max_examples=60, deadline=None)
@example(steps=OVER, terms=PLAIN)
@given(steps=steps, terms=terms)
def test_a_closed_period_follows_from_the_facts(steps: list[Step], terms: dict[str, Any]) -> None:
    world = SlaWorld()
    definition = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1), **terms)
    world.serve(definition, "svc-1", monthly_fee=5995, currency="EUR")
    world.serve(definition, "svc-9", "olt-1/1/1/1", "olt-1/1/2/1", monthly_fee=1000, currency="EUR")
    world.serve(definition, "svc-3", end=us((FIRST + 2000) * MINUTE), monthly_fee=1000, currency="EUR")
    _happen(world, steps)
    world.run_to(LAST * MINUTE)
    found = list(recompute(history_told(world)))
    assert len(found) >= 8
    for each in found:
        assert each.differences == (), (each.instance_id, each.period_start, each.revision)
        require_consistent(each.report)


def _happen(world: SlaWorld, steps: list[Step]) -> None:
    plan: list[tuple[int, int, Step | str]] = []
    for number, step in enumerate(steps):
        plan.append((step.at, number, step))
        if step.kind in ("fault", "corrected", "reported"):
            plan.append((step.at + step.length, number, "clear"))
    alarms: dict[int, str] = {}
    for at, number, what in sorted(plan, key=lambda each: each[:2]):
        world.run_to(max(at * MINUTE, world.seconds))
        if isinstance(what, Step):
            _do(world, number, what, alarms)
        elif number in alarms:
            world.clear_alarm(alarms[number])
            if steps[number].kind == "corrected" and steps[number].length > 10 * steps[number].lag:
                (outage_id,) = world.sla.outages_of[alarms[number]]
                end = us((steps[number].at + steps[number].length - 10 * steps[number].lag) * MINUTE)
                world.command(CorrectOutage(outage_id, "the log", None, end))


def _do(world: SlaWorld, number: int, step: Step, alarms: dict[int, str]) -> None:
    start, end = step.at + step.lag, step.at + step.lag + step.length
    if step.kind in ("fault", "corrected", "reported"):
        alarms[number] = world.raise_alarm(NODES[step.node], step.node, qualifier=f"q{number}")
        if step.kind == "reported":
            world.command(ReportFault("t", "c-svc-1", "svc-1"))
    elif step.kind == "window":
        plan_window(world, start * MINUTE, end * MINUTE, step.node)
    elif step.kind == "stop":
        world.stopped = True
        world.at((step.at + 2) * MINUTE).tick()
        world.stopped = False
    else:
        exclusion = ExclusionPlan(
            tenant_id=None,
            category="agreed",
            scope=ExclusionScope(resources=(step.node,)),
            start=us((step.at - 20 * step.lag) * MINUTE),
            end=us(end * MINUTE),
            reason="agreed",
        )
        made = world.command(CreateExclusion(exclusion), by=ADMIN)
        if step.kind == "withdrawn" and made.accepted:
            world.command(WithdrawExclusion(made.accepted[0]), by=ADMIN)
