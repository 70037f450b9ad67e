"""The store actor on a real PostgreSQL that goes away, comes back, and is pulled from under its transactions."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from actors.ledger.consumers import ConsumerPolicy, Consumers
from actors.ledger.feed import LedgerFeed
from actors.mailbox import FeedPruned, Progress
from actors.metrics import Metrics
from actors.postgres import Postgres
from actors.store.actor import Store, backoff
from actors.store.adopt import adopt
from actors.store.apply import apply
from actors.store.cursor import LedgerMismatch, read_cursor
from actors.store.schema import SchemaOlder, migrate
from actors.store.settings import StoreSettings
from faultd import embedded
from protocols.change import AlarmChanged, AlarmRepeated, Change, Quarantined
from protocols.ledger import RecordedBatch

STORE = {"store": ConsumerPolicy(begins="oldest")}
QUICK = StoreSettings(group_changes=3, reconnect_min_seconds=0.01, reconnect_max_seconds=0.05, min_interval_seconds=0)
ENOUGH = 60.0
T0 = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)

CRASHES = """
CREATE SEQUENCE crash_clock;
CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A sequence moves on even when the transaction is rolled back.
    IF nextval('crash_clock') IN (2, 3, 7, 12, 13) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER crash AFTER INSERT ON alarms FOR EACH STATEMENT EXECUTE FUNCTION crash();
CREATE TRIGGER crash AFTER INSERT ON alarm_timeline FOR EACH STATEMENT EXECUTE FUNCTION crash();
CREATE CONSTRAINT TRIGGER crash_at_commit AFTER UPDATE ON faultd_cursor DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION crash();
"""


class Rig:
    """A store with all around it. ``publish`` records one batch."""

    def __init__(self, database: Postgres, ledger_id: str = "ledger", settings: StoreSettings = QUICK, seq: int = 0) -> None:
        self.feed = LedgerFeed(Path("unused"), seq, Consumers(STORE, {}, 0, seq), batches=10_000, size=2**40)
        self.progress, self.metrics = Progress(), Metrics()
        self.store = Store(database, self.feed, ledger_id, self.progress, self.metrics, settings, lambda: 0.5)
        self._moved = trio.Event()
        self._set_up = self.metrics.store_up.set
        self.metrics.store_up.set = self._on_up  # type: ignore[method-assign]

    def _on_up(self, value: float) -> None:
        self._set_up(value)
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def until_up(self, value: float) -> None:
        """Wait for the metric ``faultd_store_up`` to be ``value``."""
        with trio.fail_after(ENOUGH):
            while self.metric("up") != value:
                await self._moved.wait()

    def publish(self, *changes: Change) -> int:
        batch = RecordedBatch(self.feed.last + 1, self.feed.last + 1, changes)
        self.feed.publish([(batch, 1)], trio.current_time())
        return batch.seq

    def lag(self) -> tuple[int, float]:
        found = self.feed.lags()["store"]
        return found.lag_batches, found.lag_seconds

    def metric(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"faultd_store_{name}")


@asynccontextmanager
async def running(rig: Rig) -> Any:
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: rig.store.run(task_status=task_status))
        yield nursery
        nursery.cancel_scope.cancel()


def storm(changed_of: Callable[..., AlarmChanged], count: int) -> list[list[Change]]:
    """Batches of changes and repeats of a few alarms, over a month's end."""
    batches: list[list[Change]] = []
    for offset in range(1, count + 1):
        change = changed_of(offset, offset % 4, title=f"change {offset}", occurrence_count=offset, revision=offset)
        repeat = AlarmRepeated(offset, change.alarm.id, change.alarm.last_occurrence, offset + 1000, offset + 1)
        batches.append([change, repeat] if offset % 3 else [change])
    return batches


async def test_it_applies_what_is_recorded_and_ends_with_the_feed(
    database_url: str, changed_of: Callable[..., AlarmChanged]
) -> None:
    async with Postgres.open(database_url) as database:
        rig = Rig(database)
        async with trio.open_nursery() as nursery:
            await nursery.start(lambda task_status: rig.store.run(task_status=task_status))
            last = rig.publish(changed_of(1, 1))
            assert await rig.progress.reach(last, ENOUGH)
            assert await database.fetchval("SELECT count(*) FROM alarms") == 1
            assert (rig.metric("up"), rig.lag()) == (1, (0, 0))
            rig.publish(changed_of(2, 2))
            last = rig.publish()
            rig.feed.close()
        assert rig.progress.seq == rig.feed.lags()["store"].acknowledged == last
        assert await database.fetchval("SELECT count(*) FROM alarms") == 2
        assert (await database.run(read_cursor, "ledger")).seq == last


