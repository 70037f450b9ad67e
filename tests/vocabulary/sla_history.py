"""A World of four days with closed periods, and its rows in a PostgreSQL."""

from datetime import date
from decimal import Decimal
from typing import Any, get_args

from actors.postgres import Postgres
from actors.sla_clock.held import held_changes
from actors.store.apply import apply
from actors.store.cursor import read_cursor
from actors.store.sla_read import KeptClock, KeptPeriod, SlaHistory
from protocols.change import Change, NodesChanged
from protocols.sla.actions import CorrectOutage
from protocols.sla.changes import (
    FaultReported,
    SlaChange,
    SlaClockChanged,
    SlaDefinitionChanged,
    SlaExclusionChanged,
    SlaInstanceChanged,
    SlaMeasured,
    SlaOutageChanged,
    SlaPeriodClosed,
    SlaWindowChanged,
)
from protocols.sla.credit_models import CreditTier, TierCredits
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule
from protocols.topology import Node
from vocabulary.sla import SlaWorld, plan_window, us

DAY = 86_400
MIDNIGHT = 21 * 3600
"""The first midnight, in seconds after the start."""
TIERS = TierCredits(rule="tiers", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal(10)),))


def four_days() -> SlaWorld:
    """Four days of two services: outages, maintenance inside one, a late clear, redundant ways, a clock that was missed."""
    world = SlaWorld()
    limits: dict[str, Any] = {"response": {"critical": 900 * SECOND, "major": 900 * SECOND}}
    definition = world.define(
        period=PeriodRule("UTC", date(2026, 1, 1), "days", 1),
        availability_target=990_000_000,
        credits=TIERS,
        unknown_counts_as="down",
        **limits,
    )
    world.serve(definition, "svc-1", monthly_fee=5995, currency="EUR")
    world.serve(definition, "svc-9", "olt-1/1/1/1", "olt-1/1/2/1", monthly_fee=1000, currency="EUR")
    plan_window(world, MIDNIGHT + 7200, MIDNIGHT + 10_800)
    world.run_to(MIDNIGHT + 3600)
    world.network("device.down", "olt-1")
    world.run_to(MIDNIGHT + 6 * 3600)
    world.network("device.up", "olt-1")
    alarm = world.raise_alarm("pon.los", "olt-1/1/1")
    world.run_to(MIDNIGHT + 2 * DAY + 4000)
    world.clear_alarm(alarm)
    (outage_id,) = world.sla.outages_of[alarm]
    assert world.command(CorrectOutage(outage_id, "the device's log", None, us(MIDNIGHT + DAY + 60))).accepted
    world.stopped = True
    world.at(MIDNIGHT + 2 * DAY + 9000).tick()
    world.stopped = False
    world.run_to(MIDNIGHT + 3 * DAY + 10)
    return world


def changes_of(world: SlaWorld) -> list[Change]:
    """What the store has written of the world."""
    made = [change for change in held_changes(world.sla) if isinstance(change, SlaDefinitionChanged | SlaInstanceChanged)]
    told = [change for change in world.history if isinstance(change, (*get_args(SlaChange), NodesChanged))]
    return [*made, *told]


async def fill(database: Postgres, world: SlaWorld) -> None:
    await database.run(read_cursor, "ledger")
    assert await database.run(apply, "ledger", 0, 1, changes_of(world), set()) == []


def history_told(world: SlaWorld) -> SlaHistory:
    """What PostgreSQL has of the world, by its Changes."""
    last: dict[Any, Any] = {}
    periods: list[KeptPeriod] = []
    nodes: dict[str, tuple[Node, int]] = {}
    for change in changes_of(world):
        match change:
            case NodesChanged():
                nodes |= {each.node.id: (each.node, each.revision) for each in change.puts}
                for node_id in change.removes:
                    nodes.pop(node_id, None)
            case SlaPeriodClosed():
                periods.append(KeptPeriod(change.figures, change.report, change.offset))
            case SlaOutageChanged():
                last[SlaOutageChanged, change.outage.id] = change.outage
            case SlaExclusionChanged():
                last[SlaExclusionChanged, change.exclusion.id] = change.exclusion
            case SlaWindowChanged():
                last[SlaWindowChanged, change.window_id] = change.history
            case SlaClockChanged():
                last[SlaClockChanged, change.alarm_id] = KeptClock(change.alarm_id, change.tenant_id, change.times)
            case SlaMeasured(summary=found):
                last[SlaMeasured, (found.instance_id, found.metric, found.start)] = found
            case FaultReported():
                last[FaultReported, change.report.id] = change.report
            case SlaInstanceChanged():
                last[SlaInstanceChanged, change.instance.id] = change.instance
            case _:
                pass

    def told(kind: type) -> list[Any]:
        return [fact for (found, _), fact in last.items() if found is kind]

    return SlaHistory(
        definitions=dict(world.sla.definitions),
        instances=told(SlaInstanceChanged),
        nodes=list(nodes.values()),
        windows=told(SlaWindowChanged),
        exclusions=told(SlaExclusionChanged),
        outages=told(SlaOutageChanged),
        clocks=told(SlaClockChanged),
        measurements=told(SlaMeasured),
        reports=told(FaultReported),
        breaches=[],
        periods=sorted(periods, key=lambda each: (each.figures.start, each.figures.revision)),
    )
