"""Counts of stored alarms: SQL and what comes of it."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from actors.api.sql.where import alarm_where
from actors.postgres import Connection, Postgres
from protocols.alarm import STATUSES, Status
from protocols.query import AlarmFilter, Bucket, CountedSpan, Statistics
from protocols.severity import SEVERITIES, Severity

MOST_BUCKETS = 1_000
LENGTHS: Final[dict[Bucket, tuple[timedelta, int]]] = {
    "hour": (timedelta(hours=1), 24),
    "day": (timedelta(days=1), 30),
    "week": (timedelta(weeks=1), 13),
}
"""How long a bucket is, and how many there are where nothing is said."""
_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)
_OPEN = "status NOT IN ('cleared', 'resolved')"


async def statistics(
    database: Postgres,
    wanted: AlarmFilter | None = None,
    *,
    tenant: str | None = None,
    bucket: Bucket | None = None,
    now: datetime | None = None,
) -> Statistics:
    """Counts over the alarms that pass the filter (all by default), as of one moment; with ``bucket`` also those raised and
    cleared in each span of time (see :func:`spans`). Raises ValueError for more than ``MOST_BUCKETS``."""
    chosen = wanted or AlarmFilter()
    over = None if bucket is None or now is None else spans(bucket, chosen, now)
    return await database.run(_statistics, chosen, tenant, bucket, over)


def spans(bucket: Bucket, wanted: AlarmFilter, now: datetime) -> list[datetime]:
    """Where the buckets between ``raised_from`` and ``raised_to`` begin, whole ones of UTC, and the end of the last. Left out:
    up to now, and as far back as is usual for buckets of this length. Raises ValueError for more than ``MOST_BUCKETS``."""
    length, usual = LENGTHS[bucket]
    end = wanted.raised_to or now
    start = wanted.raised_from or end - usual * length
    start -= (start - _MONDAY) % length
    number = -((start - end) // length)
    if number > MOST_BUCKETS:
        raise ValueError(
            f"bucket: {number} buckets of one {bucket} each; at most {MOST_BUCKETS}: narrow raised_from and raised_to"
        )
    return [start + each * length for each in range(max(number, 0) + 1)]


async def _buckets(
    connection: Connection, wanted: AlarmFilter, tenant: str | None, bucket: Bucket, over: list[datetime]
) -> tuple[CountedSpan, ...]:
    raised: dict[datetime, dict[Severity, int]] = {}
    cleared: dict[datetime, int] = {}
    # The times of the raise choose the buckets; what is cleared in them may have been raised before.
    others = msgspec.structs.replace(wanted, raised_from=None, raised_to=None)
    for column in ("first_occurrence", "cleared_at"):
        where = alarm_where(others, tenant)
        where.between(column, over[0], over[-1])
        length, origin = where.parameter(LENGTHS[bucket][0]), where.parameter(_MONDAY)
        rows = await connection.fetch(
            f"SELECT date_bin({length}::interval, {column}, {origin}::timestamptz) AS start, severity, count(*) AS n "
            f"FROM alarms WHERE {where.sql()} GROUP BY 1, 2",
            *where.args,
        )
        for row in rows:
            if column == "first_occurrence":
                raised.setdefault(row["start"], {})[row["severity"]] = row["n"]
            else:
                cleared[row["start"]] = cleared.get(row["start"], 0) + row["n"]
    return tuple(
        CountedSpan(
            start=start,
            raised=sum(raised.get(start, {}).values()),
            cleared=cleared.get(start, 0),
            raised_by_severity={severity: raised.get(start, {}).get(severity, 0) for severity in SEVERITIES[:-1]},
        )
        for start in over[:-1]
    )


async def _statistics(
    connection: Connection, wanted: AlarmFilter, tenant: str | None, bucket: Bucket | None, over: list[datetime] | None
) -> Statistics:
    where = alarm_where(wanted, tenant)
    condition, args = where.sql(), where.args
    buckets = None
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        cells = await connection.fetch(
            f"SELECT severity, status, count(*) AS n FROM alarms WHERE {condition} GROUP BY severity, status", *args
        )
        types = await connection.fetch(
            f"SELECT alarm_type, count(*) AS n FROM alarms WHERE {condition} AND {_OPEN} "
            "GROUP BY alarm_type ORDER BY n DESC, alarm_type LIMIT 100",
            *args,
        )
        resources = await connection.fetch(
            f"SELECT resource_type, count(*) AS n FROM alarms WHERE {condition} AND {_OPEN} "
            "GROUP BY resource_type ORDER BY n DESC, resource_type",
            *args,
        )
        sums = await connection.fetchrow(
            "SELECT count(*) FILTER (WHERE is_root_cause) AS root_causes, "
            "min(first_occurrence) FILTER (WHERE status = 'active') AS oldest, "
            "coalesce(sum(subscriber_count) FILTER (WHERE parent_alarm_id IS NULL), 0)::bigint AS subscribers "
            f"FROM alarms WHERE {condition} AND {_OPEN}",
            *args,
        )
        customers = await connection.fetchval(
            f"SELECT count(DISTINCT name) FROM alarms, unnest(affected_customers) AS name WHERE {condition} AND {_OPEN}",
            *args,
        )
        if bucket is not None and over is not None:
            buckets = await _buckets(connection, wanted, tenant, bucket, over)
    assert sums is not None
    by_cell: dict[Severity, dict[Status, int]] = {severity: dict.fromkeys(STATUSES, 0) for severity in SEVERITIES}
    for cell in cells:
        by_cell[cell["severity"]][cell["status"]] = cell["n"]
    open_statuses = [status for status in STATUSES if status not in ("cleared", "resolved")]
    by_severity = {severity: sum(row[status] for status in open_statuses) for severity, row in by_cell.items()}
    return Statistics(
        total=sum(cell["n"] for cell in cells),
        open=sum(by_severity.values()),
        by_status={status: sum(row[status] for row in by_cell.values()) for status in STATUSES},
        by_severity=by_severity,
        by_severity_and_status=by_cell,
        by_type={row["alarm_type"]: row["n"] for row in types},
        by_resource_type={row["resource_type"]: row["n"] for row in resources},
        root_causes=sums["root_causes"],
        oldest_active=sums["oldest"],
        affected_customers=customers,
        affected_subscribers=sums["subscribers"],
        buckets=buckets,
    )
