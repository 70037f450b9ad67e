"""Reads for handlers: the caller's tenant applied, its own writes waited for, the answer marked when it is stale."""

from typing import Any, TypeVar

import msgspec
from litestar import Response

from actors.api import queries
from actors.api.commands import no_such_alarm
from actors.api.context import Context
from actors.api.problems import ProblemError
from protocols.alarm import Alarm
from protocols.principal import Principal
from protocols.query import AlarmFilter
from protocols.rest import AlarmFilterBody, QuarantinedRow

T = TypeVar("T")
STALE = "Faultd-Stale"


def filter_of(wanted: AlarmFilterBody, by: Principal) -> AlarmFilter:
    """The filter as the store's queries take it. ProblemError 403 when it names a tenant that is not the caller's."""
    if wanted.tenant_id is not None and not by.sees(wanted.tenant_id):
        raise ProblemError(403, "not_your_tenant", f"this token sees tenant {by.tenant!r} only")
    return AlarmFilter(**{name: getattr(wanted, name) for name in AlarmFilter.__struct_fields__})


def answer(content: T, fresh: bool) -> Response[T]:
    """200, with ``Faultd-Stale: true`` when PostgreSQL does not show the caller's own writes yet."""
    return Response(content, headers={} if fresh else {STALE: "true"})


async def existing_alarm(ctx: Context, by: Principal, name: str) -> Alarm:
    """The alarm of this id or external id. ProblemError 404 when there is none that the caller sees."""
    found = await queries.get_alarm(ctx.database, name, tenant=by.tenant)
    if found is None:
        raise no_such_alarm(name)
    return found


async def matching(ctx: Context, by: Principal, wanted: AlarmFilterBody, limit: int) -> tuple[str, ...]:
    """Ids of at most ``limit`` alarms that pass the filter and that commands reach."""
    return await queries.matching_ids(ctx.database, filter_of(wanted, by), limit=limit, tenant=by.tenant)


_QUARANTINE = 'SELECT "offset", at, kind, error FROM quarantine WHERE "offset" > $1 ORDER BY "offset" LIMIT $2'


async def quarantine(ctx: Context, after: int, limit: int) -> tuple[QuarantinedRow, ...]:
    """Events in quarantine behind an offset, oldest first."""
    rows: Any = await ctx.database.fetch(_QUARANTINE, after, limit)
    return tuple(msgspec.convert(dict(row), QuarantinedRow) for row in rows)
