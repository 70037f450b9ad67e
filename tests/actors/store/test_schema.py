"""The schema on a real PostgreSQL: from empty, twice, at once, and refused when newer."""

import asyncio
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import trio
from alembic import command
from alembic.script import ScriptDirectory

from actors.postgres import Connection, Postgres
from actors.store.apply import apply_tolerant
from actors.store.schema import SchemaNewer, SchemaOlder, check_schema, migrate, newest, revisions
from actors.store.upgrade import configuration
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmRepeated


async def _set_version(url: str, version: str) -> None:
    async with Postgres.open(url) as database:
        await database.execute("UPDATE faultd_schema SET version_num = $1", version)


def test_the_revisions_are_those_of_alembic() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert list(revisions()) == [script.revision for script in scripts.walk_revisions()][::-1]
    assert newest() == scripts.get_current_head()


def test_a_start_on_a_schema_that_is_new_enough_imports_no_alembic(database_url: str) -> None:
    script = (
        "import sys, faultd.app; from actors.store.schema import migrate; "
        "print(migrate(sys.argv[1]).before, {'alembic', 'sqlalchemy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", script, database_url], capture_output=True, text=True, check=True)
    assert done.stdout == f"{newest()} set()\n"


def test_migrate_from_empty_then_again_changes_nothing(empty_database_url: str) -> None:
    first = migrate(empty_database_url)
    assert (first.before, first.after) == (None, newest())
    second = migrate(empty_database_url)
    assert (second.before, second.after) == (newest(), newest())


async def test_check_accepts_the_newest_only(empty_database_url: str) -> None:
    async with Postgres.open(empty_database_url) as database:
        with pytest.raises(SchemaOlder, match="faultd migrate") as older:
            await check_schema(database)
        assert older.value.found is None
        await trio.to_thread.run_sync(migrate, empty_database_url)
        assert await check_schema(database) == newest()


async def test_a_newer_schema_is_refused_by_both_names(database_url: str) -> None:
    await _set_version(database_url, "9999")
    async with Postgres.open(database_url) as database:
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


def test_alarms_of_the_first_revision_are_kept(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _to: upgrade(config, "0001"))
    migrate(empty_database_url)
    monkeypatch.undo()
    texts = ["alarm_id", "tenant_id", "alarm_type", "qualifier", "event_type", "probable_cause", "title", "description"]
    texts += ["recommended_action", "resource_type", "resource_id", "resource_name", "device_id"]
    sql = (
        f"INSERT INTO alarms (id, {', '.join(texts)}, source, severity, status, affected_customers, affected_services, "
        "subscriber_count, is_root_cause, first_occurrence, last_occurrence, received_at, occurrence_count, suppressed_by, "
        f"metadata, tags, revision) SELECT gen_random_uuid(), {', '.join(repr(name) for name in texts)}, 'system', 'major', "
        "'active', '{}', '{}', 0, false, t, t, t, 1, '[]', '{}', '{}', 1 FROM "
        "unnest('{2026-01-31 23:59:59.999999+00,1969-12-31 23:59:00+00,9999-12-31 00:00:30+00}'::timestamptz[]) AS t"
    )

    async def run(statement: str) -> list[tuple[str, ...]]:
        connection = await asyncpg.connect(empty_database_url, server_settings={"timezone": "UTC"})
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    asyncio.run(run(sql))
    migrated = migrate(empty_database_url)
    assert (migrated.before, migrated.after) == ("0001", newest())
    assert asyncio.run(run("SELECT last_minute::text, title FROM alarms ORDER BY last_minute")) == [
        ("1969-12-31 23:59:00+00", "title"),
        ("2026-01-31 23:59:00+00", "title"),
        ("9999-12-31 00:00:00+00", "title"),
    ]


async def test_a_repeat_within_the_minute_writes_no_index(database_url: str) -> None:
    minute = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    alarm = Alarm(
        id=str(uuid.UUID(int=1)),
        alarm_id="A1",
        tenant_id="t1",
        source="network_device",
        alarm_type="ont.los",
        severity="major",
        title="x",
        resource_type="ont",
        resource_id="x",
        first_occurrence=minute,
        last_occurrence=minute,
        received_at=minute,
    )

    counted = "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'alarms'"

    async def heap_only(connection: Connection, seconds: float) -> int:
        repeat = AlarmRepeated(2, alarm.id, minute + timedelta(seconds=seconds), 2, 2)
        async with connection.transaction():
            before = await connection.fetchval(counted)
            await apply_tolerant(connection, 1, [repeat], set(), set())
            after = await connection.fetchval(counted)
        return int(after - before)

    async with Postgres.open(database_url) as database:
        await database.run(apply_tolerant, 1, [AlarmChanged(1, alarm, ())], set(), set())
        assert await database.run(heap_only, 59.9) == 1
        assert await database.run(heap_only, 60.0) == 0, "it moves in the lists, once a minute"
        assert await database.run(heap_only, 61.0) == 1


def test_the_indexes_that_lists_rely_on_exist(database_url: str) -> None:
    async def definitions() -> str:
        connection = await asyncpg.connect(database_url)
        try:
            rows = await connection.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = 'alarms'")
        finally:
            await connection.close()
        return "\n".join(row["indexdef"] for row in rows)

    found = asyncio.run(definitions())
    for columns in ("tenant_id, status", "tenant_id, severity", "resource_type, resource_id", "correlation_id, status"):
        assert f"({columns})" in found
