"""Closed periods recomputed from a real PostgreSQL: equal to what the stage closed, or the difference line by line."""

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from vocabulary.sla import SlaWorld, plan_window, us

from actors.postgres import Postgres
from actors.sla_clock.held import held_changes
from actors.store.apply import apply
from actors.store.cursor import read_cursor
from actors.store.sla_read import SlaHistory, read_history
from faultd.sla_history.recompute import RecomputedPeriod, recompute
from protocols.change import Change, NodesChanged
from protocols.sla.actions import CorrectOutage
from protocols.sla.changes import SlaChange, SlaDefinitionChanged, SlaInstanceChanged
from protocols.sla.credit_models import CreditTier, TierCredits
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule

DAY = 86_400
MIDNIGHT = 21 * 3600
"""The first midnight, in seconds after the start."""
TIERS = TierCredits(rule="tiers", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal(10)),))


@pytest.fixture(scope="module")
def world() -> SlaWorld:
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


async def history_of(database: Postgres) -> SlaHistory:
    ids = [row["id"] for row in await database.fetch("SELECT id FROM sla_instances ORDER BY id")]

    async def read(connection: Any) -> SlaHistory:
        async with connection.transaction():
            return await read_history(connection, ids)

    return await database.run(read)


async def fill(database: Postgres, world: SlaWorld) -> None:
    await database.run(read_cursor, "ledger")
    assert await database.run(apply, "ledger", 0, 1, changes_of(world), set()) == []


def lines(found: list[RecomputedPeriod]) -> list[tuple[str, str, str]]:
    return [(each.figure, each.kept, each.recomputed) for period in found for each in period.differences]


async def test_every_closed_period_follows_from_the_rows(database_url: str, world: SlaWorld) -> None:
    async with Postgres.open(database_url) as database:
        await fill(database, world)
        found = list(recompute(await history_of(database)))
    assert len(found) == 8
    assert lines(found) == []
    for each in found:
        if each.kept.report is not None:
            assert each.report.timeline == each.kept.report.timeline
            assert each.report.exclusions == each.kept.report.exclusions
            assert each.report.clocks == each.kept.report.clocks
            assert [line.amount for line in each.report.credits] == [line.amount for line in each.kept.report.credits]
    assert max(each.revision for each in found) > 1
    assert sum(each.figures.breaches for each in found) > 2
    assert sum(each.figures.credit for each in found) > 0


async def test_a_row_changed_by_hand_is_found(database_url: str, world: SlaWorld) -> None:
    async with Postgres.open(database_url) as database:
        await fill(database, world)
        await database.fetch("UPDATE sla_outages SET end_time = end_time - interval '1 hour' WHERE alarm_type = 'device.down'")
        found = list(recompute(await history_of(database)))
    wrong = [each for each in found if each.differences]
    assert {each.period_start for each in wrong} == {us(MIDNIGHT)}
    assert ("down", "75600 s", "75600 s") not in lines(wrong)
    figures = {figure for figure, _, _ in lines(wrong)}
    assert {"up", "down", "availability"} <= figures
    (texts,) = {each[1:] for each in lines(wrong) if each[0] == "down" and each[1] == "14400 s"} or {("", "")}
    assert texts == ("14400 s", "10800 s")


async def test_what_changed_since_is_said(database_url: str, world: SlaWorld) -> None:
    async with Postgres.open(database_url) as database:
        await fill(database, world)
        history = await history_of(database)
    offset = max(each.offset for each in history.periods)
    nodes = [(node, offset + 1 if node.id == "olt-1/1" else revision) for node, revision in history.nodes]
    moved = SlaHistory(**{**{name: getattr(history, name) for name in SlaHistory.__struct_fields__}, "nodes": nodes})
    assert {note for each in recompute(moved) for note in each.notes} == {
        "the topology above it has changed since then: olt-1/1"
    }
    lost = SlaHistory(**{**{name: getattr(history, name) for name in SlaHistory.__struct_fields__}, "nodes": nodes[:1]})
    assert any("the topology does not have" in note for each in recompute(lost) for note in each.notes)
