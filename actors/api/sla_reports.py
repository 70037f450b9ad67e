"""Closed periods of one instance, their reports (JSON, CSV, PDF), and how the figures of the running one come about."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Struct
from msgspec.structs import replace

from actors.api.access import allow
from actors.api.alarm_csv import CSV
from actors.api.alarm_lookup import STALE, answer
from actors.api.answers import SLA
from actors.api.command_resource import CommandResource, Done
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_parameter, unavailable
from actors.api.routes import By, Given, Now, resource
from actors.api.sla_instances import InstanceName
from actors.api.sql.sla_revisions import list_revisions, read_terms, revision_at
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from protocols.principal import Principal
from protocols.rest_fields import EARLIEST, LATEST
from protocols.rest_sla_compliance import CompliancePeriod, period_shown
from protocols.rest_sla_reports import (
    ExplanationShown,
    PeriodClose,
    PeriodPage,
    PeriodReportShown,
    PeriodsQuery,
    ReportQuery,
    explanation_shown,
    report_shown,
)
from protocols.sla.actions import ClosePeriod
from protocols.sla.definition import SlaTerms
from protocols.sla.explanation import SlaExplanation
from protocols.sla.local_time import instant_at, midnight, utc_time
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import SlaReport
from protocols.sla.report_check import ContradictoryReport
from protocols.sla.report_csv import reports_csv
from protocols.sla.report_print import PrinterMissing, PrintingFailed, ReportPrinting
from protocols.sla.report_view import HistoryGone, SlaHistoryReader, SlaReportView
from protocols.sla.untouched_report import untouched_report
from protocols.sla.view import SlaView

PDF = "application/pdf"
PeriodBegin = Annotated[
    str,
    PathParameter(
        description="The period that contains this time: `2026-03`, `2026-03-01`, or `2026-03-01T00:00:00Z`", max_length=40
    ),
]


class ReportTexts(Struct, frozen=True):
    """The words around the figures. ``operator``: gives the name that a report is headed by."""

    operator: Callable[[], str]
    arithmetic: Callable[[SlaReport], Sequence[str]]
    lines: Callable[[SlaExplanation], Sequence[str]]


class PeriodReports:
    """Reads of reports, and the command that closes or revises a period."""

    def __init__(
        self,
        submitter: Submitter,
        stored: Stored,
        sla: SlaView,
        agreements: SlaReportView,
        history: SlaHistoryReader,
        printer: ReportPrinting,
        texts: ReportTexts,
        clock: Now,
    ) -> None:
        self._commands, self.stored, self._sla, self.agreements = CommandResource(submitter, SLA), stored, sla, agreements
        self._history, self.printer, self.texts, self.clock = history, printer, texts, clock

    async def report(self, by: Principal, name: str, period: str, revision: int | None) -> tuple[SlaReport, bool]:
        """The report, and whether it is fresh. ProblemError 404 where there is no such period."""
        now = instant_at(self.clock())
        running = self.agreements.report(name, now) if revision is None else None
        if running is not None and not by.sees(running.tenant_id):
            raise _no_instance(name)
        at = await self._instant(by, name, period) if period else None
        if running is not None and (at is None or running.period_start <= at < running.period_end):
            return self._headed(running), self.agreements.settled
        fresh = await self.stored.caught_up(by, newest=True) and self.agreements.settled
        wanted = None if at is None else utc_time(at)
        found = await revision_at(self.stored.database, name, wanted, revision, tenant=by.tenant)
        if found is None:
            self.check_seen(by, name)
            what = f" with a revision {revision}" if revision is not None else ""
            raise ProblemError(404, "unknown_period", f"instance {name!r} has no closed period there{what}")
        figures, report = found
        return self._headed(report if report is not None else await self._untouched(figures)), fresh

    async def close(self, by: Principal, name: str, period: str, reason: str) -> tuple[PeriodFigures, bool]:
        """The newest revision of the period, and whether this request made it. ProblemError when the command was refused."""
        at = await self._instant(by, name, period)
        await self.stored.caught_up(by, newest=True)
        start = await self._begin(by, name, at)
        try:
            done = await self._commands.submit(by, ClosePeriod(name, start, reason))
        except ProblemError as error:
            if error.kind != "out_of_reach":
                raise
            done = await self._revise(by, name, start, reason)
        await self.stored.caught_up(by, newest=True)
        found = await revision_at(self.stored.database, name, utc_time(start), None, tenant=by.tenant)
        if found is None:
            raise unavailable("not_stored_yet", "the period was closed, and PostgreSQL does not show it yet")
        return found[0], not done.answer.duplicate

    def explanation(self, by: Principal, name: str) -> SlaExplanation:
        """The explanation of the running period. ProblemError 404 for an instance not seen, 409 when no period of it runs."""
        self.check_seen(by, name)
        found = self.agreements.explain(name, instant_at(self.clock()))
        if found is None:
            raise ProblemError(409, "no_running_period", f"no period of instance {name!r} runs: the contract does not hold now")
        return replace(found, report=self._headed(found.report))

    async def _revise(self, by: Principal, name: str, start: int, reason: str) -> Done:
        """By the history in PostgreSQL."""
        if not await self.stored.caught_up(by, newest=True):
            raise unavailable("not_stored_yet", "PostgreSQL does not have everything yet that the figures follow from")
        try:
            found = await self._history.revision(name, start)
        except HistoryGone as error:
            raise ProblemError(409, "history_gone", str(error)) from error
        if found is None or not by.sees(found.figures.tenant_id):
            raise ProblemError(404, "unknown_period", f"instance {name!r} has no closed period there")
        return await self._commands.submit(by, ClosePeriod(name, start, reason, found))

    async def _begin(self, by: Principal, name: str, at: int) -> int:
        """Begin of the period that contains ``at``: a closed one, or the running one."""
        running = self.agreements.report(name, instant_at(self.clock()))
        if running is not None and by.sees(running.tenant_id) and running.period_start <= at < running.period_end:
            return running.period_start
        found = await revision_at(self.stored.database, name, utc_time(at), None, tenant=by.tenant)
        if found is None:
            self.check_seen(by, name)
            raise ProblemError(404, "unknown_period", f"instance {name!r} has no closed period there")
        return found[0].start

    async def _instant(self, by: Principal, name: str, text: str) -> int:
        """The time that a text names; dates are midnights in the definition's zone."""
        whole = f"{text}-01" if len(text) == 7 else text
        try:
            if len(whole) > 10:
                at = datetime.fromisoformat(whole)
                if at.tzinfo is None:
                    raise invalid_parameter("period", "a time needs an offset from UTC, such as Z")
                found = instant_at(at)
            else:
                found = midnight(date.fromisoformat(whole), await self._zone(by, name))
        except (ValueError, OverflowError):
            expected = "expected a month (2026-03), a date (2026-03-01) or a time (2026-03-01T00:00:00Z)"
            raise invalid_parameter("period", f"{text[:40]!r}: {expected}") from None
        if not instant_at(EARLIEST) <= found < instant_at(LATEST):
            raise invalid_parameter("period", f"is not between {EARLIEST.year} and {LATEST.year}")
        return found

    async def _zone(self, by: Principal, name: str) -> ZoneInfo:
        instance = self._sla.instance(name)
        if instance is not None and by.sees(instance.tenant_id):
            definition = self._sla.definition(instance.definition_id)
            return ZoneInfo("UTC" if definition is None else definition.terms.period.zone)
        found = await revision_at(self.stored.database, name, None, None, tenant=by.tenant)
        if found is None:
            raise _no_instance(name)
        return ZoneInfo((await self._terms(found[0])).period.zone)

    async def _untouched(self, figures: PeriodFigures) -> SlaReport:
        """The report that follows from the figures alone."""
        if figures.up != figures.contract:
            text = f"the report of revision {figures.revision} is not kept; its figures are: GET …/periods"
            raise ProblemError(409, "report_not_kept", text)
        return untouched_report(figures, await self._terms(figures))

    async def _terms(self, figures: PeriodFigures) -> SlaTerms:
        """The terms of the version that applies to the period."""
        found = await read_terms(self.stored.database, figures.definition_id, figures.definition_version)
        if found is None:
            text = f"PostgreSQL does not have version {figures.definition_version} of definition {figures.definition_id}"
            raise unavailable("not_stored_yet", text)
        return found

    def check_seen(self, by: Principal, name: str) -> None:
        """ProblemError 404 when the caller sees no such instance."""
        instance = self._sla.instance(name)
        if instance is None or not by.sees(instance.tenant_id):
            raise _no_instance(name)

    def _headed(self, report: SlaReport) -> SlaReport:
        return replace(report, operator=self.texts.operator())


