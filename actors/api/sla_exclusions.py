"""Exclusions from service level agreements. Writes are commands; reads are answered from the fold, so all of it works while
PostgreSQL is away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, Router, delete, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.answers import SLA
from actors.api.command_resource import CommandResource, Done, IdempotencyKey, idempotency_key_of
from actors.api.entity_tags import Condition, expected
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_body
from actors.api.routes import PREFIX, By, Given, IfMatch, resource, tagged
from actors.api.submitter import Submitter
from protocols.principal import Principal
from protocols.recurrence.occurrences import zone_of
from protocols.recurrence.rule import PlanError
from protocols.rest_body import fields_for
from protocols.rest_sla_exclusions import ExclusionCreate, ExclusionPage, ExclusionShown, ExclusionsQuery
from protocols.sla.actions import CreateExclusion, WithdrawExclusion
from protocols.sla.exclusion import ExclusionPlan, SlaExclusion
from protocols.sla.local_time import instant_at, utc_time
from protocols.sla.view import SlaView

_ORDER = Order("sla-exclusions", (SortKey("offset", INT64, True),))

ExclusionName = Annotated[
    str, PathParameter(description="The exclusion's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9.-]+$")
]


class ExclusionCommands:
    """The exclusions that the fold knows, and commands about them."""

    def __init__(self, submitter: Submitter, view: SlaView) -> None:
        self._commands, self.view = CommandResource(submitter, SLA), view

    async def create(self, by: Principal, plan: ExclusionPlan) -> Done:
        """ProblemError when it was refused."""
        return await self._commands.submit(by, CreateExclusion(plan))

    async def withdraw(self, by: Principal, name: str, if_match: Condition | None) -> None:
        """ProblemError when it was refused."""
        conditions = expected(if_match, name, self.seen(by, name).revision)
        await self._commands.submit(by, WithdrawExclusion(name), expected=conditions)

    def seen(self, by: Principal, name: str) -> SlaExclusion:
        """The exclusion of this id. ProblemError 404 when the caller sees none."""
        found = self.view.exclusion(name)
        if found is None or not _sees(by, found):
            raise ProblemError(404, "unknown_exclusion", f"no exclusion {name!r}")
        return found


@get(
    "/sla-exclusions",
    summary="List exclusions",
    operation_class=documented(ExclusionsQuery),
    opt=allow("viewer", query=ExclusionsQuery),
)
async def list_sla_exclusions(request: Request[Any, Any, Any], exclusions: Given[ExclusionCommands], by: By) -> ExclusionPage:
    """The latest first."""
    query = read_query(request, ExclusionsQuery)
    found = [each for each in reversed(exclusions.view.exclusions()) if _sees(by, each)]
    found = [each for each in found if query.withdrawn or each.withdrawn_at is None]
    if query.category:
        found = [each for each in found if each.category in query.category]
    if query.tenant_id is not None:
        found = [each for each in found if each.tenant_id == query.tenant_id]
    page = _ORDER.page(found, lambda one: [int(one.id.removeprefix("SX"))], query.limit, query.cursor)
    return ExclusionPage(tuple(_shown(each) for each in page.items), page.next_cursor)


@get("/sla-exclusions/{exclusion_id:str}", summary="Show an exclusion", operation_class=TaggedOperation, opt=allow("viewer"))
async def get_sla_exclusion(
    exclusions: Given[ExclusionCommands], by: By, exclusion_id: ExclusionName
) -> Response[ExclusionShown]:
    """One exclusion, with its author, also one that was withdrawn."""
    return _tagged(_shown(exclusions.seen(by, exclusion_id)))


@post(
    "/sla-exclusions",
    summary="State an exclusion",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(
            ExclusionShown, generate_examples=False, description="The Idempotency-Key was used before: that exclusion"
        ),
        409: PROBLEM,
    },
    opt=allow("operator"),
)
async def create_sla_exclusion(
    request: Request[Any, Any, Any],
    exclusions: Given[ExclusionCommands],
    default_tenant: Given[str],
    by: By,
    data: JSONBody[ExclusionCreate],
    idempotency_key: IdempotencyKey = None,
) -> Response[ExclusionShown]:
    """Its time counts on neither side of the availability. The figures of the running and the previous period follow.
    Exclusions for every tenant are for admins whose token has no tenant; an operator's is for the default tenant then."""
    tenant = data.tenant_id or by.tenant
    if tenant is not None or not by.may("admin"):
        tenant = tenant_of(by, tenant, default_tenant)
    key = idempotency_key_of(request)
    try:
        zone = zone_of(data.time_zone or "UTC")
    except PlanError as error:
        raise invalid_body(error.field, error.text) from error
    plan = ExclusionPlan(
        tenant_id=tenant,
        category=data.category,
        scope=data.scope,
        start=_instant("start_time", data.start_time, zone),
        end=_instant("end_time", data.end_time, zone),
        reason=data.reason,
        rrule=data.rrule,
        time_zone=data.time_zone or "UTC",
        key=f"{by.name}/{key}" if key else "",
    )
    done = await exclusions.create(by, plan)
    made = _shown(exclusions.seen(by, done.id))
    return _tagged(made, 200 if done.answer.duplicate else 201, {"Location": f"{PREFIX}/sla-exclusions/{made.id}"})


@delete(
    "/sla-exclusions/{exclusion_id:str}",
    summary="Withdraw an exclusion",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def withdraw_sla_exclusion(
    exclusions: Given[ExclusionCommands], by: By, if_match: IfMatch, exclusion_id: ExclusionName
) -> None:
    """It counts no more, also for the past, and can still be shown."""
    await exclusions.withdraw(by, exclusion_id, if_match)


def _sees(by: Principal, exclusion: SlaExclusion) -> bool:
    """A tenant sees its own exclusions. The scope of one for every tenant names things of others."""
    return by.tenant is None or exclusion.tenant_id == by.tenant


def _instant(field: str, at: datetime, zone: ZoneInfo) -> int:
    if not 2 <= at.year <= 9998:
        raise invalid_body(field, f"{at.isoformat()} is not between 1970 and 2200")
    return instant_at(at if at.tzinfo is not None else at.replace(tzinfo=zone))


def _shown(exclusion: SlaExclusion) -> ExclusionShown:
    return ExclusionShown(
        **fields_for(ExclusionShown, exclusion),
        start_time=utc_time(exclusion.start),
        end_time=utc_time(exclusion.end),
    )


def _tagged(exclusion: ExclusionShown, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return tagged(exclusion, exclusion.revision, status, headers)


def routes(submitter: Submitter, view: SlaView, default_tenant: str) -> Router:
    """Exclusions from service level agreements."""
    handlers: list[Any] = [list_sla_exclusions, get_sla_exclusion, create_sla_exclusion, withdraw_sla_exclusion]
    commands = ExclusionCommands(submitter, view)
    return resource("exclusions", handlers, exclusions=commands, default_tenant=default_tenant)
