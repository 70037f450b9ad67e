"""Rotas and policies that name a contact or a rota. Pure."""

from collections.abc import Iterator

from actors.dispatcher.people.index import PeopleIndex
from actors.dispatcher.state import DispatchState
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.on_call import contacts_of
from protocols.dispatch.policy import Route
from protocols.dispatch.rota import RotaRecord


def uses_of(state: DispatchState, record: ContactRecord | RotaRecord) -> Iterator[str]:
    """Every rota, and every policy of the API, that names the record by its id or its name."""
    if isinstance(record, ContactRecord):
        for rota in rotas_naming(state, record.id):
            yield f"rota {rota.id} ({rota.plan.name})"
    yield from policies_naming(state, record, by_id=True)


def rotas_naming(state: DispatchState, contact_id: str) -> Iterator[RotaRecord]:
    """Rotas of the contact; they name contacts by their ids."""
    return (rota for rota in state.rotas.values() if contact_id in contacts_of(rota.plan))


def policies_naming(state: DispatchState, record: ContactRecord | RotaRecord, *, by_id: bool) -> Iterator[str]:
    """Policies of the API that name the record by its name; with ``by_id`` by its id too."""
    index: PeopleIndex = state.people
    for policy in state.policies.values():
        if policy.origin != "api":
            continue
        tenant_id, named = policy.policy.tenant_id, set(_named(policy.policy))
        contacts = index.contacts(record.plan.name, tenant_id)
        found = contacts if isinstance(record, ContactRecord) or contacts else index.rotas(record.plan.name, tenant_id)
        if (by_id and record.id in named) or (record.plan.name in named and record.id in found):
            yield f"policy {policy.id} ({policy.policy.name})"


def _named(route: Route) -> Iterator[str | None]:
    for action in route.actions:
        yield from (action.to, *(step.to for step in action.escalate or ()))
    for below in route.routes:
        yield from _named(below)