async def test_a_new_incarnation_goes_on_where_the_cursor_is(
    database_url: str, changed_of: Callable[..., AlarmChanged]
) -> None:
    async with Postgres.open(database_url) as database:
        rig = Rig(database)
        for _ in range(3):
            last = rig.publish(changed_of(rig.feed.last + 1, rig.feed.last + 1))
            async with running(rig):
                assert await rig.progress.reach(last, ENOUGH)
            rig.store = Store(database, rig.feed, "ledger", rig.progress, rig.metrics, QUICK)
        assert await database.fetchval("SELECT count(*) FROM alarm_timeline") == 3


async def test_backends_killed_inside_transactions_change_nothing(
    database_url: str, changed_of: Callable[..., AlarmChanged], tables: Callable[..., Any]
) -> None:
    batches = storm(changed_of, 24)
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "ledger")
        for seq, batch in enumerate(batches, start=1):
            await database.run(apply, "ledger", seq - 1, seq, batch, set())
        expected = await database.run(tables)
        await database.execute("TRUNCATE alarms, alarm_timeline, faultd_cursor")
        await database.execute(CRASHES)
        rig = Rig(database)
        async with running(rig):
            for batch in batches:
                last = rig.publish(*batch)
            assert await rig.progress.reach(last, ENOUGH)
        assert await database.run(tables) == expected
        assert await database.fetchval("SELECT last_value FROM crash_clock") > 13
        assert rig.metric("reconnects_total") == 5


@pytest.fixture
def own_server() -> Iterator[embedded.EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="faultd-store-") as directory:
        server = embedded.start(Path(directory), settings={"fsync": "off"})
        try:
            migrate(server.url)
            yield server
        finally:
            server.stop()


async def test_a_server_stopped_and_started_is_caught_up_with(
    own_server: embedded.EmbeddedPostgres, changed_of: Callable[..., AlarmChanged]
) -> None:
    batches = storm(changed_of, 30)
    async with Postgres.open(own_server.url) as database:
        rig = Rig(database)
        async with running(rig):
            for batch in batches[:10]:
                first = rig.publish(*batch)
            assert await rig.progress.reach(first, ENOUGH)
            await trio.to_thread.run_sync(own_server.stop)
            for batch in batches[10:]:
                last = rig.publish(*batch)
            await rig.until_up(0)
            assert rig.lag()[0] == 20
            assert rig.lag()[1] > 0
            assert rig.progress.seq == first
            await trio.to_thread.run_sync(own_server.start)
            assert await rig.progress.reach(last, ENOUGH)
            assert (rig.metric("up"), rig.lag()) == (1, (0, 0))
        assert await database.fetchval("SELECT count(*) FROM alarm_timeline") == 30
        assert await database.fetchval("SELECT max(occurrence_count) FROM alarms") == 1029


async def test_it_starts_while_the_server_is_away(
    own_server: embedded.EmbeddedPostgres, changed_of: Callable[..., AlarmChanged]
) -> None:
    await trio.to_thread.run_sync(own_server.stop)
    async with Postgres.open(own_server.url) as database:
        rig = Rig(database)
        last = rig.publish(changed_of(1, 1))
        async with running(rig):
            assert rig.metric("up") == 0
            await trio.to_thread.run_sync(own_server.start)
            assert await rig.progress.reach(last, ENOUGH)


async def test_a_second_writer_neither_doubles_nor_loses(
    database_url: str, changed_of: Callable[..., AlarmChanged], tables: Callable[..., Any]
) -> None:
    batches = storm(changed_of, 20)
    async with Postgres.open(database_url) as database, Postgres.open(database_url) as other:
        rigs = [Rig(database), Rig(other)]
        async with running(rigs[0]), running(rigs[1]):
            for batch in batches:
                for rig in rigs:
                    last = rig.publish(*batch)
            for rig in rigs:
                assert await rig.progress.reach(last, ENOUGH)
        assert await database.fetchval("SELECT count(*) FROM alarm_timeline") == 20
        assert (await database.run(read_cursor, "ledger")).seq == last


