"""Rotas, and who is on call. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is
away."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter
from msgspec.structs import replace

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.answers import DISPATCH
from actors.api.command_resource import CommandResource, Done, IdempotencyKey, idempotency_key_of
from actors.api.entity_tags import Condition, expected
from actors.api.keyset import INT64, TIME, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_parameter
from actors.api.routes import PREFIX, By, Given, IfMatch, Now, resource, tagged
from actors.api.submitter import Submitter
from protocols.dispatch.actions import CreateRota, DeleteRota, EditRota
from protocols.dispatch.on_call import contacts_of, on_call, shifts
from protocols.dispatch.rota import OnCall, RotaEdited, RotaPlan, RotaRecord
from protocols.dispatch.view import DispatchView
from protocols.principal import Principal
from protocols.rest_body import fields_for
from protocols.rest_fields import EARLIEST, check_time
from protocols.rest_rotas import (
    OnCallQuery,
    OnCallShown,
    RotaPage,
    RotaShown,
    RotasQuery,
    ShiftPage,
    ShiftShown,
    ShiftsQuery,
)
from protocols.sla.local_time import instant_at

_ORDER = Order("rotas", (SortKey("offset", INT64),))
_SHIFT_ORDER = Order("shifts", (SortKey("start", TIME),))
LONGEST = timedelta(days=62)
USUAL = timedelta(days=14)

RotaName = Annotated[
    str, PathParameter(description="The rota's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9.-]+$")
]


class RotaCommands:
    """The rotas that the fold knows, and commands about them."""

    def __init__(self, submitter: Submitter, view: DispatchView, clock: Now) -> None:
        self._commands, self.view, self.clock = CommandResource(submitter, DISPATCH), view, clock

    async def create(self, by: Principal, plan: RotaPlan, key: str) -> Done:
        """ProblemError when it was refused."""
        return await self._commands.submit(by, CreateRota(plan, f"{by.name}/{key}" if key else ""))

    async def edit(self, by: Principal, name: str, fields: RotaEdited, if_match: Condition | None) -> None:
        """ProblemError when it was refused."""
        conditions = expected(if_match, name, self.seen(by, name).revision)
        await self._commands.submit(by, EditRota(name, fields), expected=conditions)

    async def delete(self, by: Principal, name: str, if_match: Condition | None) -> None:
        """ProblemError when it was refused."""
        conditions = expected(if_match, name, self.seen(by, name).revision)
        await self._commands.submit(by, DeleteRota(name), expected=conditions)

    def seen(self, by: Principal, name: str) -> RotaRecord:
        """The rota of this id. ProblemError 404 when the caller sees none."""
        found = self.view.rota(name)
        if found is None or not _sees(by, found):
            raise ProblemError(404, "unknown_rota", f"no rota {name!r}")
        return found

    def shift(self, shift: OnCall) -> ShiftShown:
        """A shift as REST shows it, with the name that the contact has now."""
        contact = self.view.contact(shift.contact_id) if shift.contact_id else None
        return ShiftShown(
            contact_id=shift.contact_id or None,
            contact_name=None if contact is None else contact.plan.name,
            start=shift.start,
            end=shift.end,
            by=shift.by,
        )


@get("/rotas", summary="List rotas", operation_class=documented(RotasQuery), opt=allow("viewer", query=RotasQuery))
async def list_rotas(request: Request[Any, Any, Any], rotas: Given[RotaCommands], by: By) -> RotaPage:
    """The oldest first; those of the token's tenant and those of every tenant."""
    query = read_query(request, RotasQuery)
    found = [each for each in rotas.view.rotas() if _sees(by, each)]
    for name in ("name", "tenant_id"):
        wanted = getattr(query, name)
        found = [each for each in found if wanted is None or getattr(each.plan, name) == wanted]
    if query.contact_id is not None:
        found = [each for each in found if query.contact_id in contacts_of(each.plan)]
    page = _ORDER.page(found, lambda one: [int(one.id.removeprefix("RO"))], query.limit, query.cursor)
    return RotaPage(tuple(_shown(each) for each in page.items), page.next_cursor)


@get("/rotas/{rota_id:str}", summary="Show a rota", operation_class=TaggedOperation, opt=allow("viewer"))
async def get_rota(rotas: Given[RotaCommands], by: By, rota_id: RotaName) -> Response[RotaShown]:
    """One rota, with its layers and overrides."""
    return _tagged(rotas.seen(by, rota_id))


