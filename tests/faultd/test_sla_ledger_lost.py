"""Service level agreements survive a lost ledger: through a real PostgreSQL into a new one, to the microsecond."""

from contextlib import closing
from functools import partial
from pathlib import Path

import trio
from vocabulary.sla import us
from vocabulary.sla_lives import APRIL, lived, sums

from actors.ledger.read import iterate_events
from actors.ledger.schema import connect_reader
from actors.postgres import Postgres
from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.store.adopt import adopt_restored
from actors.store.apply import apply
from actors.store.cursor import BatchMark, read_cursor
from actors.store.operator_read import read_operator_data
from faultd.new_ledger import begin_ledger
from faultd.restore import restore
from protocols.change import Change
from protocols.sla.changes import SlaPeriodClosed


async def test_availability_after_the_restore_equals_that_before(database_url: str, tmp_path: Path) -> None:
    world = lived()
    now = world.now
    changes: list[Change] = list(world.stages.made())
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "old")
        assert await database.run(apply, "old", 0, 1, changes, set(), BatchMark(world.offset, now)) == []
        before = await database.fetch("SELECT id, revision FROM sla_breaches ORDER BY id")
        data = await trio.to_thread.run_sync(read_operator_data, database_url, now)
        path = tmp_path / "ledger.sqlite"
        begun = await trio.to_thread.run_sync(begin_ledger, path, data, now)
        await trio.to_thread.run_sync(partial(adopt_restored, database_url, begun.ledger_id, begun.begins, now))
        found = await trio.to_thread.run_sync(restore, path)
        with closing(connect_reader(path)) as connection:
            for batch in iterate_events(connection, path, found.stages.state.offset, found.database.head.offset):
                # What has no Change to record is folded by the start.
                found.stages.fold_batch(batch)
        found.database.close()
        state = found.stages.sla
        running = [each for each in world.sla.instances if each.end is None]
        assert len(running) == 4
        for instance in running:
            period = period_of(state, instance, us(APRIL + 2_000))
            assert period is not None
            figures = figures_of(EvidenceReader(state), instance, period, us(APRIL + 2_000))
            assert sums(figures) == sums(world.figures(instance)), instance.id
        assert any(world.figures(each).down for each in running)
        assert state.breaches == world.sla.breaches
        assert state.periods == world.sla.periods
        assert await database.fetch("SELECT id, revision FROM sla_breaches ORDER BY id") == before
        assert [change for change in changes if isinstance(change, SlaPeriodClosed)]
