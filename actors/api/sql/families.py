"""Alarms attributed to one another, in PostgreSQL, and what faultd decided about them."""

from actors.api.sql.rows import columns_of, row_as
from actors.api.sql.timeline import ENTRY_COLUMNS, entry_of
from actors.postgres import Postgres
from protocols.alarm import Alarm, TimelineEntry
from protocols.rest_timeline import ChildOf, Children

FIRST = 20
"""Children named."""

# The correlation id has an index and the parent has none: a family shares it.
_BELOW = "FROM alarms WHERE correlation_id = $1 AND parent_alarm_id = $2 AND ($3::text IS NULL OR tenant_id = $3)"
_OPEN = "status NOT IN ('cleared', 'resolved')"
_COUNTS = (
    f"SELECT alarm_type, count(*) AS total, count(*) FILTER (WHERE {_OPEN}) AS open {_BELOW} GROUP BY 1 ORDER BY 2 DESC, 1"
)
_FIRST = f"SELECT {columns_of(ChildOf)} {_BELOW} ORDER BY NOT ({_OPEN}), severity_rank, first_occurrence, id LIMIT {FIRST}"
_DECISIONS = (
    f"SELECT {ENTRY_COLUMNS} FROM alarm_timeline WHERE alarm_id = $1::uuid AND actor LIKE 'faultd:%' "
    'ORDER BY "offset", number LIMIT $2'
)


async def children_of(database: Postgres, alarm: Alarm, tenant: str | None) -> Children:
    """The alarms attributed to this one: counted, and the first ``FIRST`` by name."""
    given = (alarm.correlation_id or alarm.id, alarm.id, tenant)
    counts = await database.fetch(_COUNTS, *given)
    rows = await database.fetch(_FIRST, *given) if counts else ()
    return Children(
        total=sum(row["total"] for row in counts),
        open=sum(row["open"] for row in counts),
        by_type={row["alarm_type"]: row["total"] for row in counts},
        first=tuple(row_as(row, ChildOf) for row in rows),
    )


async def decisions_about(database: Postgres, alarm: Alarm, limit: int) -> tuple[TimelineEntry, ...]:
    """At most ``limit`` lines of its timeline that faultd wrote, oldest first."""
    return tuple(entry_of(row) for row in await database.fetch(_DECISIONS, alarm.id, limit))