async def test_poison_is_counted_and_passed(database_url: str, changed_of: Callable[..., AlarmChanged]) -> None:
    async with Postgres.open(database_url) as database:
        rig = Rig(database)
        async with running(rig):
            rig.publish(changed_of(1, 1), changed_of(2, 2, subscriber_count=2**70))
            last = rig.publish(changed_of(3, 3))
            assert await rig.progress.reach(last, ENOUGH)
        assert [row["alarm_id"] for row in await database.fetch("SELECT alarm_id FROM alarms ORDER BY id")] == ["A-1", "A-3"]
        assert await database.fetchval("SELECT count(*) FROM store_rejects") == 1
        assert rig.metric("rejects_total") == rig.metric("rejected_changes") == 1
        # A later start knows of it, and an operator's remedy ends it.
        rig = Rig(database, settings=StoreSettings(probe_seconds=0.01), seq=last)
        async with running(rig):
            await rig.until_up(1)
            assert (rig.metric("rejects_total"), rig.metric("rejected_changes")) == (0, 1)
            await database.execute("DELETE FROM store_rejects")
            with trio.fail_after(ENOUGH):
                while rig.metric("rejected_changes"):
                    await trio.lowlevel.checkpoint()


async def test_what_was_read_before_a_gap_is_applied_before_the_gap_is_told(
    database_url: str, changed_of: Callable[..., AlarmChanged], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Postgres.open(database_url) as database:
        rig = Rig(database, settings=QUICK)
        for offset in range(1, 11):
            rig.publish(changed_of(offset, offset))
        asked: list[int] = []
        read = rig.feed.after

        async def after(seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
            asked.append(seq)
            if seq >= 6:
                raise FeedPruned(seq, 9)
            return await read(seq, 4 if seq == 0 else 2)

        monkeypatch.setattr(rig.feed, "after", after)
        with trio.fail_after(ENOUGH), pytest.raises(FeedPruned):
            await rig.store.run()
        # Of the first four, three are applied while two more are read, and one with those two while the gap is found.
        assert asked == [0, 4, 6]
        assert rig.progress.seq == 6
        assert (await database.run(read_cursor, "ledger")).seq == 6
        assert await database.fetchval("SELECT count(*) FROM alarms") == 6


async def test_under_load_changes_come_together_unless_one_is_waited_for(
    database_url: str, changed_of: Callable[..., AlarmChanged]
) -> None:
    settings = StoreSettings(interval_seconds=1_000_000, min_interval_seconds=0)
    async with Postgres.open(database_url) as database:
        rig = Rig(database, settings=settings)
        async with running(rig):
            assert await rig.progress.reach(rig.publish(changed_of(1, 1)), ENOUGH)
            rig.publish(changed_of(2, 2))
            last = rig.publish(changed_of(3, 3))
            assert await database.fetchval("SELECT count(*) FROM alarms") == 1
            assert rig.progress.seq == 1
            assert await rig.progress.reach(last, ENOUGH)
            assert rig.metric("apply_seconds_count") == 2


async def test_another_ledger_ends_it_with_a_clear_error(database_url: str, changed_of: Callable[..., AlarmChanged]) -> None:
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "old ledger")
        await database.run(apply, "old ledger", 0, 1, [changed_of(1, 1)], set())
        with pytest.raises(LedgerMismatch, match="old ledger"):
            await Rig(database, "new ledger").store.run()


async def test_an_adopted_database_goes_on_with_the_new_ledger(
    database_url: str, changed_of: Callable[..., AlarmChanged]
) -> None:
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "old ledger")
        resolved = changed_of(2, 2, status="resolved", cleared_at=T0, cleared_by="user:eve")
        await database.run(apply, "old ledger", 0, 7, [changed_of(1, 1), resolved, Quarantined(3, T0, "trap", "x")], set())
        assert await database.run(adopt, "new ledger", T0 + timedelta(days=1)) == 1
        rig = Rig(database, "new ledger")
        async with running(rig):
            assert await rig.progress.reach(rig.publish(changed_of(1, 3)), ENOUGH)
        rows = await database.fetch("SELECT status, cleared_at, cleared_by, live FROM alarms ORDER BY id")
        assert [tuple(row) for row in rows] == [
            ("cleared", T0 + timedelta(days=1), "faultd:ledger_replaced", False),
            ("resolved", T0, "user:eve", False),
            ("active", None, None, True),
        ]
        assert await database.fetchval("SELECT count(*) FROM quarantine") == 0


