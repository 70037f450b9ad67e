"""Outage intervals in PostgreSQL."""

from typing import Final

from asyncpg.protocol import Record

from actors.api.keyset import TIME, Order, SortKey
from actors.api.sql.rows import list_rows, uuid_of
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import Page
from protocols.rest_sla_outages import OutagesQuery
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage

LATEST: Final = Order("sla_outages", (SortKey("start_time", TIME, True), SortKey("id", str, True)))
_NAMES: Final = {"start": "start_time", "end": "end_time"}
_LISTED = ", ".join(_NAMES.get(name, name) for name in SlaOutage.__struct_fields__)


async def list_outages(database: Postgres, query: OutagesQuery, *, tenant: str | None = None) -> Page[SlaOutage]:
    """Outages that pass the query, the latest first."""
    where = Where()
    where.equal("tenant_id", tenant)
    where.equal("resource_id", query.resource_id)
    where.any_of("effect", query.effect)
    if query.alarm_id is not None:
        identifier = uuid_of(query.alarm_id)
        by_name = f"alarm_name = {where.parameter(query.alarm_id)}"
        where.conditions.append(by_name if identifier is None else f"({by_name} OR alarm_id = {where.parameter(identifier)})")
    if query.lasting is not None:
        where.conditions.append("end_time IS NULL" if query.lasting else "end_time IS NOT NULL")
    where.between("start_time", query.since, query.before)
    return await list_rows(database, "sla_outages", _LISTED, where, LATEST, query.cursor, query.limit, outage_of)


async def get_outage(database: Postgres, outage_id: str, *, tenant: str | None = None) -> SlaOutage | None:
    """The outage of this id; None when there is none in the scope."""
    where = Where()
    where.equal("id", outage_id)
    where.equal("tenant_id", tenant)
    row = await database.fetchrow(f"SELECT {_LISTED} FROM sla_outages WHERE {where.sql()}", *where.args)
    return None if row is None else outage_of(row)


def outage_of(row: Record) -> SlaOutage:
    """An outage from a row that has at least its columns."""
    values = {name: row[_NAMES.get(name, name)] for name in SlaOutage.__struct_fields__}
    values["start"] = instant_at(values["start"])
    values["end"] = None if values["end"] is None else instant_at(values["end"])
    values["alarm_id"] = "" if values["alarm_id"] is None else str(values["alarm_id"])
    values["parent_alarm_id"] = None if values["parent_alarm_id"] is None else str(values["parent_alarm_id"])
    values["services"], values["customers"] = tuple(values["services"]), tuple(values["customers"])
    return SlaOutage(**values)
