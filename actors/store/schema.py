"""The schema's revision: migrate to the newest, and refuse to run on another one.

Revisions are numbered names (``0001`` ...) in ``migrations/versions``; the database keeps its own in ``faultd_schema``.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from msgspec import Struct
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from actors.postgres import Database
from actors.supervisor import OperatorNeeded

_VERSIONS = "SELECT version_num FROM faultd_schema"
CONNECT_SECONDS = 10.0
"""A server that takes the connection and then says nothing is away: a start must not wait for it."""
_LOCK = 0x6661756C7464  # "faultd": the advisory lock that serialises concurrent migrations


class Migrated(Struct, frozen=True):
    """What :func:`migrate` did; ``before`` is None for an empty database. Equal revisions mean: nothing to do."""

    before: str | None
    after: str


class SchemaMismatch(OperatorNeeded):
    """The database's revision is not the one that this code was written for."""

    def __init__(self, found: str | None, expected: str, text: str) -> None:
        super().__init__(text)
        self.found, self.expected = found, expected


class SchemaNewer(SchemaMismatch):
    """A newer faultd has migrated this database; running on it would damage what that one wrote."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected, f"the database has schema {found}, newer than {expected}, which this faultd knows")


class SchemaOlder(SchemaMismatch):
    """The database lacks revisions that this code needs."""

    def __init__(self, found: str | None, expected: str) -> None:
        has = f"has schema {found}" if found else "has no faultd schema"
        super().__init__(found, expected, f"the database {has}, this faultd needs {expected}: run `faultd migrate`")


def migrate(url: str) -> Migrated:
    """Bring the database at ``url`` to the newest revision, in one transaction. Blocks: from trio call it in a thread.

    Concurrent migrations wait for one another. Raises :class:`SchemaNewer`; OSError or asyncpg's errors when the database
    cannot be reached or refuses.
    """
    return asyncio.run(_migrate(url))


async def check_schema(database: Database) -> str:
    """The database's revision when it is the one needed. Raises SchemaNewer, SchemaOlder or DatabaseUnavailable."""
    found = None
    if await database.fetchval("SELECT to_regclass('faultd_schema') IS NOT NULL"):
        found = await database.fetchval(_VERSIONS)
    expected = newest()
    if found != expected:
        _refuse_newer(found)
        raise SchemaOlder(found, expected)
    return expected


def newest() -> str:
    """The newest revision that this code knows."""
    head = _scripts().get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    # Alembic's configuration interpolates per cent signs, which a path may contain.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _refuse_newer(found: str | None) -> None:
    scripts = _scripts()
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaNewer(found, newest())


def _connector(url: str) -> Callable[[], Awaitable[Any]]:
    return lambda: asyncpg.connect(url, timeout=CONNECT_SECONDS)


async def _migrate(url: str) -> Migrated:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=_connector(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> Migrated:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    found = None
    if connection.execute(text("SELECT to_regclass('faultd_schema') IS NOT NULL")).scalar():
        found = connection.execute(text(_VERSIONS)).scalar()
    _refuse_newer(found)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return Migrated(before=found, after=newest())
