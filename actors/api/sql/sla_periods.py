"""Closed measurement periods in PostgreSQL: sums, and pages of their figures.

Of each period the newest revision counts, or the newest up to a given one.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal

from asyncpg.protocol import Record

from actors.api.sql.where import Where
from actors.postgres import Postgres
from protocols.rest_sla_compliance import ComplianceTotals
from protocols.sla.local_time import instant_at
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report_view import PeriodChoice

PAGE = 1_000
"""Rows of one statement: encoding them takes 40 ms, in which no trap is read."""
_COLUMNS = {"instance_id": "sla_instance_id", "definition_id": "sla_definition_id"}
_KEY = "period_middle, sla_instance_id, period_start"
LISTED = (
    f"{_KEY}, period_end, revision, tenant_id, customer_id, service_id, sla_definition_id, definition_version, contract_time, "
    "uptime, unplanned_downtime, excluded_time, unknown_time, planned_downtime, error_budget, availability, breach_count, "
    "credit_minor, currency, minor_digits, reason, closed_by, customer_name, made_at, contract_start, contract_end"
)


class ClosedPeriods:
    """The closed periods of the chosen instances whose middle is within ``bounds``. ``revision`` None: the newest."""

    def __init__(
        self, database: Postgres, wanted: PeriodChoice, bounds: tuple[datetime, datetime], revision: int | None
    ) -> None:
        self._database, self._wanted, self._bounds, self._revision = database, wanted, bounds, revision

    async def totals(self) -> ComplianceTotals:
        """The sums over them."""
        where = self._where()
        newest = f"SELECT DISTINCT ON ({_KEY}) * FROM sla_periods WHERE {where.sql()} ORDER BY {_KEY}, revision DESC"
        rows = await self._database.fetch(
            "SELECT currency, minor_digits, count(*) AS periods, count(availability) AS measured, "
            "(coalesce(sum(availability), 0) * 1000000)::bigint AS availability, sum(breach_count)::bigint AS breaches, "
            f"sum(credit_minor)::bigint AS credit FROM ({newest}) AS newest GROUP BY currency, minor_digits",
            *where.args,
        )
        found = ComplianceTotals()
        for row in rows:
            found += ComplianceTotals(
                periods=row["periods"],
                measured=row["measured"],
                availability=row["availability"],
                breaches=row["breaches"],
                credits={(row["currency"], row["minor_digits"]): row["credit"]} if row["credit"] else {},
            )
        return found

    async def pages(self) -> AsyncIterator[list[PeriodFigures]]:
        """Their figures, by the middle of the period and the instance."""
        last: Record | None = None
        while True:
            where = self._where()
            if last is not None:
                names = [where.parameter(last[column]) for column in _KEY.split(", ")]
                where.conditions.append(f"({_KEY}) > ({', '.join(names)})")
            rows = await self._database.fetch(
                f"SELECT DISTINCT ON ({_KEY}) {LISTED} FROM sla_periods WHERE {where.sql()} "
                f"ORDER BY {_KEY}, revision DESC LIMIT {where.parameter(PAGE)}",
                *where.args,
            )
            yield [figures_of(row) for row in rows]
            if len(rows) < PAGE:
                return
            last = rows[-1]

    def _where(self) -> Where:
        where = Where()
        for name in self._wanted.__struct_fields__:
            where.equal(_COLUMNS.get(name, name), getattr(self._wanted, name))
        where.between("period_middle", *self._bounds)
        if self._revision is not None:
            where.conditions.append(f"revision <= {where.parameter(self._revision)}")
        return where


def figures_of(row: Record) -> PeriodFigures:
    """The figures of a row that has at least the columns."""
    return PeriodFigures(
        instance_id=row["sla_instance_id"],
        tenant_id=row["tenant_id"],
        customer_id=row["customer_id"],
        service_id=row["service_id"],
        definition_id=row["sla_definition_id"],
        definition_version=row["definition_version"],
        start=instant_at(row["period_start"]),
        end=instant_at(row["period_end"]),
        revision=row["revision"],
        contract=_whole(row["contract_time"]),
        up=_whole(row["uptime"]),
        down=_whole(row["unplanned_downtime"]),
        excluded=_whole(row["excluded_time"]),
        unknown=_whole(row["unknown_time"]),
        planned=_whole(row["planned_downtime"]),
        budget=None if row["error_budget"] is None else _whole(row["error_budget"]),
        availability=None if row["availability"] is None else _whole(row["availability"]),
        breaches=row["breach_count"],
        credit=row["credit_minor"],
        currency=row["currency"],
        minor_digits=row["minor_digits"],
        reason=row["reason"],
        closed_by=row["closed_by"],
        customer_name=row["customer_name"],
        made_at=instant_at(row["made_at"]),
        contract_start=instant_at(row["contract_start"]),
        contract_end=None if row["contract_end"] is None else instant_at(row["contract_end"]),
    )


def _whole(value: Decimal) -> int:
    """Millionths."""
    return int(value.scaleb(6))
