"""The reports behind an alarm: the newest traps and events that raised, repeated or cleared it.

Which Events these were is in PostgreSQL: the offsets of the timeline's lines, and those of the newest repeats, which have no
line, in the alarm's row. What they said is read from the ledger, for as long as it keeps them.
"""

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from msgspec import Meta, Struct

from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.alarm_lookup import AlarmLookup, answer
from actors.api.openapi import documented
from actors.api.parameters import read_query
from actors.api.problems import unavailable
from actors.api.routes import By, Given, resource
from actors.api.sql.timeline import reporting_events
from protocols.report import EventReport, LedgerUnreadable, Reports
from protocols.rest_body import Body

MOST = 50


class ReportsQuery(Body, frozen=True, kw_only=True):
    """The query of the reports."""

    limit: Annotated[int, Meta(ge=1, le=MOST, description="At most so many items")] = 20


class ReportShown(Struct, frozen=True, kw_only=True):
    """A report, and what it did to the alarm. ``report`` is null when the ledger no longer has the Event."""

    offset: int
    did: tuple[str, ...]
    """As in the timeline: `raised`, `cleared` ...; `repeated`."""
    report: EventReport | None


class ReportList(Struct, frozen=True):
    """The newest reports behind an alarm, latest first."""

    items: tuple[ReportShown, ...]


@get(
    "/alarms/{alarm_id:str}/reports",
    summary="The reports behind an alarm",
    operation_class=documented(ReportsQuery),
    opt=allow("viewer", query=ReportsQuery),
)
async def list_alarm_reports(
    request: Request[Any, Any, Any], alarms: Given[AlarmLookup], reports: Given[Reports], by: By, alarm_id: AlarmName
) -> Response[ReportList]:
    """The newest traps and network events that raised, repeated or cleared it, latest first: what a trap said, who sent it, and
    how it was read. Never a community. Repeats: the newest ten."""
    query = read_query(request, ReportsQuery)
    database = alarms.database
    fresh = await alarms.stored.caught_up(by, newest=True)
    alarm = await alarms.existing(by, alarm_id)
    did = await reporting_events(database, alarm.id, limit=query.limit)
    try:
        found = {report.offset: report for report in await reports.at(did)}
    except LedgerUnreadable as error:
        raise unavailable("reports_unavailable", f"the ledger cannot be read: {error}") from error
    items = [
        ReportShown(offset=offset, did=actions, report=found.get(offset))
        for offset, actions in did.items()
        if (report := found.get(offset)) is None or report.kind in ("command", "faultd") or by.sees(report.tenant_id)
    ]
    return answer(ReportList(tuple(items)), fresh)


def routes(alarms: AlarmLookup, reports: Reports) -> Router:
    """Reports behind alarms, read from the ledger."""
    return resource("alarms", [list_alarm_reports], alarms=alarms, reports=reports)
