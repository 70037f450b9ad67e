"""A World with a past: a closed period with a breach and a credit, exclusions, reports, and evidence in the running period."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from actors.journal import Journal
from actors.sla_clock.books.figures import SlaFigures
from protocols.command import Command
from protocols.sla.actions import ReportFault
from protocols.sla.credit_models import CreditTier, TierCredits
from protocols.sla.exclusion import ExclusionScope
from protocols.sla.local_time import SECOND
from protocols.sla.performance_rule import PerformanceRule
from vocabulary import agreements
from vocabulary.sla import SlaWorld, us
from vocabulary.world import ADMIN

APRIL = 31 * 86_400 - 3 * 3_600
"""1 April, 00:00 UTC, in seconds after the start."""
TIERS = TierCredits(rule="tiers", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal(10)),))
LATENCY = PerformanceRule("latency", 10_000, 60 * SECOND, 120 * SECOND)


def lived() -> SlaWorld:
    """A World in April: a breach with a credit in March, an exclusion, a fault report, and evidence in April."""
    world = SlaWorld()
    gold = world.define(
        "gold",
        credits=TIERS,
        response={"critical": 900 * SECOND, "major": 900 * SECOND},
        resolution={"critical": 1_800 * SECOND, "major": 1_800 * SECOND},
        performance=(LATENCY,),
    )
    newer = replace(gold, version=2, since=world.now, terms=replace(gold.terms, availability_target=990_000_000))
    world.sla.definitions[gold.id] = (gold, newer)
    for number in (1, 2, 3):
        world.serve(gold, f"svc-{number}", monthly_fee=5_000, currency="EUR", key=f"k{number}")
    world.serve(gold, "svc-9", "olt-1/1/1/1", "olt-1/1/2/1")
    world.serve(gold, "svc-4", end=us(APRIL + 500))
    world.sla.put_exclusion(
        Journal(), agreements.exclusion(scope=ExclusionScope(services=("svc-2",)), start=us(200), end=us(900))
    )
    world.at(100).network("device.down", "olt-1/1/1")
    world(Command(ADMIN, ReportFault("t", "c-svc-1", "svc-1", text="no internet", key="r1")))
    world.run_to(4_000)
    world.network("device.up", "olt-1/1/1")
    world.run_to(APRIL + 20)
    ont = world.raise_alarm("ont.los", "olt-1/1/2/1")
    world.run_to(APRIL + 1_000)
    world.clear_alarm(ont)
    world.run_to(APRIL + 2_000)
    return world


def sums(figures: SlaFigures) -> dict[str, Any]:
    """Without what tells of the future: an outage that lasted has ended."""
    found = figures._asdict()
    return {name: found[name] for name in ("shares", "exclusions", "budget", "down", "availability", "breached_at")}