@get(
    "/sla-instances/{instance_id:str}/periods",
    summary="Closed periods of an instance",
    operation_class=documented(PeriodsQuery),
    opt=allow("viewer", query=PeriodsQuery),
)
async def list_sla_periods(
    request: Request[Any, Any, Any], reports: Given[PeriodReports], by: By, instance_id: InstanceName
) -> Response[PeriodPage]:
    """Every revision of every closed period, the latest first: a correction adds a revision, and the ones before stay."""
    query = read_query(request, PeriodsQuery)
    database = reports.stored.database
    fresh = await reports.stored.caught_up(by)
    page = await list_revisions(database, instance_id, limit=query.limit, cursor=query.cursor, tenant=by.tenant)
    if not page.items and query.cursor is None:
        reports.check_seen(by, instance_id)
    return answer(PeriodPage(tuple(map(period_shown, page.items)), page.next_cursor), fresh)


@post(
    "/sla-instances/{instance_id:str}/periods/{start:str}/close",
    summary="Close or revise a period",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
    status_code=200,
)
async def close_sla_period(
    reports: Given[PeriodReports], by: By, instance_id: InstanceName, start: PeriodBegin, data: JSONBody[PeriodClose]
) -> Response[CompliancePeriod]:
    """A period that has ended is closed now. One that is closed is derived anew from its facts, an old one from PostgreSQL's
    history: 201 with a new revision where a figure differs, else 200 with the newest one. 409 before the period has ended."""
    figures, made = await reports.close(by, instance_id, start, data.reason)
    return Response(period_shown(figures), status_code=201 if made else 200)