async def test_a_missing_schema_ends_it_with_a_clear_error(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url) as database:
        with pytest.raises(SchemaOlder, match="faultd migrate"):
            await Rig(database).store.run()


async def test_one_that_migrates_brings_an_empty_database_up_to_date_and_follows(
    empty_database_url: str, changed_of: Callable[..., AlarmChanged]
) -> None:
    async with Postgres.open(empty_database_url) as database:
        rig = Rig(database)
        rig.store = Store(database, rig.feed, "ledger", rig.progress, rig.metrics, QUICK, migrates=True)
        assert (rig.store.presence.up, rig.store.presence.schema_checked) == (False, False)
        async with running(rig):
            assert await rig.progress.reach(rig.publish(changed_of(1, 1)), ENOUGH)
            assert (rig.store.presence.up, rig.store.presence.schema_checked) == (True, True)
        assert await database.fetchval("SELECT count(*) FROM alarms") == 1


async def test_a_migration_that_is_refused_is_an_absence_with_its_reason(
    empty_database_url: str, changed_of: Callable[..., AlarmChanged]
) -> None:
    async with Postgres.open(empty_database_url) as database:
        rig = Rig(database)
        rig.store = Store(database, rig.feed, "ledger", rig.progress, rig.metrics, QUICK, migrates=True)
        await database.execute("CREATE TABLE alarms ()")
        async with running(rig):
            with trio.fail_after(ENOUGH):
                await rig.store.presence.tried.wait()
            assert "cannot be brought up to date" in rig.store.presence.reason
            assert "already exists" in rig.store.presence.reason
            await database.execute("DROP TABLE alarms")
            assert await rig.progress.reach(rig.publish(changed_of(1, 1)), ENOUGH)
            assert rig.store.presence.reason == ""


async def test_an_idle_store_notices_that_the_server_went(own_server: embedded.EmbeddedPostgres) -> None:
    settings = StoreSettings(probe_seconds=0.01, reconnect_min_seconds=0.01, reconnect_max_seconds=0.01)
    async with Postgres.open(own_server.url) as database:
        rig = Rig(database, settings=settings)
        async with running(rig):
            await rig.until_up(1)
            await trio.to_thread.run_sync(own_server.stop)
            await rig.until_up(0)
            await trio.to_thread.run_sync(own_server.start)
            await rig.until_up(1)


async def test_an_idle_store_notices_that_the_database_was_restored(
    database_url: str, changed_of: Callable[..., AlarmChanged], tables: Callable[..., Any]
) -> None:
    settings = StoreSettings(probe_seconds=0.01, reconnect_min_seconds=0.01, reconnect_max_seconds=0.01)
    async with Postgres.open(database_url) as database:
        rig = Rig(database, settings=settings)
        async with running(rig):
            for number in (1, 2, 3):
                last = rig.publish(changed_of(number, number))
            assert await rig.progress.reach(last, ENOUGH)
            whole = await database.run(tables)
            # As a backup has it that was made before the last two: rows and cursor are of one transaction.
            await database.execute(
                'WITH gone AS (DELETE FROM alarm_timeline WHERE "offset" > 1), older AS (UPDATE faultd_cursor SET seq = 1, '
                "events_through = 1) DELETE FROM alarms WHERE alarm_id <> 'A-1'"
            )
            with trio.fail_after(ENOUGH):
                while await database.run(tables) != whole:
                    pass
        assert rig.metric("reconnects_total") == 1


def test_backoff_doubles_between_its_bounds() -> None:
    settings = StoreSettings(reconnect_min_seconds=1, reconnect_max_seconds=5)
    assert [backoff(failures, settings, lambda: 1.0) for failures in range(5)] == [1, 2, 4, 5, 5]
    assert backoff(10_000, settings, lambda: 0.0) == 2.5


async def test_an_absence_is_logged_once_a_minute_and_for_each_reason(
    autojump_clock: trio.testing.MockClock,
) -> None:
    settings = StoreSettings(reconnect_min_seconds=1, reconnect_max_seconds=1)
    async with Postgres.open("postgresql://nobody@127.0.0.1:1/none") as database:
        store = Rig(database, settings=settings).store
        began = trio.current_time()
        with structlog.testing.capture_logs() as said:
            while trio.current_time() < began + 150:
                await store._pause(OSError("refused"))
            await store._pause(OSError("no such host"))
    assert [each["error"] for each in said] == ["refused"] * 3 + ["no such host"]
    assert said[1]["attempts"] > 50
