"""Maintenance windows. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is away."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET

from actors.api.access import allow
from actors.api.actions import in_utc, tenant_of
from actors.api.answers import WINDOW
from actors.api.command_resource import CommandResource, IdempotencyKey, idempotency_key_of
from actors.api.entity_tags import Condition, expected
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, IfMatch, resource, tagged
from actors.api.submitter import Submitter
from actors.api.window_warnings import IN_UTC, unknown_names
from protocols.alarm_view import AlarmView
from protocols.change import Answer
from protocols.command import CancelWindow, EndWindow, PatchWindow, PutWindow
from protocols.maintenance import MaintenanceWindow, PlanChanges, WindowPlan, Windows
from protocols.principal import Principal
from protocols.rest_body import fields_for
from protocols.rest_calendar import CalendarQuery, WindowCalendar, calendar_of
from protocols.rest_maintenance import WindowCreate, WindowEdit, WindowPage, WindowShown, WindowsQuery, shown
from protocols.topology_view import TopologyView

_ORDER = Order("windows", (SortKey("offset", INT64, True),))

WindowName = Annotated[
    str, PathParameter(description="The window's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9]+$")
]


class WindowCommands:
    """The windows that the fold knows, and commands about them. ``plant`` and ``alarms`` tell which names of a scope exist."""

    def __init__(self, submitter: Submitter, windows: Windows, plant: TopologyView, alarms: AlarmView) -> None:
        self._commands, self.windows = CommandResource(submitter, WINDOW), windows
        self._plant, self._alarms = plant, alarms

    async def create(self, by: Principal, action: PutWindow) -> Answer:
        """ProblemError when the window was refused."""
        return (await self._commands.submit(by, action)).answer

    async def change(
        self, by: Principal, action: PatchWindow | EndWindow | CancelWindow, if_match: Condition | None
    ) -> Response[WindowShown]:
        """The window as it is after the action. ProblemError when it was refused."""
        window = self.windows.get(action.window_id)
        current = window.revision if window is not None and _sees(by, window) else None
        done = await self._commands.submit(by, action, expected=expected(if_match, action.window_id, current))
        found = await self.show(by, done.id)
        return tagged(found, found.revision)

    async def show(self, by: Principal, window_id: str, warnings: Sequence[str] = ()) -> WindowShown:
        """The window of this id, and what is to be checked in it. ProblemError 404 when the caller sees none."""
        window = self.windows.get(window_id)
        if window is None or not _sees(by, window):
            raise ProblemError(404, "unknown_window", f"no maintenance window {window_id!r}")
        found = await unknown_names(self._plant, self._alarms, window)
        return shown(self.windows.show(window), [*warnings, *found])


@get(
    "/maintenance-windows",
    summary="List maintenance windows",
    operation_class=documented(WindowsQuery),
    opt=allow("viewer", query=WindowsQuery),
)
async def list_maintenance_windows(request: Request[Any, Any, Any], catalogue: Given[WindowCommands], by: By) -> WindowPage:
    """The latest first. Those that are over or cancelled stay in the list for a while (`keep_windows_days`)."""
    query = read_query(request, WindowsQuery)
    windows = catalogue.windows
    found = [one for one in reversed(windows.all()) if _sees(by, one)]
    if query.tenant_id is not None:
        found = [one for one in found if one.tenant_id == query.tenant_id]
    if phases := {*query.phase, *query.status}:
        found = [one for one in found if windows.phase(one) in phases]
    page = _ORDER.page(found, lambda one: [_offset(one)], query.limit, query.cursor)
    return WindowPage(tuple(shown(windows.show(one)) for one in page.items), page.next_cursor)


@get(
    "/maintenance-windows/occurrences",
    summary="List when maintenance windows are open",
    operation_class=documented(CalendarQuery),
    opt=allow("viewer", query=CalendarQuery),
)
async def list_window_occurrences(request: Request[Any, Any, Any], catalogue: Given[WindowCommands], by: By) -> WindowCalendar:
    """Every occurrence of the windows between `from` and `to`, also of recurring ones, for a calendar."""
    query = read_query(request, CalendarQuery)
    seen = [one for one in catalogue.windows.all() if _sees(by, one)]
    if query.tenant_id is not None:
        seen = [one for one in seen if one.tenant_id == query.tenant_id]
    return calendar_of(seen, query.since, query.before)


@get(
    "/maintenance-windows/{window_id:str}",
    summary="Show a maintenance window",
    operation_class=TaggedOperation,
    opt=allow("viewer"),
)
async def get_maintenance_window(catalogue: Given[WindowCommands], by: By, window_id: WindowName) -> Response[WindowShown]:
    """One window, with its current or next occurrence and the number of alarms that it suppresses."""
    found = await catalogue.show(by, window_id)
    return tagged(found, found.revision)


@post(
    "/maintenance-windows",
    summary="Plan a maintenance window",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(WindowShown, generate_examples=False, description="The Idempotency-Key was used before: that window"),
        409: PROBLEM,
    },
    opt=allow("operator"),
)
async def create_maintenance_window(
    request: Request[Any, Any, Any],
    catalogue: Given[WindowCommands],
    default_tenant: Given[str],
    by: By,
    data: JSONBody[WindowCreate],
    idempotency_key: IdempotencyKey = None,
) -> Response[WindowShown]:
    """Operators plan windows of a tenant; those of every tenant are for admins whose token has no tenant."""
    tenant = data.tenant_id or by.tenant
    if tenant is None:
        if not by.may("admin"):
            raise ProblemError(403, "forbidden", "a window of every tenant needs the role admin; an operator gives tenant_id")
    else:
        tenant = tenant_of(by, tenant, default_tenant)
    key = idempotency_key_of(request)
    plan = plan_of(data, tenant, f"{by.name}/{key}" if key else "")
    answer = await catalogue.create(by, PutWindow(plan))
    warnings = [IN_UTC] if data.recurrence and data.time_zone is None else []
    body = await catalogue.show(by, answer.accepted[0], warnings)
    headers = {"Location": f"{PREFIX}/maintenance-windows/{body.id}"}
    return tagged(body, body.revision, 200 if answer.duplicate else 201, headers)


@patch(
    "/maintenance-windows/{window_id:str}",
    summary="Change a maintenance window",
    operation_class=ConditionalOperation,
    opt=allow("operator"),
)
async def edit_maintenance_window(
    catalogue: Given[WindowCommands], by: By, if_match: IfMatch, window_id: WindowName, data: JSONBody[WindowEdit]
) -> Response[WindowShown]:
    """Change the given fields. Alarms that the window no longer covers are released at once."""
    given = fields_for(PlanChanges, data)
    for name, at in zip(("start", "end"), data.times, strict=True):
        given[name] = at if at is UNSET else _time(at)
    return await catalogue.change(by, PatchWindow(window_id, PlanChanges(**given)), if_match)


@post(
    "/maintenance-windows/{window_id:str}/end",
    summary="End a maintenance window early",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def end_maintenance_window(
    catalogue: Given[WindowCommands], by: By, if_match: IfMatch, window_id: WindowName
) -> Response[WindowShown]:
    """End the active occurrence now. After the usual hold faultd requests notifications of the alarms that are still active. A
    recurring window opens again as planned."""
    return await catalogue.change(by, EndWindow(window_id), if_match)


@delete(
    "/maintenance-windows/{window_id:str}",
    summary="Cancel a maintenance window",
    status_code=200,
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def cancel_maintenance_window(
    catalogue: Given[WindowCommands], by: By, if_match: IfMatch, window_id: WindowName
) -> Response[WindowShown]:
    """The window ends now, or never begins. It stays in the list as cancelled (`keep_windows_days`)."""
    return await catalogue.change(by, CancelWindow(window_id), if_match)


def plan_of(data: WindowCreate, tenant: str | None, key: str = "") -> WindowPlan:
    """The plan that a body asks for, of ``tenant``."""
    return WindowPlan(
        title=data.title,
        scope=data.scope,
        start=_time(data.begins),
        end=None if data.ends is None else _time(data.ends),
        duration_seconds=data.duration_seconds,
        time_zone=data.time_zone or "UTC",
        recurrence=data.recurrence,
        exceptions=data.exceptions,
        description=data.description,
        tenant_id=tenant,
        key=key,
    )


def _sees(by: Principal, window: MaintenanceWindow) -> bool:
    """A window of every tenant names things of other tenants: it is for tokens without one."""
    return by.tenant is None or window.tenant_id == by.tenant


def _offset(window: MaintenanceWindow) -> int:
    return int(window.id.removeprefix("MW"))


def _time(at: Any) -> Any:
    """In UTC when it has an offset: the ledger keeps no zones. A time of the wall clock stays one."""
    return at if at.tzinfo is None else in_utc(at)


_HANDLERS: list[Any] = [
    list_maintenance_windows,
    list_window_occurrences,
    get_maintenance_window,
    create_maintenance_window,
    edit_maintenance_window,
    end_maintenance_window,
    cancel_maintenance_window,
]


def routes(submitter: Submitter, windows: Windows, plant: TopologyView, alarms: AlarmView, default_tenant: str) -> Router:
    """Maintenance windows."""
    catalogue = WindowCommands(submitter, windows, plant, alarms)
    return resource("maintenance windows", _HANDLERS, catalogue=catalogue, default_tenant=default_tenant)
