"""Closing and revising a period by command. Times in seconds after 1 March 2026, 03:00 UTC."""

from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.sla import SlaWorld, us

from protocols.change import Answer
from protocols.sla.actions import ClosePeriod
from protocols.sla.changes import SlaBreachChanged, SlaCreditChanged, SlaPeriodClosed
from protocols.sla.credit import CreditLine, SlaCredit
from protocols.sla.local_time import SECOND
from protocols.sla.period_revision import NEW, PeriodRevision

MARCH = us(-3 * 3600)
"""1 March 00:00 UTC."""
APRIL = 31 * 86_400 - 3 * 3600


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    world.serve(world.define(), "svc-1")
    world.at(100).network("device.down", "olt-1")
    world.at(4000).network("device.up", "olt-1")
    world.run_to(APRIL + 10)
    return world


def close(world: SlaWorld, **fields: Any) -> Answer:
    return world.command(ClosePeriod(**{"instance_id": "SI1", "period_start": MARCH, "reason": "asked", **fields}))


def test_a_closed_period_whose_figures_stay_gets_no_revision(world: SlaWorld) -> None:
    answer = close(world)
    assert (answer.accepted, answer.duplicate) == (("SI1",), True)
    assert [each.revision for each in world.closed] == [1]


@pytest.mark.parametrize(
    ("fields", "reason", "says"),
    [
        ({"reason": " "}, "invalid", "reason: is missing"),
        ({"period_start": MARCH + 1}, "unknown_period", "no period of instance SI1 begins at"),
        ({"period_start": us(APRIL)}, "wrong_state", "it cannot be closed before"),
        ({"period_start": us(-62 * 86_400 - 3 * 3600 + 3 * 86_400)}, "out_of_reach", "PostgreSQL has its facts"),
        ({"instance_id": "SI9"}, "out_of_reach", "PostgreSQL has its facts"),
    ],
)
def test_what_cannot_be_closed_is_refused(world: SlaWorld, fields: dict[str, Any], reason: str, says: str) -> None:
    closed = len(world.closed)
    (refusal,) = close(world, **fields).refusals
    assert refusal.reason == reason
    assert says in refusal.text
    assert len(world.closed) == closed


def test_figures_from_the_history_become_a_revision_with_ids_of_this_event(world: SlaWorld) -> None:
    (first,) = [each for each in world.history if isinstance(each, SlaPeriodClosed)]
    assert first.report is not None
    (breach,) = first.report.breaches
    line = CreditLine(100, "tiers", "below 99.9 %", "1.00 EUR", f"{NEW}.1")
    figures = replace(first.figures, up=first.figures.up - SECOND, down=first.figures.down + SECOND, credit=100)
    found = PeriodRevision(
        previous=first.figures,
        figures=figures,
        report=replace(first.report, credits=(line,), breaches=(breach, replace(breach, id=f"{NEW}.1", type="latency"))),
        credit=SlaCredit(
            instance_id="SI1",
            tenant_id="t",
            customer_id="c-svc-1",
            period_start=MARCH,
            currency="EUR",
            minor_digits=2,
            lines=(line,),
        ),
        breaches=(replace(breach, id=f"{NEW}.1", type="latency"),),
    )
    assert close(world, recomputed=found).accepted == ("SI1",)
    made = world.only(SlaPeriodClosed)
    assert (made.figures.revision, made.figures.closed_by, made.figures.down) == (2, "user:ada", figures.down)
    assert made.figures.reason == "ada: asked"
    new_id = world.only(SlaBreachChanged).breach.id
    assert new_id == f"SB{world.offset}"
    assert made.report is not None
    assert [each.id for each in made.report.breaches] == [breach.id, new_id]
    assert made.report.previous == first.figures
    (kept,) = world.only(SlaCreditChanged).credit.lines
    assert (kept.breach_id, world.only(SlaCreditChanged).credit.final) == (new_id, True)
    (refusal,) = close(world, recomputed=found).refusals
    assert (refusal.reason, refusal.text) == ("wrong_state", "revision 2 was made meanwhile: try again")
