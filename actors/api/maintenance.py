"""Maintenance windows. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET

from actors.api import commands
from actors.api.access import allow
from actors.api.commands import in_utc
from actors.api.context import By, Context, Ctx
from actors.api.events import IdempotencyKey, idempotency_key_of
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_body, unavailable
from actors.api.window_warnings import IN_UTC, unknown_names
from protocols.change import Answer, Refusal
from protocols.command import CancelWindow, Command, EndWindow, PatchWindow, PutWindow, WindowAction
from protocols.maintenance import MaintenanceWindow, PlanChanges, WindowPlan, Windows
from protocols.principal import Principal
from protocols.rest_maintenance import WindowCreate, WindowEdit, WindowPage, WindowShown, WindowsQuery, shown

_ORDER = Order("windows", (SortKey("offset", INT64, True),))
_STATUS = {"wrong_state": 409, "limit": 409, "not_your_tenant": 403, "unknown_window": 404}

WindowName = Annotated[
    str, PathParameter(description="The window's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9]+$")
]


@dataclass
class WindowOperation(ApiOperation):
    """An operation whose answer never waits for PostgreSQL."""

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.responses or {}).pop("204", None)


@get(
    "/maintenance-windows",
    summary="List maintenance windows",
    operation_class=documented(WindowsQuery),
    opt=allow("viewer", query=WindowsQuery),
)
async def list_windows(request: Request[Any, Any, Any], api: Ctx, by: By) -> WindowPage:
    """The latest first. Those that are over or cancelled stay in the list for a while (`keep_windows_days`)."""
    query = read_query(request, WindowsQuery)
    windows = _windows(api)
    found = [one for one in reversed(windows.all()) if _sees(by, one)]
    if query.tenant_id is not None:
        found = [one for one in found if one.tenant_id == query.tenant_id]
    if phases := {*query.phase, *query.status}:
        found = [one for one in found if windows.phase(one) in phases]
    if query.cursor is not None:
        (last,) = _ORDER.decode(query.cursor)
        found = [one for one in found if _offset(one) < last]
    page = found[: query.limit]
    cursor = _ORDER.encode([_offset(page[-1])]) if len(found) > query.limit else None
    return WindowPage(tuple(shown(windows.show(one)) for one in page), cursor)


@get(
    "/maintenance-windows/{window_id:str}",
    summary="Show a maintenance window",
    operation_class=ApiOperation,
    opt=allow("viewer"),
)
async def show_window(api: Ctx, by: By, window_id: WindowName) -> WindowShown:
    """One window, and what it is doing."""
    return await _show(api, by, window_id)


@post(
    "/maintenance-windows",
    summary="Plan a maintenance window",
    operation_class=WindowOperation,
    responses={
        200: ResponseSpec(WindowShown, generate_examples=False, description="The Idempotency-Key was used before: that window"),
        409: PROBLEM,
    },
    opt=allow("operator"),
)
async def create_window(
    request: Request[Any, Any, Any],
    api: Ctx,
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
        tenant = commands.tenant_of(by, tenant, api.default_tenant)
    key = idempotency_key_of(request)
    plan = WindowPlan(
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
        key=f"{by.name}/{key}" if key else "",
    )
    answer = await _submit(api, by, PutWindow(plan))
    told = [IN_UTC] if data.recurrence and data.time_zone is None else []
    body = await _show(api, by, answer.accepted[0], told)
    headers = {"Location": f"/api/v1/faults/maintenance-windows/{body.id}"}
    return Response(body, status_code=200 if answer.duplicate else 201, headers=headers)


@patch(
    "/maintenance-windows/{window_id:str}",
    summary="Change a maintenance window",
    operation_class=WindowOperation,
    opt=allow("operator"),
)
async def edit_window(api: Ctx, by: By, window_id: WindowName, data: JSONBody[WindowEdit]) -> WindowShown:
    """Change the fields given, leave the others. Alarms that it does not cover any more are let go at once."""
    given = {name: getattr(data, name) for name in PlanChanges.__struct_fields__}
    for name, at in zip(("start", "end"), data.times, strict=True):
        given[name] = at if at is UNSET else _time(at)
    return await _change(api, by, PatchWindow(window_id, PlanChanges(**given)))


@post(
    "/maintenance-windows/{window_id:str}/end",
    summary="End a maintenance window early",
    status_code=200,
    operation_class=WindowOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def end_window(api: Ctx, by: By, window_id: WindowName) -> WindowShown:
    """The occurrence under way ends now, and what still stands is told. A recurring window opens again as planned."""
    return await _change(api, by, EndWindow(window_id))


@delete(
    "/maintenance-windows/{window_id:str}",
    summary="Cancel a maintenance window",
    status_code=200,
    operation_class=WindowOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def cancel_window(api: Ctx, by: By, window_id: WindowName) -> WindowShown:
    """It ends now, or never begins. It stays in the list as cancelled for a while."""
    return await _change(api, by, CancelWindow(window_id))


async def _change(api: Context, by: Principal, action: PatchWindow | EndWindow | CancelWindow) -> WindowShown:
    answer = await _submit(api, by, action)
    return await _show(api, by, answer.accepted[0])


async def _submit(api: Context, by: Principal, action: WindowAction) -> Answer:
    _windows(api)
    outcome = await api.submit(by, [Command(by, action)])
    answer = commands.answers(outcome.changes, outcome.first, 1)[0]
    if answer.refusals:
        raise _refused(answer.refusals[0])
    return answer


def _refused(refusal: Refusal) -> ProblemError:
    if refusal.reason == "invalid":
        field, _, text = refusal.text.partition(": ")
        return invalid_body(field, text)
    return ProblemError(_STATUS[refusal.reason], refusal.reason, refusal.text)


async def _show(api: Context, by: Principal, window_id: str, told: Sequence[str] = ()) -> WindowShown:
    windows = _windows(api)
    window = windows.get(window_id)
    if window is None or not _sees(by, window):
        raise ProblemError(404, "unknown_window", f"no maintenance window {window_id!r}")
    return shown(windows.show(window), [*told, *await unknown_names(api, window)])


def _windows(api: Context) -> Windows:
    if api.windows is None:
        raise unavailable("windows_unavailable", "maintenance windows cannot be read now", api.settings.retry_after_seconds)
    return api.windows


def _sees(by: Principal, window: MaintenanceWindow) -> bool:
    """A window of every tenant names things of other tenants: it is for tokens without one."""
    return by.tenant is None or window.tenant_id == by.tenant


def _offset(window: MaintenanceWindow) -> int:
    return int(window.id.removeprefix("MW"))


def _time(at: Any) -> Any:
    """In UTC when it has an offset: the ledger keeps no zones. A time of the wall clock stays one."""
    return at if at.tzinfo is None else in_utc(at)


HANDLERS: list[Any] = [list_windows, show_window, create_window, edit_window, end_window, cancel_window]
