"""Revisions of the closed periods of one instance in PostgreSQL, and their reports."""

from datetime import datetime
from typing import Final

import msgspec

from actors.api.keyset import INT64, TIME, Order, SortKey
from actors.api.sql.rows import list_rows
from actors.api.sql.sla_periods import LISTED, figures_of
from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.query import Page
from protocols.sla.definition import SlaTerms
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import SlaReport

LATEST: Final = Order("sla_revisions", (SortKey("period_start", TIME, True), SortKey("revision", INT64, True)))


async def list_revisions(
    database: Postgres, instance_id: str, *, limit: int, cursor: str | None, tenant: str | None
) -> Page[PeriodFigures]:
    """Every revision, the latest period and revision first."""
    where = Where()
    where.equal("sla_instance_id", instance_id)
    where.equal("tenant_id", tenant)
    return await list_rows(database, "sla_periods", LISTED, where, LATEST, cursor, limit, figures_of)


async def revision_at(
    database: Postgres, instance_id: str, at: datetime | None, revision: int | None, *, tenant: str | None
) -> tuple[PeriodFigures, SlaReport | None] | None:
    """One revision of the closed period that contains ``at`` (None: of the last one), the newest without ``revision``; with its
    report where it has one of its own."""
    where = Where()
    where.equal("sla_instance_id", instance_id)
    where.equal("tenant_id", tenant)
    where.equal("revision", revision)
    if at is not None:
        name = where.parameter(at)
        where.conditions.append(f"period_start <= {name} AND period_end > {name}")
    row = await database.fetchrow(
        f"SELECT {LISTED}, report FROM sla_periods WHERE {where.sql()} ORDER BY period_start DESC, revision DESC LIMIT 1",
        *where.args,
    )
    if row is None:
        return None
    report = row["report"]
    return figures_of(row), None if report is None else msgspec.convert(report, SlaReport)


async def read_terms(database: Postgres, definition_id: str, version: int) -> SlaTerms | None:
    """The terms of one version of a definition."""
    query = "SELECT terms FROM sla_definitions WHERE id = $1 AND version = $2"
    found = await database.fetchval(query, definition_id, version)
    return None if found is None else msgspec.convert(found, SlaTerms, strict=False)
