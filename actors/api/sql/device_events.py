"""Device events in PostgreSQL: reports of devices that are not alarms."""

from datetime import datetime

from asyncpg.protocol import Record

from actors.api.keyset import INT32, INT64, TIME, Order, SortKey
from actors.api.sql.rows import columns_of, list_rows, row_as
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import DeviceEventRow, Page

_LATEST = Order("device_events", (SortKey("at", TIME, True), SortKey('"offset"', INT64, True), SortKey("number", INT32, True)))
_COLUMNS = columns_of(DeviceEventRow).replace('"event_type"', "event_name AS event_type")


async def list_device_events(
    database: Postgres,
    *,
    device_id: str | None = None,
    event_name: str | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
    limit: int = 100,
    cursor: str | None = None,
    tenant: str | None = None,
) -> Page[DeviceEventRow]:
    """Device events, latest first."""
    where = Where()
    where.equal("device_id", device_id)
    where.equal("event_name", event_name)
    where.equal("tenant_id", tenant)
    where.between("at", since, before)

    def row_of(row: Record) -> DeviceEventRow:
        return row_as(row, DeviceEventRow)

    return await list_rows(database, "device_events", _COLUMNS, where, _LATEST, cursor, limit, row_of)
