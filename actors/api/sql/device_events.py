"""Device events in PostgreSQL: what devices reported that is no alarm."""

from datetime import datetime

from asyncpg.protocol import Record

from actors.api.keyset import INT32, INT64, TIME, Order, SortKey
from actors.api.sql.rows import columns_of, list_rows, row_as
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import DeviceEventRow, Page

_LATEST = Order("device_events", (SortKey("at", TIME, True), SortKey('"offset"', INT64, True), SortKey("number", INT32, True)))


async def list_device_events(
    database: Postgres,
    *,
    device_id: str | None = None,
    event_type: str | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
    limit: int = 100,
    cursor: str | None = None,
    tenant: str | None = None,
) -> Page[DeviceEventRow]:
    """What devices reported that is no alarm, latest first."""
    where = Where()
    where.equal("device_id", device_id)
    where.equal("event_type", event_type)
    where.equal("tenant_id", tenant)
    where.between("at", since, before)

    def row_of(row: Record) -> DeviceEventRow:
        return row_as(row, DeviceEventRow)

    return await list_rows(database, "device_events", columns_of(DeviceEventRow), where, _LATEST, cursor, limit, row_of)
