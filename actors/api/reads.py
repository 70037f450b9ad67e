"""Reads from PostgreSQL, within the caller's tenant."""

from actors.api.context import Context
from actors.postgres import DatabaseUnavailable
from protocols.alarm import Alarm
from protocols.principal import Principal
from protocols.rest import AlarmFilter


async def alarm(ctx: Context, by: Principal, name: str) -> Alarm | None:
    """The alarm of this id or external id, None when there is none that the caller sees."""
    raise DatabaseUnavailable("reads are not wired")


async def matching(ctx: Context, by: Principal, wanted: AlarmFilter, limit: int) -> tuple[str, ...]:
    """Ids of at most ``limit`` alarms that pass the filter."""
    raise DatabaseUnavailable("reads are not wired")
