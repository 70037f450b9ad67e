"""The schema on a real PostgreSQL: from empty, twice, at once, and refused when newer."""

import asyncio

import pytest
import trio

from actors.postgres import Database
from actors.store.schema import SchemaNewer, SchemaOlder, check_schema, migrate, newest


async def _set_version(url: str, version: str) -> None:
    async with Database.open(url) as database:
        await database.execute("UPDATE faultd_schema SET version_num = $1", version)


def test_migrate_from_empty_then_again_changes_nothing(empty_database_url: str) -> None:
    first = migrate(empty_database_url)
    assert (first.before, first.after) == (None, newest())
    second = migrate(empty_database_url)
    assert (second.before, second.after) == (newest(), newest())


async def test_check_accepts_the_newest_only(empty_database_url: str) -> None:
    async with Database.open(empty_database_url) as database:
        with pytest.raises(SchemaOlder, match="faultd migrate") as older:
            await check_schema(database)
        assert older.value.found is None
        await trio.to_thread.run_sync(migrate, empty_database_url)
        assert await check_schema(database) == newest()


async def test_a_newer_schema_is_refused_by_both_names(database_url: str) -> None:
    await _set_version(database_url, "9999")
    async with Database.open(database_url) as database:
        with pytest.raises(SchemaNewer) as refused:
            await check_schema(database)
    assert "9999" in str(refused.value)
    assert newest() in str(refused.value)
    with pytest.raises(SchemaNewer):
        await trio.to_thread.run_sync(migrate, database_url)


async def test_concurrent_migrations_wait_for_one_another(empty_database_url: str) -> None:
    results = []

    async def one() -> None:
        results.append(await trio.to_thread.run_sync(migrate, empty_database_url))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(one)
    assert sorted(str(result.before) for result in results) == sorted(["None", newest(), newest()])


def test_the_indexes_that_lists_rely_on_exist(database_url: str) -> None:
    async def definitions() -> str:
        import asyncpg

        connection = await asyncpg.connect(database_url)
        try:
            rows = await connection.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = 'alarms'")
        finally:
            await connection.close()
        return "\n".join(row["indexdef"] for row in rows)

    found = asyncio.run(definitions())
    for columns in ("tenant_id, status", "tenant_id, severity", "resource_type, resource_id", "correlation_id, status"):
        assert f"({columns})" in found
