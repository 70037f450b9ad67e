"""Closed periods recomputed from a real PostgreSQL: equal to what the stage closed, or the difference line by line."""

from typing import Any

import pytest
from vocabulary.sla import SlaWorld, us
from vocabulary.sla_history import MIDNIGHT, fill, four_days

from actors.postgres import Postgres
from actors.store.sla_read import SlaHistory, read_history
from faultd.sla_history.recompute import RecomputedPeriod, recompute


@pytest.fixture(scope="module")
def world() -> SlaWorld:
    return four_days()


async def history_of(database: Postgres) -> SlaHistory:
    ids = [row["id"] for row in await database.fetch("SELECT id FROM sla_instances ORDER BY id")]

    async def read(connection: Any) -> SlaHistory:
        async with connection.transaction():
            return await read_history(connection, ids)

    return await database.run(read)


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
