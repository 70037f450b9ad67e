"""Service level definitions. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is
away."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.answers import SLA
from actors.api.command_resource import CommandResource, IdempotencyKey, idempotency_key_of
from actors.api.entity_tags import Condition, expected
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, IfMatch, Now, resource, tagged
from actors.api.sla_terms import CreditModels, TermsReader, shown
from actors.api.submitter import Submitter
from protocols.principal import Principal
from protocols.rest_sla_definitions import (
    DefinitionCreate,
    DefinitionEdit,
    DefinitionPage,
    DefinitionQuery,
    DefinitionShown,
    DefinitionsQuery,
)
from protocols.sla.actions import CreateDefinition, DeleteDefinition, EditDefinition
from protocols.sla.definition import SlaDefinition
from protocols.sla.view import SlaView

_ORDER = Order("sla-definitions", (SortKey("offset", INT64),))

DefinitionName = Annotated[
    str, PathParameter(description="The definition's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9.-]+$")
]


class DefinitionCommands:
    """The definitions that the fold knows, and commands about them."""

    def __init__(self, submitter: Submitter, view: SlaView, models: CreditModels, clock: Now) -> None:
        self._commands, self.view = CommandResource(submitter, SLA), view
        self._models, self._clock = models, clock

    @property
    def reader(self) -> TermsReader:
        """Reads bodies that are given now."""
        return TermsReader(self._models, self._clock().year)

    async def create(self, by: Principal, tenant: str | None, body: DefinitionCreate, key: str) -> tuple[DefinitionShown, bool]:
        """The definition, and whether the key had been used before. ProblemError when it was refused."""
        action = CreateDefinition(tenant, self.reader.create(body), f"{by.name}/{key}" if key else "")
        done = await self._commands.submit(by, action)
        return self.show(by, done.id), done.answer.duplicate

    async def edit(self, by: Principal, name: str, body: DefinitionEdit, if_match: Condition | None) -> DefinitionShown:
        """ProblemError when the edit was refused."""
        before = self.seen(by, name)
        conditions = expected(if_match, name, before.version)
        # Parts of the terms are completed from this version.
        conditions = conditions or {name: before.version}
        await self._commands.submit(by, EditDefinition(name, self.reader.edit(body, before.terms)), expected=conditions)
        return self.show(by, name)

    async def delete(self, by: Principal, name: str, if_match: Condition | None) -> None:
        """ProblemError when it was refused."""
        conditions = expected(if_match, name, self.seen(by, name).version)
        await self._commands.submit(by, DeleteDefinition(name), expected=conditions)

    def seen(self, by: Principal, name: str, version: int | None = None) -> SlaDefinition:
        """The definition of this id. ProblemError 404 when the caller sees none."""
        found = self.view.definition(name, version)
        if found is None or not sees(by, found):
            suffix = "" if version is None else f" with a version {version}"
            raise ProblemError(404, "unknown_definition", f"no definition {name!r}{suffix}")
        return found

    def show(self, by: Principal, name: str, version: int | None = None) -> DefinitionShown:
        """As :meth:`seen`."""
        return self.shown(by, self.seen(by, name, version))

    def shown(self, by: Principal, definition: SlaDefinition) -> DefinitionShown:
        """As REST shows it. How many instances other tenants have is not for a tenant."""
        own = by.tenant is None or definition.tenant_id is not None
        return shown(definition, self.view.count(f"definition:{definition.id}") if own else None)


def sees(by: Principal, definition: SlaDefinition) -> bool:
    """A tenant sees its own definitions and those of every tenant."""
    return definition.tenant_id is None or by.sees(definition.tenant_id)


@get(
    "/sla-definitions",
    summary="List service level definitions",
    operation_class=documented(DefinitionsQuery),
    opt=allow("viewer", query=DefinitionsQuery),
)
async def list_sla_definitions(
    request: Request[Any, Any, Any], definitions: Given[DefinitionCommands], by: By
) -> DefinitionPage:
    """The newest version of each, the oldest definition first."""
    query = read_query(request, DefinitionsQuery)
    found = [each for each in definitions.view.definitions() if sees(by, each) and (query.deleted or each.deleted_at is None)]
    if query.service_type:
        found = [each for each in found if each.terms.service_type in query.service_type]
    if query.tenant_id is not None:
        found = [each for each in found if each.tenant_id == query.tenant_id]
    page = _ORDER.page(found, lambda one: [int(one.id.removeprefix("SD"))], query.limit, query.cursor)
    return DefinitionPage(tuple(definitions.shown(by, each) for each in page.items), page.next_cursor)


@get(
    "/sla-definitions/{definition_id:str}",
    summary="Show a service level definition",
    operation_class=documented(DefinitionQuery, kind=TaggedOperation),
    opt=allow("viewer", query=DefinitionQuery),
)
async def get_sla_definition(
    request: Request[Any, Any, Any], definitions: Given[DefinitionCommands], by: By, definition_id: DefinitionName
) -> Response[DefinitionShown]:
    """The newest version, or an earlier one."""
    query = read_query(request, DefinitionQuery)
    return _tagged(definitions.show(by, definition_id, query.version))


@post(
    "/sla-definitions",
    summary="Make a service level definition",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(
            DefinitionShown, generate_examples=False, description="The Idempotency-Key was used before: that definition"
        ),
        409: PROBLEM,
    },
    opt=allow("admin"),
)
async def create_sla_definition(
    request: Request[Any, Any, Any],
    definitions: Given[DefinitionCommands],
    by: By,
    data: JSONBody[DefinitionCreate],
    idempotency_key: IdempotencyKey = None,
) -> Response[DefinitionShown]:
    """A definition is a promise under one name. 422 names every mistake with its field."""
    tenant = data.tenant_id or by.tenant
    if tenant is not None:
        tenant = tenant_of(by, tenant, tenant)
    made, again = await definitions.create(by, tenant, data, idempotency_key_of(request))
    return _tagged(made, 200 if again else 201, {"Location": f"{PREFIX}/sla-definitions/{made.id}"})


@patch(
    "/sla-definitions/{definition_id:str}",
    summary="Change a service level definition",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def edit_sla_definition(
    definitions: Given[DefinitionCommands],
    by: By,
    if_match: IfMatch,
    definition_id: DefinitionName,
    data: JSONBody[DefinitionEdit],
) -> Response[DefinitionShown]:
    """Make another version with the given fields. It applies to each instance from the end of its running period on."""
    return _tagged(await definitions.edit(by, definition_id, data, if_match))


@delete(
    "/sla-definitions/{definition_id:str}",
    summary="Delete a service level definition",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def delete_sla_definition(
    definitions: Given[DefinitionCommands], by: By, if_match: IfMatch, definition_id: DefinitionName
) -> None:
    """409 while a contract uses it that has not ended. As long as an ended contract refers to it, it can still be shown."""
    await definitions.delete(by, definition_id, if_match)


def _tagged(definition: DefinitionShown, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return tagged(definition, definition.revision, status, headers)


def routes(submitter: Submitter, view: SlaView, models: CreditModels, clock: Now) -> Router:
    """Service level definitions."""
    handlers: list[Any] = [
        list_sla_definitions,
        get_sla_definition,
        create_sla_definition,
        edit_sla_definition,
        delete_sla_definition,
    ]
    return resource("service level definitions", handlers, definitions=DefinitionCommands(submitter, view, models, clock))
