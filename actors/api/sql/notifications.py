"""Notifications in PostgreSQL."""

from typing import Final

from actors.api.keyset import TIME, Order, SortKey
from actors.api.sql.rows import columns_of, list_rows, row_as
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.dispatch.notification import DispatchedNotification
from protocols.query import Page
from protocols.rest_notifications import NotificationsQuery

LATEST: Final = Order("notifications", (SortKey("created_at", TIME, True), SortKey("id", str, True)))
_LISTED: Final = columns_of(DispatchedNotification)


async def list_notifications(
    database: Postgres, query: NotificationsQuery, alarm_id: str | None = None, *, tenant: str | None = None
) -> Page[DispatchedNotification]:
    """Notifications that pass the query, the latest first. ``alarm_id`` is the ``id`` of the alarm that the query names."""
    where = Where()
    where.equal("tenant_id", tenant)
    where.equal("tenant_id", query.tenant_id)
    where.equal("policy", query.policy)
    where.any_of("status", query.status)
    where.any_of("channel", query.channel)
    where.any_of("kind", query.kind)
    if alarm_id is not None:
        where.conditions.append(f"alarm_ids @> {where.texts((alarm_id,))}")
    if query.to is not None:
        where.conditions.append(f'{where.parameter(query.to)} IN ("to", to_name, address)')
    where.between("created_at", query.since, query.before)
    return await list_rows(
        database,
        "notifications",
        _LISTED,
        where,
        LATEST,
        query.cursor,
        query.limit,
        lambda row: row_as(row, DispatchedNotification),
    )


async def get_notification(database: Postgres, name: str, *, tenant: str | None = None) -> DispatchedNotification | None:
    """The notification of this id; None when there is none in the scope."""
    where = Where()
    where.equal("id", name)
    where.equal("tenant_id", tenant)
    row = await database.fetchrow(f"SELECT {_LISTED} FROM notifications WHERE {where.sql()}", *where.args)
    return None if row is None else row_as(row, DispatchedNotification)
