"""Contacts and rotas by what policies call them: derived from the tables, and not saved."""

from collections.abc import Iterable

from actors.journal import Journal
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.rota import RotaRecord

Place = tuple[str, str | None, str]
"""``contact``, ``customer`` or ``rota``; the tenant (None: every tenant); the name, or the customer's id."""


class PeopleIndex:
    """Ids at each :data:`Place`, in the order in which they were made."""

    def __init__(self, contacts: Iterable[ContactRecord] = (), rotas: Iterable[RotaRecord] = ()) -> None:
        self._ids: dict[Place, tuple[str, ...]] = {}
        records: list[ContactRecord | RotaRecord] = [*contacts, *rotas]
        for record in records:
            for place in _places(record):
                self._ids[place] = (*self._ids.get(place, ()), record.id)

    def replace(
        self, journal: Journal, before: ContactRecord | RotaRecord | None, after: ContactRecord | RotaRecord | None
    ) -> None:
        """Follow a change of one record; None: there was, or is, no such record."""
        old, new = _places(before) if before is not None else (), _places(after) if after is not None else ()
        for place in set(old) - set(new):
            ids = tuple(each for each in self._ids[place] if before is not None and each != before.id)
            if ids:
                journal.put(self._ids, place, ids)
            else:
                journal.drop(self._ids, place)
        for place in set(new) - set(old):
            if after is not None:
                journal.put(self._ids, place, (*self._ids.get(place, ()), after.id))

    def contacts(self, name: str, tenant_id: str | None) -> tuple[str, ...]:
        """Contacts of this name: the tenant's own, or else those of every tenant."""
        return self._named("contact", name, tenant_id)

    def rotas(self, name: str, tenant_id: str | None) -> tuple[str, ...]:
        """Rotas of this name, as :meth:`contacts`."""
        return self._named("rota", name, tenant_id)

    def of_customer(self, customer_id: str, tenant_id: str) -> tuple[str, ...]:
        """Contacts of a customer: the tenant's own, and those of every tenant."""
        ids = self._ids
        return (*ids.get(("customer", tenant_id, customer_id), ()), *ids.get(("customer", None, customer_id), ()))

    def _named(self, kind: str, name: str, tenant_id: str | None) -> tuple[str, ...]:
        own = self._ids.get((kind, tenant_id, name), ())
        return own or self._ids.get((kind, None, name), ())


def _places(record: ContactRecord | RotaRecord) -> tuple[Place, ...]:
    plan = record.plan
    if isinstance(record, RotaRecord):
        return (("rota", plan.tenant_id, plan.name),)
    named: Place = ("contact", plan.tenant_id, plan.name)
    customer_id = record.plan.customer_id
    return (named,) if customer_id is None else (named, ("customer", plan.tenant_id, customer_id))
