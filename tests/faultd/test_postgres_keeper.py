"""The embedded PostgreSQL is started again when it is killed and when it hangs; a start that fails is tried again."""

import asyncio
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import trio
from trio.testing import MockClock

from actors.metrics import Metrics
from faultd import embedded
from faultd.embedded import EmbeddedPostgresError
from faultd.postgres_keeper import PostgresKeeper
from faultd.postgres_programs import processes_in

PATIENCE = 60.0
START = partial(embedded.start, settings={"fsync": "off"})


@pytest.fixture
def state_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="faultd-keeper-") as directory:
        yield Path(directory)
        assert not list(processes_in(Path(directory) / "postgres")), "a server was left running"


async def until_it_answers(url: str, sql: str = "SELECT 1") -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    with trio.fail_after(PATIENCE):
        while True:
            try:
                return await trio.to_thread.run_sync(asyncio.run, ask())
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await trio.sleep(0.05)


def postmaster(state_dir: Path) -> psutil.Process:
    return psutil.Process(int((state_dir / "postgres" / "postmaster.pid").read_text().split()[0]))


async def test_one_that_is_killed_or_hangs_is_started_again(state_dir: Path) -> None:
    metrics = Metrics()
    keeper = PostgresKeeper(state_dir, metrics, start=START, hung_seconds=2.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        await until_it_answers(keeper.url, "CREATE TABLE kept AS SELECT 42 AS n")
        first = postmaster(state_dir)
        first.kill()
        assert await until_it_answers(keeper.url, "SELECT n FROM kept") == 42
        second = postmaster(state_dir)
        assert second.pid != first.pid
        assert metrics.value("faultd_embedded_postgres_restarts_total") >= 1
        with trio.fail_after(PATIENCE):
            while keeper.trouble:
                await trio.lowlevel.checkpoint()
        second.suspend()
        assert await until_it_answers(keeper.url, "SELECT n FROM kept") == 42
        assert not second.is_running()
        assert metrics.value("faultd_embedded_postgres_restarts_total") >= 2
        nursery.cancel_scope.cancel()


async def test_a_start_that_fails_is_told_and_tried_again(state_dir: Path, autojump_clock: MockClock) -> None:
    starts, often = 0, trio.Event()

    def start(*_: Any, **__: Any) -> Any:
        nonlocal starts
        starts += 1
        if starts == 20:
            trio.from_thread.run_sync(often.set)
        raise EmbeddedPostgresError(f"no room, {starts}")

    keeper = PostgresKeeper(state_dir, Metrics(), start=start)
    assert "being started" in keeper.trouble
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        await keeper.failed.wait()
        assert keeper.trouble == "the embedded PostgreSQL cannot be started: no room, 1"
        await often.wait()
        nursery.cancel_scope.cancel()
    assert keeper.trouble.startswith("the embedded PostgreSQL cannot be started: no room, ")


async def test_given_up_while_it_starts_it_leaves_nothing(state_dir: Path) -> None:
    keeper = PostgresKeeper(state_dir, Metrics(), start=START)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        with trio.fail_after(PATIENCE):
            while not (state_dir / "postgres.new").exists():
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert not list(processes_in(state_dir / "postgres.new"))
    again = START(state_dir)
    assert again.process
    again.stop()
