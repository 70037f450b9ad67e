"""Service level instances. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is
away."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET
from msgspec.structs import replace

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.answers import SLA
from actors.api.command_resource import CommandResource, Done, IdempotencyKey, idempotency_key_of
from actors.api.entity_tags import Condition, expected
from actors.api.mistakes import MOST, in_one_line
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_body
from actors.api.routes import PREFIX, By, Given, IfMatch, Now, resource, tagged
from actors.api.sla_contracts import edit_of, plan_of, shown
from actors.api.sla_definitions import sees
from actors.api.sla_instance_lists import page_of
from actors.api.submitter import Submitter
from protocols.principal import Principal
from protocols.rest_problem import FieldError
from protocols.rest_sla_instances import (
    InstanceCreate,
    InstanceEdit,
    InstanceList,
    InstancePage,
    InstancesCreate,
    InstanceShown,
    InstancesQuery,
)
from protocols.sla.actions import CreateInstance, CreateInstances, DeleteInstance, EditInstance
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import InstancePlan, SlaInstance
from protocols.sla.local_time import instant_at
from protocols.sla.view import SlaView

InstanceName = Annotated[
    str, PathParameter(description="The instance's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9.-]+$")
]


class InstanceCommands:
    """The instances that the fold knows, and commands about them."""

    def __init__(self, submitter: Submitter, view: SlaView, default_tenant: str, clock: Now) -> None:
        self._commands, self.view = CommandResource(submitter, SLA), view
        self._default_tenant, self.clock = default_tenant, clock

    async def create(self, by: Principal, body: InstanceCreate, key: str) -> Done:
        """ProblemError when the instance was refused."""
        return await self._commands.submit(by, CreateInstance(self._plan(by, body, key, "")))

    async def create_many(self, by: Principal, body: InstancesCreate, key: str) -> Done:
        """All or none. ProblemError when one was refused."""
        plans: list[InstancePlan] = []
        mistakes: list[FieldError] = []
        for number, item in enumerate(body.items):
            try:
                plans.append(self._plan(by, item, f"{key}:{number}" if key else "", f"items[{number}]."))
            except ProblemError as error:
                if error.problem.status != 422:
                    raise
                mistakes += error.problem.errors
        if mistakes:
            raise ProblemError(422, "invalid_body", in_one_line(mistakes), mistakes[:MOST])
        return await self._commands.submit(by, CreateInstances(tuple(plans)))

    async def edit(self, by: Principal, name: str, body: InstanceEdit, if_match: Condition | None) -> InstanceShown:
        """ProblemError when the edit was refused."""
        before = self.seen(by, name)
        wanted = before.definition_id if body.sla_definition_id is UNSET else body.sla_definition_id
        definition = self._definition(by)(wanted)
        if definition is None:
            raise invalid_body("sla_definition_id", f"there is no definition {wanted[:60]!r}")
        fields = edit_of(body, before, definition)
        conditions = expected(if_match, name, before.revision)
        await self._commands.submit(by, EditInstance(name, fields), expected=conditions)
        return self.show(by, name)

    async def delete(self, by: Principal, name: str, if_match: Condition | None) -> None:
        """ProblemError when it was refused."""
        conditions = expected(if_match, name, self.seen(by, name).revision)
        await self._commands.submit(by, DeleteInstance(name), expected=conditions)

    def seen(self, by: Principal, name: str) -> SlaInstance:
        """The instance of this id. ProblemError 404 when the caller sees none."""
        found = self.view.instance(name)
        if found is None or not by.sees(found.tenant_id):
            raise ProblemError(404, "unknown_instance", f"no instance {name!r}")
        return found

    def show(self, by: Principal, name: str) -> InstanceShown:
        """As :meth:`seen`, with its figures now."""
        (found,) = self.show_many([self.seen(by, name)])
        return found

    def show_many(self, found: Sequence[SlaInstance]) -> tuple[InstanceShown, ...]:
        """With their figures now."""
        now = self.clock()
        return tuple(shown(each, now) for each in self.view.show(found, now))

    def _definition(self, by: Principal) -> Callable[[str], SlaDefinition | None]:
        def lookup(name: str) -> SlaDefinition | None:
            found = self.view.definition(name)
            return found if found is not None and sees(by, found) else None

        return lookup

    def _plan(self, by: Principal, body: InstanceCreate, key: str, place: str) -> InstancePlan:
        def tenant(definition: SlaDefinition) -> str:
            return tenant_of(by, body.tenant_id, by.tenant or definition.tenant_id or self._default_tenant)

        plan = plan_of(body, self._definition(by), tenant, self.clock(), place)
        return replace(plan, key=f"{by.name}/{key}") if key else plan


@get(
    "/sla-instances",
    summary="List service level instances",
    operation_class=documented(InstancesQuery),
    opt=allow("viewer", query=InstancesQuery),
)
async def list_sla_instances(request: Request[Any, Any, Any], instances: Given[InstanceCommands], by: By) -> InstancePage:
    """In the order in which they were made, without ended contracts. `sort=time_to_breach` says who breaks next."""
    query = read_query(request, InstancesQuery)
    page = await page_of(instances.view, query, by.tenant, instant_at(instances.clock()))
    return InstancePage(instances.show_many(page.items), page.next_cursor)


@get(
    "/sla-instances/{instance_id:str}",
    summary="Show a service level instance",
    operation_class=TaggedOperation,
    opt=allow("viewer"),
)
async def get_sla_instance(instances: Given[InstanceCommands], by: By, instance_id: InstanceName) -> Response[InstanceShown]:
    """One contract with its figures now, also one that has ended."""
    return _tagged(instances.show(by, instance_id))


@post(
    "/sla-instances",
    summary="Make a service level instance",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(
            InstanceShown, generate_examples=False, description="The Idempotency-Key was used before: that instance"
        ),
        409: PROBLEM,
    },
    opt=allow("operator"),
)
async def create_sla_instance(
    request: Request[Any, Any, Any],
    instances: Given[InstanceCommands],
    by: By,
    data: JSONBody[InstanceCreate],
    idempotency_key: IdempotencyKey = None,
) -> Response[InstanceShown]:
    """One service of one customer. Nodes that the topology does not know are kept, and the instance is not `placed`."""
    done = await instances.create(by, data, idempotency_key_of(request))
    made = instances.show(by, done.id)
    return _tagged(made, 200 if done.answer.duplicate else 201, {"Location": f"{PREFIX}/sla-instances/{made.id}"})


@post(
    "/sla-instances/bulk",
    summary="Make many service level instances",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def create_sla_instances(
    request: Request[Any, Any, Any],
    instances: Given[InstanceCommands],
    by: By,
    data: JSONBody[InstancesCreate],
    idempotency_key: IdempotencyKey = None,
) -> InstanceList:
    """All of them, or none: 422 names the mistakes of every item."""
    done = await instances.create_many(by, data, idempotency_key_of(request))
    return InstanceList(instances.show_many([instances.seen(by, name) for name in done.answer.accepted]))


@patch(
    "/sla-instances/{instance_id:str}",
    summary="Change a service level instance",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def edit_sla_instance(
    instances: Given[InstanceCommands], by: By, if_match: IfMatch, instance_id: InstanceName, data: JSONBody[InstanceEdit]
) -> Response[InstanceShown]:
    """Change the given fields. The figures of the running and the previous period follow."""
    return _tagged(await instances.edit(by, instance_id, data, if_match))


@delete(
    "/sla-instances/{instance_id:str}",
    summary="End a service level instance",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def delete_sla_instance(instances: Given[InstanceCommands], by: By, if_match: IfMatch, instance_id: InstanceName) -> None:
    """The contract ends now. The instance, its closed periods and its breaches can still be shown."""
    await instances.delete(by, instance_id, if_match)


def _tagged(instance: InstanceShown, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return tagged(instance, instance.revision, status, headers)


def routes(submitter: Submitter, view: SlaView, default_tenant: str, clock: Now) -> Router:
    """Service level instances."""
    handlers: list[Any] = [
        list_sla_instances,
        get_sla_instance,
        create_sla_instance,
        create_sla_instances,
        edit_sla_instance,
        delete_sla_instance,
    ]
    return resource("service level instances", handlers, instances=InstanceCommands(submitter, view, default_tenant, clock))
