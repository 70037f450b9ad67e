"""The PostgreSQL of the daemon: the configured one, or an embedded one that runs beside it, and two pools of connections."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio
from msgspec import Struct

from actors.metrics import Metrics
from actors.postgres import Postgres
from actors.store.presence import Presence
from faultd.config import Config
from faultd.postgres_keeper import PostgresKeeper
from faultd.security import database_url

READ_SECONDS = 5.0
"""A read of the API that PostgreSQL does not answer within this time finds it away: somebody waits for the answer."""


class DaemonDatabase(Struct, frozen=True):
    """``written``: the store's connection. ``read``: those of the API, so that a slow read does not hold up the store.
    ``keeper`` runs an embedded PostgreSQL; None where the configuration names another."""

    written: Postgres
    read: Postgres
    keeper: PostgresKeeper | None

    @property
    def starting(self) -> str:
        """Text for the time before PostgreSQL answers."""
        return "waiting for PostgreSQL" if self.keeper is None else "starting the embedded PostgreSQL"

    def troubled_as(self, presence: Presence) -> Callable[[], str]:
        """Why PostgreSQL is away, "" when nothing is known; ``presence``: that of the store. No read is tried before the store
        has found the tables that reads need."""

        def trouble() -> str:
            return self.keeper.trouble if self.keeper is not None and self.keeper.trouble else presence.reason

        self.read.refusal = lambda: "" if presence.schema_checked else trouble() or "its schema is not looked at yet"
        return trouble

    async def until_tried(self, presence: Presence) -> None:
        """Return when PostgreSQL answers or is known to be away. An embedded one that is being started is not away."""
        if self.keeper is None:
            await presence.tried.wait()
            return
        async with trio.open_nursery() as nursery:

            async def first(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(first, presence.answering)
            nursery.start_soon(first, self.keeper.failed)


@asynccontextmanager
async def open_database(config: Config, metrics: Metrics) -> AsyncIterator[DaemonDatabase]:
    """Open the pools, and run an embedded PostgreSQL if none is configured, until the end of the block. Waits for no answer of
    PostgreSQL. Raises ConfigError; EmbeddedPostgresError when the embedded one does not stop."""
    async with (
        _server(config, metrics) as (url, keeper),
        Postgres.open(url, size=1) as written,
        Postgres.open(
            url, size=config.database.pool_size - 1, command_timeout=READ_SECONDS, answer_within=READ_SECONDS
        ) as read,
    ):
        yield DaemonDatabase(written, read, keeper)


@asynccontextmanager
async def _server(config: Config, metrics: Metrics) -> AsyncIterator[tuple[str, PostgresKeeper | None]]:
    """The URL of the configured PostgreSQL; or of an embedded one, and its keeper."""
    if url := await trio.to_thread.run_sync(database_url, config.database):
        yield url, None
    else:
        keeper = PostgresKeeper(config.path(), metrics)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeper.run)
            yield keeper.url, keeper
            nursery.cancel_scope.cancel()
