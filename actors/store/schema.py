"""The schema's revision: migration to the newest one, and refusal of any other.

Revisions are numbered names (``0001`` ...) in ``migrations/versions``; the database keeps its own in ``faultd_schema``.
"""

import asyncio
from functools import cache, partial
from pathlib import Path

import asyncpg
from msgspec import Struct

from actors.postgres import Connect, Connection, DatabaseUnavailable, Postgres, connect_apart, describe
from actors.supervisor import OperatorNeeded

_EXISTS = "SELECT to_regclass('faultd_schema') IS NOT NULL"
_VERSIONS = "SELECT version_num FROM faultd_schema"
CONNECT_SECONDS = 10.0
"""A server that accepts a connection and then does not answer counts as away: a start must not wait for it."""


class Migrated(Struct, frozen=True):
    """The revisions before and after :func:`migrate`; ``before`` is None for an empty database. Equal: there was nothing to
    do."""

    before: str | None
    after: str


class SchemaMismatch(OperatorNeeded):
    """The database's revision is not the one that this code needs."""

    def __init__(self, found: str | None, expected: str, text: str) -> None:
        super().__init__(text)
        self.found, self.expected = found, expected


class SchemaNewer(SchemaMismatch):
    """A newer faultd has migrated this database. This one would damage the newer one's rows."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected, f"the database has schema {found}, newer than {expected}, which this faultd knows")


class SchemaOlder(SchemaMismatch):
    """The database lacks revisions that this code needs."""

    def __init__(self, found: str | None, expected: str) -> None:
        has = f"has schema {found}" if found else "has no faultd schema"
        super().__init__(found, expected, f"the database {has}, this faultd needs {expected}: run `faultd migrate`")


def migrate(url: str) -> Migrated:
    """Bring the database at ``url`` to the newest revision, in one transaction. Blocks: from trio call it in a thread.

    Concurrent migrations wait for each other. Raises :class:`SchemaNewer`, and OSError or asyncpg's errors when the database
    cannot be reached or refuses.
    """
    return asyncio.run(_migrate(partial(connect_apart, url, CONNECT_SECONDS)))


async def bring_up_to_date(database: Postgres) -> Migrated:
    """:func:`migrate` for a daemon: bounded in time, and cancelled with the caller. Raises :class:`SchemaNewer`, and
    DatabaseUnavailable for every other failure, after which it may be tried again."""
    try:
        return await database.apart(_migrate)
    except asyncpg.PostgresError as error:
        raise DatabaseUnavailable(f"the schema cannot be brought up to date: {describe(error)}") from error


async def check_schema(database: "Postgres | Connection") -> str:
    """The database's revision, which is the one needed. Raises SchemaNewer, SchemaOlder or DatabaseUnavailable."""
    found = None
    if await database.fetchval(_EXISTS):
        found = await database.fetchval(_VERSIONS)
    expected = newest()
    if found != expected:
        _refuse_newer(found)
        raise SchemaOlder(found, expected)
    return expected


def newest() -> str:
    """The newest revision of this code."""
    return revisions()[-1]


@cache
def revisions() -> tuple[str, ...]:
    """The revisions of this code, oldest first, by the names of their files."""
    files = Path(__file__).with_name("migrations").joinpath("versions").glob("v*.py")
    return tuple(sorted(file.name[1:5] for file in files))


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in revisions():
        raise SchemaNewer(found, newest())


async def _migrate(connect: Connect) -> Migrated:
    connection = await connect()
    try:
        found = None
        if await connection.fetchval(_EXISTS):
            found = await connection.fetchval(_VERSIONS)
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
    if found != newest():
        # Imported late: with SQLAlchemy the import takes a third of a start.
        from actors.store.upgrade import upgrade

        found = await upgrade(connect, _refuse_newer)
    return Migrated(before=found, after=newest())
