"""The compliance report: closed periods from PostgreSQL, running ones from the SLA clock, as JSON or CSV."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
import trio
from litestar import Request, Response, Router, get
from litestar.response import Stream

from actors.api.access import allow
from actors.api.alarm_csv import CSV
from actors.api.alarm_lookup import STALE
from actors.api.openapi import documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, Now, resource
from actors.api.sql.sla_periods import PAGE, ClosedPeriods
from actors.api.stored import Stored
from protocols.csv_cells import lines
from protocols.principal import Principal
from protocols.rest_sla_compliance import (
    COLUMNS,
    ComplianceQuery,
    ComplianceReport,
    ComplianceTotals,
    cells_of,
    period_shown,
    report_of,
    totals_of,
)
from protocols.sla.local_time import instant_at
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report_view import PeriodChoice, SlaReportView

MOST = 200_000
"""Periods that one report may list."""
_JSON = "application/json"


@get(
    "/sla-compliance",
    summary="Compliance with service level agreements",
    operation_class=documented(ComplianceQuery, also=CSV),
    opt=allow("viewer", query=ComplianceQuery),
)
async def get_sla_compliance(
    request: Request[Any, Any, Any], stored: Given[Stored], agreements: Given[SlaReportView], clock: Given[Now], by: By
) -> Response[ComplianceReport]:
    """The figures of measurement periods, and the mean availability, the breaches and the credits over all of them.

    Closed periods never change but by a further revision; with `revision` they are as they were at that one, byte for byte. A
    report that reaches to now has the running periods, so far. With `format=csv`, or `Accept: text/csv`, the items are a file.
    """
    query = read_query(request, ComplianceQuery)
    wanted, now = _choice_of(by, query), clock()
    bounds = query.bounds(now)
    database = stored.database
    running = await _running(agreements, wanted, now) if bounds[0] <= now < bounds[1] else []
    fresh = await stored.caught_up(by, newest=True) and agreements.settled
    closed = ClosedPeriods(database, wanted, bounds, query.revision)
    totals = await closed.totals() + totals_of(running)
    if query.items and totals.periods > MOST:
        text = f"the report has {totals.periods} periods, and at most {MOST} are listed"
        raise ProblemError(400, "too_many_items", f"{text}: narrow it, or ask for the sums alone by items=false")
    headers = {} if fresh else {STALE: "true"}
    if not query.items:
        return Response(report_of(bounds, totals), headers=headers)
    as_file = query.format == "csv" or request.headers.get("accept", "").partition(";")[0].strip() == CSV
    if as_file:
        headers["Content-Disposition"] = 'attachment; filename="sla-compliance.csv"'
    content = _csv(closed, running) if as_file else _json(bounds, totals, closed, running)
    return Stream(content, media_type=CSV if as_file else _JSON, headers=headers)  # type: ignore[return-value]


def routes(stored: Stored, agreements: SlaReportView, clock: Now) -> Router:
    """The compliance report."""
    return resource("service level agreements", [get_sla_compliance], stored=stored, agreements=agreements, clock=clock)


def _choice_of(by: Principal, query: ComplianceQuery) -> PeriodChoice:
    return PeriodChoice(
        tenant_id=query.tenant_id or by.tenant,
        instance_id=query.sla_instance_id,
        customer_id=query.customer_id,
        service_id=query.service_id,
        definition_id=query.sla_definition_id,
    )


async def _running(agreements: SlaReportView, wanted: PeriodChoice, now: datetime) -> list[PeriodFigures]:
    found: list[PeriodFigures] = []
    for portion in agreements.running(wanted, instant_at(now)):
        found += portion
        await trio.lowlevel.checkpoint()
    return found


async def _json(
    bounds: tuple[datetime, datetime], totals: ComplianceTotals, closed: ClosedPeriods, running: list[PeriodFigures]
) -> AsyncIterator[bytes]:
    head = msgspec.json.encode(report_of(bounds, totals))
    yield head.removesuffix(b"]}")
    between = b""
    async for portion in _portions(closed, running):
        if portion:
            yield between + msgspec.json.encode([period_shown(each) for each in portion])[1:-1]
            between = b","
    yield b"]}"


async def _csv(closed: ClosedPeriods, running: list[PeriodFigures]) -> AsyncIterator[str]:
    yield lines([COLUMNS])
    async for portion in _portions(closed, running):
        yield lines(map(cells_of, portion))


async def _portions(closed: ClosedPeriods, running: list[PeriodFigures]) -> AsyncIterator[list[PeriodFigures]]:
    async for page in closed.pages():
        yield page
    for start in range(0, len(running), PAGE):
        yield running[start : start + PAGE]
        await trio.lowlevel.checkpoint()
