"""Ledger or PostgreSQL lost, or restored from a backup: nothing is mixed or left out in silence, and every way out leads out.

The real ledger on its real file, the real fold, the real store on a real PostgreSQL, the real command line.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trio
from acceptance.harness import PATIENCE, faultd
from vocabulary.faults import replace_fold

from actors.api.sql.alarms import get_alarm
from actors.ledger.actor import Ledger
from actors.ledger.database import LedgerFile as LedgerFile
from actors.ledger.prune import PruneLimits
from actors.mailbox import Append, EndOfFeed, FeedPruned, Outcome, Progress, Reply
from actors.metrics import Metrics
from actors.postgres import Postgres
from actors.store.actor import Store
from actors.store.cursor import LedgerMismatch, LedgerRestored
from actors.stream.board import Board
from actors.trusted_clock import TrustedClock, even
from faultd.consumer_seed import seed_of
from faultd.embedded import EmbeddedPostgres
from faultd.pipe import Pipe, Stages
from faultd.restore import restore
from protocols.event import Event, NetworkEvent, SystemReport, Tick

pytestmark = pytest.mark.acceptance

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
FAR = 1 << 60

OPEN = "SELECT title FROM alarms WHERE live AND status = 'active' AND alarm_type <> 'event.quarantined' ORDER BY title"
ENTRIES = 'SELECT * FROM alarm_timeline ORDER BY "offset", number'


def report(name: str, *, active: bool = True) -> SystemReport:
    return SystemReport(alarm_type=name, active=active, title=name)


class House:
    """Pipe and board of one start; PostgreSQL is reached by :meth:`store`."""

    def __init__(self, ledger: Ledger, ledger_id: str, stages: Stages, board: Board, appends: Any, clock: "Clock") -> None:
        self.ledger, self.ledger_id, self.stages, self.board, self.clock = ledger, ledger_id, stages, board, clock
        self.metrics = Metrics()
        self._appends = appends

    async def tell(self, *events: Event) -> int:
        """Each Event a batch of its own; ``seq`` of the last."""
        for event in events:
            self.clock.now += timedelta(seconds=1)
            answered: Reply[Outcome] = Reply()
            await self._appends.send(Append((event,), answered=answered))
            await answered.wait()
        return self.ledger.feed.last

    async def follow(self, database: Postgres) -> None:
        """Run a store until PostgreSQL has all. Raises what ends the store."""
        progress = Progress()
        seed = partial(seed_of, self.ledger.feed, self.board, self.clock, self.stages)
        store = Store(database, self.ledger.feed, self.ledger_id, progress, self.metrics, seed=seed)
        while self.board.seq < self.ledger.feed.last:
            await trio.lowlevel.checkpoint()
        async with trio.open_nursery() as nursery:
            await nursery.start(store.run)
            assert await progress.reach(self.ledger.feed.last, PATIENCE)
            nursery.cancel_scope.cancel()

    async def refused(self, database: Postgres, error: type[Exception]) -> str:
        """What the store says that does not start."""
        with pytest.RaisesGroup(pytest.RaisesExc(error)) as raised:
            await self.follow(database)
        return str(raised.value.exceptions[0])


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def open_house(file: Path, clock: Clock) -> AsyncIterator[House]:
    ledger_file, stages, seq = await trio.to_thread.run_sync(restore, file)
    pipe = Pipe(ledger_file, stages, TrustedClock(even(clock)), Metrics())
    ledger, appends = pipe.ledger, pipe.appends
    board = Board(seq, stages.state.alarms.values())

    async def pump() -> None:
        try:
            while True:
                for batch in await ledger.feed.after(board.seq):
                    board.fold(batch)
        except EndOfFeed:
            return

    async with trio.open_nursery() as nursery:
        await pipe.start(nursery)
        nursery.start_soon(pump)
        async with appends:
            yield House(ledger, ledger_file.ledger_id, stages, board, appends, clock)


def prune(file: Path) -> None:
    """Remove all that retention allows."""
    ledger = LedgerFile.open(file)
    while ledger.prune(PruneLimits(FAR, FAR, ledger.cursors().get("store", 0))).more:
        pass
    ledger.close()


async def rows(database: Postgres, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.fetch(sql)]


async def alarms(database: Postgres) -> list[dict[str, Any]]:
    """But for the offsets of repeats, which are history: those of a gap are missing."""
    found = await rows(database, "SELECT * FROM alarms ORDER BY id")
    return [{name: value for name, value in row.items() if name != "repeat_offsets"} for row in found]


async def titles(database: Postgres) -> list[str]:
    return [row["title"] for row in await database.fetch(OPEN)]


@pytest.fixture
def other_database(postgres_server: EmbeddedPostgres) -> Iterator[Callable[[str], str]]:
    """Copies of a database that nobody uses, dropped after the test."""
    admin = postgres_server.url_of("postgres")
    made: list[str] = []

    async def execute(sql: str) -> None:
        connection = await asyncpg.connect(admin)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    def copy(template: str) -> str:
        made.append(f"{template}_copy_{len(made)}")
        asyncio.run(execute(f"CREATE DATABASE {made[-1]} TEMPLATE {template} STRATEGY FILE_COPY"))
        return postgres_server.url_of(made[-1])

    yield copy
    for name in made:
        asyncio.run(execute(f"DROP DATABASE {name} WITH (FORCE)"))


def name_of(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


# --- the ledger is an older copy ------------------------------------------------------------------------------------


async def test_a_restored_ledger_is_refused_however_far_it_has_grown(
    tmp_path: Path, database_url: str, postgres_template: str, other_database: Callable[[str], str]
) -> None:
    file, backup, clock = tmp_path / "ledger.sqlite", tmp_path / "backup.sqlite", Clock()
    async with Postgres.open(database_url) as database:
        async with open_house(file, clock) as house:
            await house.tell(report("a"), report("b"))
            await house.follow(database)
        shutil.copy(file, backup)
        async with open_house(file, clock) as house:
            applied = await house.tell(report("c"), report("d"))
            await house.follow(database)
        before = await alarms(database)

        shutil.move(backup, file)
        async with open_house(file, clock) as house:
            said = await house.refused(database, LedgerRestored)
            assert f"has applied batch {applied} of this ledger" in said
            assert f"ends at batch {applied - 2}" in said
            assert "faultd restore --from-database" in said
            for name in ("e", "f", "g"):
                last = await house.tell(report(name))
                said = await house.refused(database, LedgerRestored)
                assert ("has another batch there" in said) == (last >= applied)
        assert last > applied
        async with open_house(file, clock) as house:
            await house.refused(database, LedgerRestored)
        assert await alarms(database) == before

        prune(file)
        async with open_house(file, clock) as house:
            assert "another batch" in await house.refused(database, LedgerRestored)
            # One way out: a new database.
            async with Postgres.open(other_database(postgres_template)) as new:
                await house.follow(new)
                assert await titles(new) == ["a", "b", "e", "f", "g"]


async def test_an_older_database_beside_an_older_ledger_catches_up(
    tmp_path: Path, database_url: str, other_database: Callable[[str], str]
) -> None:
    file, backup, clock = tmp_path / "ledger.sqlite", tmp_path / "backup.sqlite", Clock()
    async with open_house(file, clock) as house:
        await house.tell(report("a"))
        async with Postgres.open(database_url) as database:
            await house.follow(database)
        older = await trio.to_thread.run_sync(other_database, name_of(database_url))
        await house.tell(report("b"))
    shutil.copy(file, backup)
    async with open_house(file, clock) as house, Postgres.open(database_url) as database:
        await house.tell(report("c"))
        await house.follow(database)
    shutil.move(backup, file)
    async with open_house(file, clock) as house, Postgres.open(older) as database:
        await house.tell(report("d"))
        await house.follow(database)
        assert await titles(database) == ["a", "b", "d"]
        assert house.metrics.value("faultd_store_reseeds_total") == 0


# --- the ledger no longer has what the database lacks ----------------------------------------------------------------


async def test_a_new_database_is_filled_from_a_pruned_ledger(
    tmp_path: Path,
    database_url: str,
    postgres_template: str,
    other_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trip(_draft: Any, _event: NetworkEvent) -> None:
        raise RuntimeError("tripped")

    file, clock = tmp_path / "ledger.sqlite", Clock()
    async with Postgres.open(database_url) as first:
        async with open_house(file, clock) as house:
            await house.tell(report("a"), report("b"), report("b"), report("c"), report("a", active=False))
            with monkeypatch.context() as patch:
                replace_fold(patch, NetworkEvent, trip)
                await house.tell(NetworkEvent(type="device.up", tenant_id="t", resource_type="olt", resource_id="olt-1"))
            await house.follow(first)
        prune(file)
        async with open_house(file, clock) as house, Postgres.open(other_database(postgres_template)) as new:
            last = await house.tell(report("d"))
            await house.follow(new)
            assert await titles(new) == ["b", "c", "d"]
            await house.follow(first)
            assert await alarms(new) == await alarms(first)
            assert await rows(new, "SELECT * FROM quarantine") == await rows(first, "SELECT * FROM quarantine") != []
            assert house.metrics.value("faultd_store_reseeds_total") == 1
            (gap,) = await new.fetch("SELECT * FROM device_events WHERE event_name = 'history.gap'")
            assert (gap["detail"]["first"], gap["detail"]["last"]) == (1, last - 2)
            assert "batches 1 to " in gap["title"]
            # From here on it is a database like any other.
            await house.tell(report("b", active=False))
            await house.follow(new)
            await house.follow(first)
            assert await alarms(new) == await alarms(first)
            assert house.metrics.value("faultd_store_reseeds_total") == 1


async def test_an_older_database_keeps_all_history_but_that_of_the_pruned_batches(
    tmp_path: Path, database_url: str, other_database: Callable[[str], str]
) -> None:
    file, clock = tmp_path / "ledger.sqlite", Clock()
    async with open_house(file, clock) as house:
        await house.tell(report("gone"), report("kept"), report("repeated"))
        async with Postgres.open(database_url) as database:
            await house.follow(database)
        older = await trio.to_thread.run_sync(other_database, name_of(database_url))
        async with Postgres.open(database_url) as database:
            await house.tell(report("gone", active=False), report("raised in the gap"), report("repeated"))
            clock.now += timedelta(hours=25)
            await house.tell(Tick(), report("also in the gap"))
            await house.follow(database)
    prune(file)
    clock.now += timedelta(minutes=1)
    async with open_house(file, clock) as house:
        (kept,) = await house.ledger.feed.after(house.ledger.feed.last - 1)
        await house.tell(report("kept", active=False), report("repeated"), report("raised after"))
        await house.tell(report("also in the gap", active=False))
        async with Postgres.open(database_url) as straight, Postgres.open(older) as database:
            await house.follow(straight)
            await house.follow(database)
            expected, found = await alarms(straight), await alarms(database)
            gone, ended = expected.pop(_index(expected)), found.pop(_index(found))
            assert found == expected
            # Its clear is in the gap; that it is over is known, when and by whom is not.
            assert (gone["status"], gone["live"]) == (ended["status"], ended["live"]) == ("cleared", False)
            assert ended["cleared_by"] == "faultd:history_gap"
            entries = await rows(database, ENTRIES)
            missing = [entry for entry in await rows(straight, ENTRIES) if entry not in entries]
            assert missing
            assert all(3 < entry["offset"] < kept.through for entry in missing)
            assert [entry for entry in await rows(straight, ENTRIES) if entry not in missing] == entries


def _index(found: list[dict[str, Any]]) -> int:
    return next(index for index, row in enumerate(found) if row["title"] == "gone")


async def test_without_a_seed_a_database_that_is_too_old_ends_the_store(
    tmp_path: Path, database_url: str, postgres_template: str, other_database: Callable[[str], str]
) -> None:
    file, clock = tmp_path / "ledger.sqlite", Clock()
    async with Postgres.open(database_url) as database, open_house(file, clock) as house:
        await house.tell(report("a"), report("b"))
        await house.follow(database)
    prune(file)
    async with open_house(file, clock) as house, Postgres.open(other_database(postgres_template)) as new:
        store = Store(new, house.ledger.feed, house.ledger_id, Progress(), Metrics())
        with pytest.raises(FeedPruned):
            await store.run()


# --- the ledger is lost ---------------------------------------------------------------------------------------------


async def test_another_ledger_goes_on_with_the_database_once_an_admin_says_so(tmp_path: Path, database_url: str) -> None:
    clock = Clock()
    config = tmp_path / "faultd.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n[database]\nurl = "{database_url}"\n')
    file = tmp_path / "ledger.sqlite"
    migrate = partial(trio.to_thread.run_sync, faultd, "migrate", "--adopt-ledger", "--config", str(config))
    async with Postgres.open(database_url) as database:
        async with open_house(file, clock) as house:
            await house.tell(report("a"), report("b"), report("b", active=False))
            await house.follow(database)
            old = house.ledger_id
        (lost,) = await rows(database, "SELECT * FROM alarms WHERE status = 'active'")
        assert "nothing to adopt" in (await migrate()).stdout

        shutil.move(file, tmp_path / "lost.sqlite")
        async with open_house(file, clock) as house:
            await house.tell(report("c"), report("d"))
            said = await house.refused(database, LedgerMismatch)
            assert f"was filled from ledger {old}" in said
            assert "faultd migrate --adopt-ledger" in said
            refused = await migrate()
            assert refused.returncode == 73
            assert "in use by process" in refused.stderr
        assert await rows(database, "SELECT * FROM alarms WHERE status = 'active'") == [lost]

        done = await migrate()
        assert done.returncode == 0, done.stderr
        assert f"ledger {old} (up to batch 3) -> {house.ledger_id}; 1 open alarms became history" in done.stdout
        async with open_house(file, clock) as house:
            await house.follow(database)
            assert await titles(database) == ["c", "d"]
        assert lost["alarm_id"] in [row["alarm_id"] for row in await rows(database, "SELECT * FROM alarms WHERE live")]
        found = await get_alarm(database, lost["alarm_id"])
        assert found is not None
        assert found.title == "c"
        history = await get_alarm(database, str(lost["id"]))
        assert history is not None
        assert (history.status, history.cleared_by) == ("cleared", "faultd:ledger_replaced")
        assert "nothing to adopt" in (await migrate()).stdout


async def test_an_older_copy_of_the_ledger_is_not_adopted(tmp_path: Path, database_url: str) -> None:
    clock = Clock()
    config = tmp_path / "faultd.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n[database]\nurl = "{database_url}"\n')
    file, backup = tmp_path / "ledger.sqlite", tmp_path / "backup.sqlite"
    async with Postgres.open(database_url) as database:
        async with open_house(file, clock) as house:
            await house.tell(report("a"))
        shutil.copy(file, backup)
        async with open_house(file, clock) as house:
            await house.tell(report("b"))
            await house.follow(database)
        shutil.move(backup, file)
        for more in ((), (report("c"), report("d"))):
            async with open_house(file, clock) as house:
                await house.tell(*more)
            done = await trio.to_thread.run_sync(faultd, "migrate", "--adopt-ledger", "--config", str(config))
            assert done.returncode == 78
            assert "restored from an older copy" in done.stderr
        assert await titles(database) == ["a", "b"]