@get(
    "/rotas/{rota_id:str}/now",
    summary="Show who is on call",
    operation_class=documented(OnCallQuery),
    opt=allow("viewer", query=OnCallQuery),
)
async def get_on_call(request: Request[Any, Any, Any], rotas: Given[RotaCommands], by: By, rota_id: RotaName) -> OnCallShown:
    """The shift now, or at a time, and the one behind it."""
    at = _time("at", read_query(request, OnCallQuery).at) or rotas.clock()
    plan = rotas.seen(by, rota_id).plan
    found = on_call(plan, instant_at(at))
    following = None if found.end is None else rotas.shift(on_call(plan, instant_at(found.end)))
    return OnCallShown(rota_id=rota_id, at=at, on_call=rotas.shift(found), next=following)


@get(
    "/rotas/{rota_id:str}/shifts",
    summary="List the shifts of a rota",
    operation_class=documented(ShiftsQuery),
    opt=allow("viewer", query=ShiftsQuery),
)
async def list_shifts(request: Request[Any, Any, Any], rotas: Given[RotaCommands], by: By, rota_id: RotaName) -> ShiftPage:
    """Shifts and gaps that touch a time, in order. To go on with a cursor, give the same `from` and `to`."""
    query = read_query(request, ShiftsQuery)
    start = _time("from", query.start) or rotas.clock()
    end = _time("to", query.end) or start + USUAL
    if not start < end <= start + LONGEST:
        raise invalid_parameter("to", f"is not within {LONGEST.days} days after from")
    plan = rotas.seen(by, rota_id).plan
    found = shifts(plan, instant_at(start), instant_at(end))
    page = _SHIFT_ORDER.page(found, lambda one: [one.start or EARLIEST], query.limit, query.cursor)
    return ShiftPage(tuple(rotas.shift(each) for each in page.items), page.next_cursor)


@post(
    "/rotas",
    summary="Make a rota",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(RotaShown, generate_examples=False, description="The Idempotency-Key was used before: that rota"),
        409: PROBLEM,
    },
    opt=allow("operator"),
)
async def create_rota(
    request: Request[Any, Any, Any],
    rotas: Given[RotaCommands],
    by: By,
    data: JSONBody[RotaPlan],
    idempotency_key: IdempotencyKey = None,
) -> Response[RotaShown]:
    """Contacts are given by id or name, and kept by id. Without `tenant_id` it is of the token's tenant; of a token without
    one, for every tenant."""
    tenant = data.tenant_id or by.tenant
    if tenant is not None:
        tenant = tenant_of(by, tenant, tenant)
    done = await rotas.create(by, replace(data, tenant_id=tenant), idempotency_key_of(request))
    made = rotas.seen(by, done.id)
    return _tagged(made, 200 if done.answer.duplicate else 201, {"Location": f"{PREFIX}/rotas/{made.id}"})


@patch(
    "/rotas/{rota_id:str}",
    summary="Change a rota",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def edit_rota(
    rotas: Given[RotaCommands], by: By, if_match: IfMatch, rota_id: RotaName, data: JSONBody[RotaEdited]
) -> Response[RotaShown]:
    """Change the given fields; `layers` and `overrides` are replaced as a whole."""
    await rotas.edit(by, rota_id, data, if_match)
    return _tagged(rotas.seen(by, rota_id))


@delete(
    "/rotas/{rota_id:str}",
    summary="Delete a rota",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def delete_rota(rotas: Given[RotaCommands], by: By, if_match: IfMatch, rota_id: RotaName) -> None:
    """409 while a policy of the API names it."""
    await rotas.delete(by, rota_id, if_match)


def _sees(by: Principal, rota: RotaRecord) -> bool:
    """A tenant sees its own rotas and those of every tenant, whom its policies may name."""
    return rota.plan.tenant_id is None or by.sees(rota.plan.tenant_id)


def _time(name: str, at: datetime | None) -> datetime | None:
    try:
        check_time(name, at)
    except ValueError as error:
        raise invalid_parameter(name, str(error).partition(": ")[2]) from error
    return at


def _shown(rota: RotaRecord) -> RotaShown:
    return RotaShown(**{**fields_for(RotaShown, rota.plan), **fields_for(RotaShown, rota)})


def _tagged(rota: RotaRecord, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return tagged(_shown(rota), rota.revision, status, headers)


def routes(submitter: Submitter, view: DispatchView, clock: Now) -> Router:
    """Rotas."""
    handlers: list[Any] = [list_rotas, get_rota, get_on_call, list_shifts, create_rota, edit_rota, delete_rota]
    return resource("rotas", handlers, rotas=RotaCommands(submitter, view, clock))
