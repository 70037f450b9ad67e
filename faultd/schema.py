"""The store, preceded by bringing the schema up to date: PostgreSQL may be away at the start and appear later."""

import asyncpg
import structlog
import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.store.actor import Store
from actors.store.schema import Migrated, SchemaMismatch, migrate
from actors.supervisor import OperatorNeeded

log = structlog.get_logger()

RETRY_SECONDS = 2.0


class StartRefused(OperatorNeeded):
    """The daemon must not start as things are: an operator has to act. The text says how."""


async def migrate_now(url: str) -> Migrated:
    """Bring the schema up to date. Raises SchemaMismatch, or OSError and asyncpg's errors when PostgreSQL is away."""
    return await trio.to_thread.run_sync(migrate, url, abandon_on_cancel=True)


async def prepare(url: str) -> bool:
    """Migrate at the start if PostgreSQL is there; say whether it was. Raises StartRefused for a schema that is too new."""
    try:
        migrated = await migrate_now(url)
    except SchemaMismatch as error:
        raise StartRefused(str(error)) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("PostgreSQL is away at the start; its schema is looked at when it comes", error=str(error))
        return False
    if migrated.before != migrated.after:
        log.info("schema migrated", before=migrated.before, after=migrated.after)
    return True


class PreparedStore:
    """A Store that first waits for PostgreSQL and brings its schema up to date, unless that is done or not wanted."""

    def __init__(self, store: Store, url: str, *, prepared: bool) -> None:
        self._store, self._url, self._prepared = store, url, prepared

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Ready at once; then as :meth:`Store.run`."""
        task_status.started()
        while not self._prepared:
            self._prepared = await prepare(self._url)
            if not self._prepared:
                await trio.sleep(RETRY_SECONDS)
        await self._store.run()
