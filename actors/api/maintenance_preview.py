"""The effect of a maintenance window on service level agreements, before it is planned. Answered from the fold."""

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.maintenance import plan_of
from actors.api.openapi import documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, resource
from actors.api.window_warnings import unknown_names
from protocols.alarm_view import AlarmView
from protocols.maintenance import WindowPlan
from protocols.recurrence.rule import PlanError
from protocols.rest_body import Body
from protocols.rest_maintenance import WindowCreate
from protocols.rest_problem import FieldError
from protocols.rest_sla_preview import PreviewedWindow, previewed
from protocols.sla.preview import WindowPreview
from protocols.topology_view import TopologyView

PreviewWindow = Callable[[WindowPlan, str, int], WindowPreview]
"""The preview of a plan, asked for by a caller of this name, with so many instances. Raises PlanError."""


PARTIAL = (
    "alarm_types and resource_types limit the window to some alarms: it excludes no time of a service level agreement, "
    "and work in it counts as downtime"
)


class PreviewQuery(Body, frozen=True, kw_only=True):
    """The query of the preview."""

    limit: Annotated[int, Meta(ge=1, le=1_000, description="At most so many items, the worst first")] = 100


@post(
    "/maintenance-windows/preview",
    summary="Preview a maintenance window",
    status_code=200,
    operation_class=documented(PreviewQuery),
    opt=allow("operator", query=PreviewQuery),
)
async def preview_maintenance_window(
    request: Request[Any, Any, Any],
    preview: Given[PreviewWindow],
    plant: Given[TopologyView],
    alarms: Given[AlarmView],
    default_tenant: Given[str],
    by: By,
    data: JSONBody[WindowCreate],
) -> PreviewedWindow:
    """Customers and services that the window concerns, the error budgets with and without it, and the service level agreements
    that it would put at risk or breach. Nothing is planned."""
    query = read_query(request, PreviewQuery)
    tenant = data.tenant_id or by.tenant
    plan = plan_of(data, None if tenant is None else tenant_of(by, tenant, default_tenant))
    try:
        found = preview(plan, by.name, query.limit)
    except PlanError as error:
        raise ProblemError(422, "invalid_body", str(error), [FieldError(error.field, error.text)]) from error
    warnings = await unknown_names(plant, alarms, found.window)
    if found.window.scope.alarm_types or found.window.scope.resource_types:
        warnings.append(PARTIAL)
    return previewed(found, warnings)


def routes(preview: PreviewWindow, plant: TopologyView, alarms: AlarmView, default_tenant: str) -> Router:
    """The preview of maintenance windows."""
    given = {"preview": preview, "plant": plant, "alarms": alarms, "default_tenant": default_tenant}
    return resource("maintenance windows", [preview_maintenance_window], **given)
