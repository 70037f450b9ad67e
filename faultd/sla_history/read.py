"""The history of service level agreements from the database, some instances at a time, as of one moment."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from actors.postgres import Connection, connected_apart
from actors.store.schema import CONNECT_SECONDS, check_schema
from actors.store.sla_read import SlaHistory, instance_ids, read_history

AT_ONCE: Final = 200
"""Instances of one portion."""


async def for_each_portion(
    url: str, ids: Sequence[str], definition_id: str, take: Callable[[SlaHistory], None], most: int = AT_ONCE
) -> None:
    """Give ``take`` the history of the instances ``ids``, in portions; without ids of all that have a closed period by
    ``definition_id`` ("": of all). Runs on asyncio. Raises SchemaMismatch, OSError and asyncpg's errors, and
    ``msgspec.ValidationError`` for a row that this version cannot read."""
    async with (
        connected_apart(url, CONNECT_SECONDS) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute("SET LOCAL TIME ZONE 'UTC'")
        await check_schema(connection)
        async for portion in _portions(connection, ids, definition_id, most):
            take(await read_history(connection, portion))


async def _portions(connection: Connection, ids: Sequence[str], definition_id: str, most: int) -> AsyncIterator[Sequence[str]]:
    if ids:
        for first in range(0, len(ids), most):
            yield ids[first : first + most]
        return
    found = await instance_ids(connection, "", most, definition_id)
    while found:
        yield found
        found = await instance_ids(connection, found[-1], most, definition_id)
