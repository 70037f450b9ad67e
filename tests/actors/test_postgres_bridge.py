"""asyncpg behind trio, against a real PostgreSQL: results, errors, cancellation and the end of the thread."""

import asyncio
import math
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import trio

from actors import postgres
from actors.postgres import Connect, Connection, DatabaseUnavailable, Postgres


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = {thread for thread in threading.enumerate() if thread.name == "postgres"}
    yield
    assert {thread for thread in threading.enumerate() if thread.name == "postgres"} == before


async def test_rows_values_and_json_come_back(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url) as database:
        assert [tuple(row) for row in await database.fetch("SELECT n, $1::text FROM generate_series(1, 2) n", "x")] == [
            (1, "x"),
            (2, "x"),
        ]
        assert await database.fetchrow("SELECT 1 WHERE false") is None
        assert await database.fetchval("SELECT 1 WHERE false") is None
        value = {"a": [1, 2.5, None, "ü"]}
        for kind in ("json", "jsonb"):
            assert await database.fetchval(f"SELECT $1::{kind}", value) == value
            assert await database.fetchval(f"SELECT $1::{kind}", msgspec.Raw(b'{"ready": true}')) == {"ready": True}
        assert await database.execute("CREATE TABLE t (n int)") == "CREATE TABLE"


async def test_a_function_has_one_connection_and_its_transaction(empty_database_url: str) -> None:
    async def fill(connection: Connection, number: int) -> str:
        async with connection.transaction():
            await connection.execute("CREATE TABLE t (n int)")
            await connection.execute("INSERT INTO t SELECT generate_series(1, $1)", number)
            return threading.current_thread().name

    async with Postgres.open(empty_database_url) as database:
        assert await database.run(fill, 3) == "postgres"
        assert await database.fetchval("SELECT sum(n) FROM t") == 6


async def test_faulty_sql_and_data_raise_as_they_are(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url) as database:
        with pytest.raises(asyncpg.UndefinedTableError):
            await database.fetch("SELECT * FROM nowhere")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await database.fetch("SELECT 1 / 0")
        with pytest.raises(asyncpg.DataError, match="invalid input"):
            await database.fetch("SELECT $1::int", "no number")
        assert await database.fetchval("SELECT 1") == 1


async def test_many_tasks_share_few_connections(empty_database_url: str) -> None:
    results: list[int] = []
    async with Postgres.open(empty_database_url, size=2) as database:

        async def ask(number: int) -> None:
            results.append(await database.fetchval("SELECT $1::int", number))

        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(ask, number)
        assert await database.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") <= 2
    assert sorted(results) == list(range(50))


async def test_opening_needs_no_server_and_calls_say_that_it_is_away(tmp_path: Path) -> None:
    async with Postgres.open(f"postgresql://postgres@/x?host={tmp_path}", connect_timeout=1) as database:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                await database.fetch("SELECT 1")
    with trio.socket.socket() as unused:
        await unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with Postgres.open(f"postgresql://postgres@127.0.0.1:{port}/x", connect_timeout=1) as database:
            with pytest.raises(DatabaseUnavailable, match="Refused"):
                await database.fetch("SELECT 1")


async def test_a_server_that_never_answers_is_unavailable_not_waited_for() -> None:
    with trio.socket.socket() as silent:
        await silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/x?sslmode=disable"
        async with Postgres.open(url, connect_timeout=0.05) as database:
            with pytest.raises(DatabaseUnavailable, match="Timeout"):
                await database.fetch("SELECT 1")


async def test_an_unknown_database_is_unavailable(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url.replace("/test_", "/absent_")) as database:
        with pytest.raises(DatabaseUnavailable, match="does not exist"):
            await database.fetch("SELECT 1")


async def test_a_terminated_connection_is_unavailable_once(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url, size=1) as database:
        with pytest.raises(DatabaseUnavailable):
            await database.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert await database.fetchval("SELECT 1") == 1


async def test_a_connection_lost_between_two_statements_is_unavailable(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url, size=2) as database:

        async def lose(connection: Connection) -> None:
            await terminate(connection)
            while not connection.is_closed():  # noqa: ASYNC110 - asyncpg offers no event for it on a pooled connection
                await asyncio.sleep(0)
            await connection.execute("SELECT 1")

        async def terminate(connection: Connection) -> None:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            other = await asyncpg.connect(empty_database_url)
            try:
                await other.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            finally:
                await other.close()

        with pytest.raises(DatabaseUnavailable):
            await database.run(lose)


async def test_a_statement_over_its_time_is_unavailable(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url, command_timeout=0.05) as database:
        with pytest.raises(DatabaseUnavailable):
            await database.execute("SELECT pg_sleep(600)")
        assert await database.fetchval("SELECT 1") == 1


async def test_a_call_behind_a_lock_is_unavailable_within_its_bound(empty_database_url: str) -> None:
    """Everything that a call waits for counts together; afterwards its connection is free again."""
    held, free = trio.Event(), asyncio.Event()

    async def lock(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute("LOCK TABLE t")
            trio.from_thread.run_sync(held.set, trio_token=token)
            await free.wait()

    token = trio.lowlevel.current_trio_token()
    async with Postgres.open(empty_database_url) as locking, Postgres.open(empty_database_url, answer_within=0.5) as database:
        await locking.execute("CREATE TABLE t (n int)")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(locking.run, lock)
            await held.wait()
            with pytest.raises(DatabaseUnavailable, match="no answer within"):
                await database.fetch("SELECT * FROM t")
            nursery.cancel_scope.cancel()
        assert await database.fetchval("SELECT count(*) FROM t") == 0


async def test_an_exhausted_pool_is_unavailable(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url, size=1, connect_timeout=0.2) as database:
        taken = trio.Event()
        token = trio.lowlevel.current_trio_token()

        async def hold(connection: Connection) -> None:
            token.run_sync_soon(taken.set)
            await asyncio.sleep(math.inf)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.run, hold)
            await taken.wait()
            with pytest.raises(DatabaseUnavailable, match="Timeout"):
                await database.fetch("SELECT 1")
            nursery.cancel_scope.cancel()