@get(
    "/sla-instances/{instance_id:str}/report",
    summary="The report of an instance and period",
    operation_class=documented(ReportQuery, also=PDF),
    responses={409: PROBLEM},
    opt=allow("viewer", query=ReportQuery),
)
async def get_sla_report(
    request: Request[Any, Any, Any], reports: Given[PeriodReports], by: By, instance_id: InstanceName
) -> Response[PeriodReportShown]:
    """Figures with their timeline, outages, exclusions, clocks, breaches, credits and arithmetic; as JSON, CSV or PDF. A closed
    revision is the same, byte for byte, whenever it is asked for."""
    query = read_query(request, ReportQuery)
    report, fresh = await reports.report(by, instance_id, query.period, query.revision)
    headers = {} if fresh else {STALE: "true"}
    accepted = request.headers.get("accept", "").partition(";")[0].strip()
    wanted = query.format or {PDF: "pdf", CSV: "csv"}.get(accepted, "json")
    if wanted == "json":
        return Response(report_shown(report, reports.texts.arithmetic(report)), headers=headers)
    name = f"{report.instance_id}-{utc_time(report.period_start):%Y-%m-%d}-r{report.revision if report.closed else 0}"
    headers["Content-Disposition"] = f'attachment; filename="sla-report-{name}.{wanted}"'
    content: Any = reports_csv([report]) if wanted == "csv" else await _printed(reports.printer, report)
    return Response(content, media_type=CSV if wanted == "csv" else PDF, headers=headers)


@get(
    "/sla-instances/{instance_id:str}/explain",
    summary="Explain the figures of an instance",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("viewer"),
)
async def explain_sla_instance(reports: Given[PeriodReports], by: By, instance_id: InstanceName) -> ExplanationShown:
    """How the figures of the running period come about: the evidence of each node on the way up, which alarms, which
    exclusions, and the arithmetic; as lines to read, and as fields. Works while PostgreSQL is away."""
    found = reports.explanation(by, instance_id)
    return explanation_shown(found, reports.texts.arithmetic(found.report), reports.texts.lines(found))


async def _printed(printer: ReportPrinting, report: SlaReport) -> bytes:
    try:
        return await printer.print_pdf(report)
    except PrinterMissing as error:
        raise ProblemError(501, "pdf_not_installed", str(error)) from error
    except ContradictoryReport as error:
        raise ProblemError(500, "contradictory_report", str(error)) from error
    except PrintingFailed as error:
        raise unavailable("not_printed", str(error)) from error


def _no_instance(name: str) -> ProblemError:
    return ProblemError(404, "unknown_instance", f"no instance {name!r}")


def routes(
    submitter: Submitter,
    stored: Stored,
    sla: SlaView,
    agreements: SlaReportView,
    history: SlaHistoryReader,
    printer: ReportPrinting,
    texts: ReportTexts,
    clock: Now,
) -> Router:
    """Closed periods and reports of instances."""
    reports = PeriodReports(submitter, stored, sla, agreements, history, printer, texts, clock)
    handlers: list[Any] = [list_sla_periods, close_sla_period, get_sla_report, explain_sla_instance]
    return resource("service level instances", handlers, reports=reports)
