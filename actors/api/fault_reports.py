"""Fault reports of customers. Answered from the SLA clock's state, so all of it works while PostgreSQL is away."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.answers import SLA
from actors.api.command_resource import CommandResource, IdempotencyKey, idempotency_key_of
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, resource
from actors.api.submitter import Submitter
from protocols.rest_sla_limits import FaultReportCreate, FaultReportPage, FaultReportShown, FaultReportsQuery
from protocols.sla.actions import ReportFault
from protocols.sla.fault_report import FaultReport
from protocols.sla.limits_view import LimitsView
from protocols.sla.local_time import instant_at, utc_time

_ORDER = Order("fault_reports", (SortKey("reported_at", INT64, True), SortKey("id", str, True)))
ReportName = Annotated[str, PathParameter(description="The report's `id`", max_length=40, pattern=r"^[A-Za-z0-9.]+$")]


@post(
    "/fault-reports",
    summary="Report a fault",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(
            FaultReportShown, generate_examples=False, description="The Idempotency-Key was used before: that report"
        ),
        409: PROBLEM,
    },
    opt=allow("operator"),
)
async def report_fault(
    request: Request[Any, Any, Any],
    submitter: Given[Submitter],
    limits: Given[LimitsView],
    default_tenant: Given[str],
    by: By,
    data: JSONBody[FaultReportCreate],
    idempotency_key: IdempotencyKey = None,
) -> Response[FaultReportShown]:
    """The instant from which statutory credits count, where the definition's credit model begins at the report. A report that
    no instance matches is kept, with a warning."""
    key = idempotency_key_of(request)
    action = ReportFault(
        tenant_of(by, data.tenant_id, default_tenant),
        data.customer_id,
        data.service_id,
        None if data.reported_at is None else instant_at(data.reported_at),
        data.text,
        f"{by.name}/{key}" if key else "",
    )
    done = await CommandResource(submitter, SLA).submit(by, action)
    report = limits.report(done.id)
    if report is None:
        raise ProblemError(
            409, "wrong_state", f"report {done.id} was made before the previous period, and is not held any more"
        )
    headers = {"Location": f"{PREFIX}/fault-reports/{report.id}"}
    return Response(_shown(report, done.answer.warnings), status_code=200 if done.answer.duplicate else 201, headers=headers)


@get(
    "/fault-reports",
    summary="List fault reports",
    operation_class=documented(FaultReportsQuery),
    opt=allow("viewer", query=FaultReportsQuery),
)
async def list_fault_reports(request: Request[Any, Any, Any], limits: Given[LimitsView], by: By) -> FaultReportPage:
    """The periods within reach, the running and the previous one, the latest first."""
    query = read_query(request, FaultReportsQuery)
    wanted = {name: value for name in ("customer_id", "service_id", "tenant_id") if (value := getattr(query, name)) is not None}
    found = [
        each
        for each in limits.reports()
        if by.sees(each.tenant_id) and all(getattr(each, name) == value for name, value in wanted.items())
    ]
    found.sort(key=lambda each: (each.reported_at, each.id), reverse=True)
    page = _ORDER.page(found, lambda one: [one.reported_at, one.id], query.limit, query.cursor)
    return FaultReportPage(tuple(_shown(each) for each in page.items), page.next_cursor)


@get("/fault-reports/{report_id:str}", summary="Show a fault report", operation_class=ApiOperation, opt=allow("viewer"))
async def get_fault_report(limits: Given[LimitsView], by: By, report_id: ReportName) -> FaultReportShown:
    """One report."""
    report = limits.report(report_id)
    if report is None or not by.sees(report.tenant_id):
        raise ProblemError(404, "unknown_fault_report", f"no fault report {report_id!r}")
    return _shown(report)


def _shown(report: FaultReport, warnings: tuple[str, ...] = ()) -> FaultReportShown:
    return FaultReportShown(
        id=report.id,
        tenant_id=report.tenant_id,
        customer_id=report.customer_id,
        service_id=report.service_id,
        reported_at=utc_time(report.reported_at),
        text=report.text,
        sla_instances=report.instances,
        created_at=report.created_at,
        created_by=report.created_by,
        warnings=warnings,
    )


def routes(submitter: Submitter, limits: LimitsView, default_tenant: str) -> Router:
    """Fault reports of customers."""
    handlers = [report_fault, list_fault_reports, get_fault_report]
    return resource("service levels", handlers, submitter=submitter, limits=limits, default_tenant=default_tenant)
