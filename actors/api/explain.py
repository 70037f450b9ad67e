"""Why an alarm is shown as it is: its causes, what is attributed to it, and what faultd decided about it."""

from typing import Any

import msgspec
from litestar import Response, get

from actors.api import queries, reads
from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.context import By, Context, Ctx
from actors.api.openapi import ApiOperation
from actors.postgres import Postgres
from protocols.alarm import Alarm
from protocols.principal import Principal
from protocols.rest import ChildOf, Children, Explanation

MOST_CAUSES = 16
"""Generations upwards."""
FIRST = 20
"""Children named."""
MOST_DECISIONS = 200

# The correlation id has an index and the parent has none: a family shares it.
_BELOW = "FROM alarms WHERE correlation_id = $1 AND parent_alarm_id = $2 AND ($3::text IS NULL OR tenant_id = $3)"
_OPEN = "status NOT IN ('cleared', 'resolved')"
_COUNTS = (
    f"SELECT alarm_type, count(*) AS total, count(*) FILTER (WHERE {_OPEN}) AS open {_BELOW} GROUP BY 1 ORDER BY 2 DESC, 1"
)
_FIRST = (
    f"SELECT {', '.join(ChildOf.__struct_fields__)} {_BELOW} ORDER BY NOT ({_OPEN}), severity_rank, first_occurrence, id "
    f"LIMIT {FIRST}"
)
_DECISIONS = (
    f"SELECT {queries.ENTRY_COLUMNS} FROM alarm_timeline WHERE alarm_id = $1::uuid AND actor LIKE 'faultd:%' "
    f'ORDER BY "offset", number LIMIT {MOST_DECISIONS + 1}'
)


@get("/alarms/{alarm_id:str}/explain", summary="Why is it so?", operation_class=ApiOperation, opt=allow("viewer"))
async def explain(api: Ctx, by: By, alarm_id: AlarmName) -> Response[Explanation]:
    """The alarms to which it is attributed up to the root, how many are attributed to it, and what faultd decided and why."""
    database = api.database
    fresh = await api.caught_up(by, newest=True)
    alarm = await reads.existing_alarm(api, by, alarm_id)
    decided: Any = await database.fetch(_DECISIONS, alarm.id)
    decisions = tuple(queries.entry_of(row) for row in decided)
    found = Explanation(
        alarm=alarm,
        causes=await _causes(api, alarm, by),
        children=await _children(database, alarm, by.tenant),
        decisions=decisions[:MOST_DECISIONS],
        truncated=len(decisions) > MOST_DECISIONS,
    )
    return reads.answer(found, fresh)


async def _causes(api: Context, alarm: Alarm, by: Principal) -> tuple[Alarm, ...]:
    """Upwards until the root, or what this caller does not see."""
    causes: list[Alarm] = []
    seen = {alarm.id}
    while alarm.parent_alarm_id is not None and alarm.parent_alarm_id not in seen and len(causes) < MOST_CAUSES:
        above = reads.held_alarm(api, by, alarm.parent_alarm_id)
        if above is None:
            above = await queries.get_alarm(api.database, alarm.parent_alarm_id, tenant=by.tenant)
        if above is None:
            break
        causes.append(above)
        seen.add(above.id)
        alarm = above
    return tuple(causes)


async def _children(database: Postgres, alarm: Alarm, tenant: str | None) -> Children:
    given = (alarm.correlation_id or alarm.id, alarm.id, tenant)
    counts: Any = await database.fetch(_COUNTS, *given)
    rows: Any = await database.fetch(_FIRST, *given) if counts else ()
    return Children(
        total=sum(row["total"] for row in counts),
        open=sum(row["open"] for row in counts),
        by_type={row["alarm_type"]: row["total"] for row in counts},
        first=tuple(msgspec.convert({**dict(row), "id": str(row["id"])}, ChildOf) for row in rows),
    )


HANDLERS: list[Any] = [explain]
