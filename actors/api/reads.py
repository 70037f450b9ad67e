"""Reads for handlers: the caller's tenant applied, its own writes waited for, the answer marked when it is stale."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Response

from actors.api import queries
from actors.api.commands import no_such_alarm
from actors.api.context import Context
from actors.api.places import places_of
from actors.api.problems import ProblemError
from actors.postgres import DatabaseUnavailable
from protocols.alarm import Alarm
from protocols.command import Past
from protocols.principal import Principal
from protocols.query import AlarmFilter
from protocols.rest import QuarantinedRow
from protocols.rest_filter import AlarmFilterBody

T = TypeVar("T")
STALE = "Faultd-Stale"


def filter_of(ctx: Context, wanted: AlarmFilterBody, by: Principal) -> AlarmFilter:
    """The filter as it is asked of alarms. ProblemError 403 when it names a tenant that is not the caller's, 400 for a node
    that the topology does not have."""
    if wanted.tenant_id is not None and not by.sees(wanted.tenant_id):
        raise ProblemError(403, "not_your_tenant", f"this token sees tenant {by.tenant!r} only")
    given = {name: getattr(wanted, name) for name in AlarmFilter.__struct_fields__ if hasattr(wanted, name)}
    given["since"] = wanted.since or wanted.from_date
    given["before"] = wanted.before or wanted.to_date
    given["places"] = places_of(ctx, by, wanted)
    if wanted.parent_alarm_id is not None and ctx.alarms is not None:
        parent = ctx.alarms.find(wanted.parent_alarm_id, by.tenant)
        given["parent_alarm_id"] = wanted.parent_alarm_id if parent is None else parent.id
    return AlarmFilter(**given)


def answer(content: T, fresh: bool) -> Response[T]:
    """200, with ``Faultd-Stale: true`` when PostgreSQL does not show the caller's own writes yet."""
    return Response(content, headers={} if fresh else {STALE: "true"})


def held_alarm(ctx: Context, by: Principal, name: str) -> Alarm | None:
    """The alarm of this id or external id as the fold has it now."""
    return None if ctx.alarms is None else ctx.alarms.find(name, by.tenant)


async def past_of(ctx: Context, by: Principal, names: Sequence[str], *, needed: bool) -> tuple[Past, ...]:
    """Those of the alarms named that the fold has let go of, as PostgreSQL has them. While it is away: none, or where they are
    ``needed`` (the action applies to history) ``DatabaseUnavailable``."""
    missing = [name for name in names if held_alarm(ctx, by, name) is None]
    if not missing or ctx.alarms is None:
        return ()
    try:
        database = ctx.database
        await ctx.caught_up(by)
        return await queries.past_alarms(database, missing, tenant=by.tenant)
    except DatabaseUnavailable:
        if needed:
            raise
        return ()


async def existing_alarm(ctx: Context, by: Principal, name: str) -> Alarm:
    """The alarm of this id or external id: as the fold has it, else from PostgreSQL. ProblemError 404 when there is none that
    the caller sees."""
    if (held := held_alarm(ctx, by, name)) is not None:
        return held
    found = await queries.get_alarm(ctx.database, name, tenant=by.tenant)
    if found is None:
        raise no_such_alarm(name)
    return found


async def matching(ctx: Context, by: Principal, wanted: AlarmFilterBody, limit: int) -> tuple[str, ...]:
    """Ids of at most ``limit`` alarms that pass the filter and that commands reach."""
    return await queries.matching_ids(ctx.database, filter_of(ctx, wanted, by), limit=limit, tenant=by.tenant)


_QUARANTINE = 'SELECT "offset", at, kind, error FROM quarantine WHERE "offset" > $1 ORDER BY "offset" LIMIT $2'


async def quarantine(ctx: Context, after: int, limit: int) -> tuple[QuarantinedRow, ...]:
    """Events in quarantine behind an offset, oldest first."""
    rows: Any = await ctx.database.fetch(_QUARANTINE, after, limit)
    return tuple(msgspec.convert(dict(row), QuarantinedRow) for row in rows)
