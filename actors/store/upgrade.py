"""Alembic, for a database that lacks revisions. Imported only then: with SQLAlchemy the import takes a third of a start."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from actors.postgres import Connect

_LOCK = 0x6661756C7464  # "faultd": the advisory lock that serialises concurrent migrations


async def upgrade(connect: Connect, look: Callable[[str | None], None]) -> str | None:
    """Bring the database to the newest revision, in one transaction. Returns the revision that it had.

    ``connect`` gives a connection of asyncpg. ``look`` is called with the revision that the database has once no other
    migration runs; an error that it raises ends this one. Raises asyncpg's errors, not SQLAlchemy's.
    """

    def run(connection: Connection) -> str | None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = None
        if connection.execute(text("SELECT to_regclass('faultd_schema') IS NOT NULL")).scalar():
            found = connection.execute(text("SELECT version_num FROM faultd_schema")).scalar()
        look(found)
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return found

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(run)
    except DBAPIError as error:
        raise (error.orig.__cause__ if error.orig is not None else None) or error from error
    finally:
        await engine.dispose()


def configuration() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    # Alembic's configuration interpolates per cent signs, which a path may contain.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