async def until_sleeping(url: str) -> None:
    """Until a backend is in pg_sleep: a cancellation that comes before the statement has begun is lost on PostgreSQL."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    async with Postgres.open(url) as database:
        while not await database.fetchval(sql):
            pass


async def test_a_cancellation_lost_on_the_server_is_one_all_the_same(empty_database_url: str) -> None:
    token = trio.lowlevel.current_trio_token()
    async with Postgres.open(empty_database_url, connect_timeout=0.5) as database:
        for _ in range(5):
            scope = trio.CancelScope()

            async def work(connection: Connection, scope: trio.CancelScope) -> None:
                token.run_sync_soon(scope.cancel)
                await connection.execute("SELECT pg_sleep(600)")

            with scope:
                await database.run(work, scope)
            assert scope.cancelled_caught


async def test_cancelling_returns_only_when_the_function_has_ended(empty_database_url: str) -> None:
    steps: list[str] = []
    async with Postgres.open(empty_database_url) as database:

        async def work(connection: Connection) -> None:
            try:
                await connection.execute("SELECT pg_sleep(600)")
            finally:
                for _ in range(100):
                    await asyncio.sleep(0)
                steps.append("function ended")

        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()

            async def ask() -> None:
                with scope:
                    await database.run(work)
                steps.append("asker went on")

            nursery.start_soon(ask)
            await until_sleeping(empty_database_url)
            scope.cancel()
        assert steps == ["function ended", "asker went on"]
        assert scope.cancelled_caught
        assert (
            await database.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND state = 'active'"
            )
            == 0
        )


async def test_a_result_that_came_in_spite_of_a_cancellation_is_not_lost(empty_database_url: str) -> None:
    token = trio.lowlevel.current_trio_token()
    async with Postgres.open(empty_database_url) as database:
        started = trio.Event()

        async def stubborn(connection: Connection) -> str:
            token.run_sync_soon(started.set)
            try:
                await asyncio.sleep(math.inf)
            except asyncio.CancelledError:
                return "committed"
            return "unreachable"

        results: list[str] = []
        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()

            async def ask() -> None:
                with scope:
                    results.append(await database.run(stubborn))

            nursery.start_soon(ask)
            await started.wait()
            scope.cancel()
        assert results == ["committed"]


async def test_a_call_already_cancelled_does_not_begin(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url) as database:
        with trio.CancelScope() as scope:
            scope.cancel()
            await database.execute("CREATE TABLE t ()")
        assert await database.fetchval("SELECT to_regclass('t')") is None


async def test_closing_ends_calls_under_way(empty_database_url: str) -> None:
    refused: list[str] = []
    opened: list[Postgres] = []

    async def hold(connection: Connection) -> None:
        await connection.execute("SELECT pg_sleep(600)")

    async def ask() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await opened[0].run(hold)
        refused.append("refused")

    async with trio.open_nursery() as nursery, Postgres.open(empty_database_url) as database:
        opened.append(database)
        nursery.start_soon(ask)
        await until_sleeping(empty_database_url)
    assert refused == ["refused"]
    with pytest.raises(trio.ClosedResourceError):
        await opened[0].fetch("SELECT 1")


async def test_closing_while_cancelled_still_ends_the_thread(empty_database_url: str) -> None:
    with trio.CancelScope() as scope:
        async with Postgres.open(empty_database_url) as database:
            await database.fetchval("SELECT 1")
            scope.cancel()
            await trio.lowlevel.checkpoint()


async def test_a_name_server_that_does_not_answer_holds_up_neither_a_call_nor_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked = threading.Event(), []
    look_up = socket.getaddrinfo

    def slow(host: str, *rest: Any, **more: Any) -> Any:
        if host != "database.example":
            return look_up(host, *rest, **more)
        asked.append(host)
        answer.wait()
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    async with Postgres.open("postgresql://u@database.example/x", connect_timeout=0.05) as database:
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await database.fetch("SELECT 1")
    assert asked == ["database.example"]
    answer.set()


async def test_a_lock_of_another_session_is_waited_for_within_bounds(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 1)

    async def alter(connect: Connect) -> None:
        await (await connect()).execute("ALTER TABLE held ADD COLUMN n integer")

    async def held(locked: trio.Event, token: trio.lowlevel.TrioToken, connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute("LOCK TABLE held")
            token.run_sync_soon(locked.set)
            await asyncio.sleep(math.inf)

    async with Postgres.open(empty_database_url) as database:
        await database.execute("CREATE TABLE held ()")
        locked = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.run, partial(held, locked, trio.lowlevel.current_trio_token()))
            await locked.wait()
            with pytest.raises(DatabaseUnavailable, match="lock timeout"):
                await database.apart(alter)
            nursery.cancel_scope.cancel()
        await database.apart(alter)


async def test_work_apart_is_cut_when_it_is_cancelled(empty_database_url: str) -> None:
    async def sleep(connect: Connect) -> None:
        await (await connect()).execute("SELECT pg_sleep(600)")

    async with Postgres.open(empty_database_url) as database, trio.open_nursery() as nursery:
        nursery.start_soon(database.apart, sleep)
        await until_sleeping(empty_database_url)
        nursery.cancel_scope.cancel()
