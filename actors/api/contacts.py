"""Contacts. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is away."""

from collections.abc import Mapping
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
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, IfMatch, resource, tagged
from actors.api.submitter import Submitter
from protocols.dispatch.actions import CreateContact, DeleteContact, EditContact
from protocols.dispatch.contact import ContactEdited, ContactPlan, ContactRecord
from protocols.dispatch.view import DispatchView
from protocols.principal import Principal
from protocols.rest_body import fields_for
from protocols.rest_contacts import ContactPage, ContactShown, ContactsQuery

_ORDER = Order("contacts", (SortKey("offset", INT64),))

ContactName = Annotated[
    str, PathParameter(description="The contact's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9.-]+$")
]


class ContactCommands:
    """The contacts that the fold knows, and commands about them."""

    def __init__(self, submitter: Submitter, view: DispatchView) -> None:
        self._commands, self.view = CommandResource(submitter, DISPATCH), view

    async def create(self, by: Principal, plan: ContactPlan, key: str) -> Done:
        """ProblemError when it was refused."""
        return await self._commands.submit(by, CreateContact(plan, f"{by.name}/{key}" if key else ""))

    async def edit(self, by: Principal, name: str, fields: ContactEdited, if_match: Condition | None) -> None:
        """ProblemError when it was refused."""
        conditions = expected(if_match, name, self.seen(by, name).revision)
        await self._commands.submit(by, EditContact(name, fields), expected=conditions)

    async def delete(self, by: Principal, name: str, if_match: Condition | None) -> None:
        """ProblemError when it was refused."""
        conditions = expected(if_match, name, self.seen(by, name).revision)
        await self._commands.submit(by, DeleteContact(name), expected=conditions)

    def seen(self, by: Principal, name: str) -> ContactRecord:
        """The contact of this id. ProblemError 404 when the caller sees none."""
        found = self.view.contact(name)
        if found is None or not _sees(by, found):
            raise ProblemError(404, "unknown_contact", f"no contact {name!r}")
        return found


@get("/contacts", summary="List contacts", operation_class=documented(ContactsQuery), opt=allow("viewer", query=ContactsQuery))
async def list_contacts(request: Request[Any, Any, Any], contacts: Given[ContactCommands], by: By) -> ContactPage:
    """The oldest first; those of the token's tenant and those of every tenant."""
    query = read_query(request, ContactsQuery)
    found = [each for each in contacts.view.contacts() if _sees(by, each)]
    for name in ("name", "customer_id", "tenant_id"):
        wanted = getattr(query, name)
        found = [each for each in found if wanted is None or getattr(each.plan, name) == wanted]
    if query.channel:
        found = [each for each in found if any(method.channel in query.channel for method in each.plan.methods)]
    page = _ORDER.page(found, lambda one: [int(one.id.removeprefix("CT"))], query.limit, query.cursor)
    return ContactPage(tuple(_shown(each) for each in page.items), page.next_cursor)


@get("/contacts/{contact_id:str}", summary="Show a contact", operation_class=TaggedOperation, opt=allow("viewer"))
async def get_contact(contacts: Given[ContactCommands], by: By, contact_id: ContactName) -> Response[ContactShown]:
    """One contact, with its methods in the order of preference."""
    return _tagged(contacts.seen(by, contact_id))


@post(
    "/contacts",
    summary="Make a contact",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(
            ContactShown, generate_examples=False, description="The Idempotency-Key was used before: that contact"
        ),
        409: PROBLEM,
    },
    opt=allow("operator"),
)
async def create_contact(
    request: Request[Any, Any, Any],
    contacts: Given[ContactCommands],
    by: By,
    data: JSONBody[ContactPlan],
    idempotency_key: IdempotencyKey = None,
) -> Response[ContactShown]:
    """Without `tenant_id` it is of the token's tenant; of a token without one, for every tenant."""
    tenant = data.tenant_id or by.tenant
    if tenant is not None:
        tenant = tenant_of(by, tenant, tenant)
    done = await contacts.create(by, replace(data, tenant_id=tenant), idempotency_key_of(request))
    made = contacts.seen(by, done.id)
    return _tagged(made, 200 if done.answer.duplicate else 201, {"Location": f"{PREFIX}/contacts/{made.id}"})


@patch(
    "/contacts/{contact_id:str}",
    summary="Change a contact",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def edit_contact(
    contacts: Given[ContactCommands], by: By, if_match: IfMatch, contact_id: ContactName, data: JSONBody[ContactEdited]
) -> Response[ContactShown]:
    """Change the given fields; `methods` are replaced as a whole."""
    await contacts.edit(by, contact_id, data, if_match)
    return _tagged(contacts.seen(by, contact_id))


@delete(
    "/contacts/{contact_id:str}",
    summary="Delete a contact",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def delete_contact(contacts: Given[ContactCommands], by: By, if_match: IfMatch, contact_id: ContactName) -> None:
    """409 while a rota or a policy of the API names it."""
    await contacts.delete(by, contact_id, if_match)


def _sees(by: Principal, contact: ContactRecord) -> bool:
    """A tenant sees its own contacts and those of every tenant, whom its rotas may name."""
    return contact.plan.tenant_id is None or by.sees(contact.plan.tenant_id)


def _shown(contact: ContactRecord) -> ContactShown:
    return ContactShown(**{**fields_for(ContactShown, contact.plan), **fields_for(ContactShown, contact)})


def _tagged(contact: ContactRecord, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return tagged(_shown(contact), contact.revision, status, headers)


def routes(submitter: Submitter, view: DispatchView) -> Router:
    """Contacts."""
    handlers: list[Any] = [list_contacts, get_contact, create_contact, edit_contact, delete_contact]
    return resource("contacts", handlers, contacts=ContactCommands(submitter, view))
