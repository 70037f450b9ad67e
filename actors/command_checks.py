"""Checks of commands on what operators make, and the walls between tenants that they keep."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from actors.command_refused import CommandRefused
from actors.expected_revision import outdated
from protocols.change import Refusal
from protocols.principal import Principal

Mistake = tuple[str, str]
"""The field and what is wrong with it."""


class TenantRecord(Protocol):
    """A record that an operator made, of one tenant, or for every tenant (None)."""

    @property
    def id(self) -> str: ...

    @property
    def tenant_id(self) -> str | None: ...

    @property
    def revision(self) -> int: ...


R = TypeVar("R", bound=TenantRecord)


def refuse_mistakes(mistakes: Iterable[Mistake], place: str = "") -> None:
    """Raise CommandRefused with every mistake; ``place`` stands in front of the fields."""
    found = [Refusal("", "invalid", f"{place}{field}: {text}") for field, text in mistakes]
    if found:
        raise CommandRefused(*found)


def refuse_outdated(expected: Mapping[str, int], name: str, revision: int, what: str) -> None:
    """Raise CommandRefused when the caller expected another revision."""
    refusal = outdated(expected, name, revision, what)
    if refusal is not None:
        raise CommandRefused(refusal)


def sees(by: Principal, tenant_id: str | None) -> bool:
    """True when things of this tenant are shown to the caller; those of every tenant (None) are shown to all."""
    return tenant_id is None or by.sees(tenant_id)


def may_write(by: Principal, tenant_id: str | None) -> bool:
    """True when the caller changes things of this tenant; those of every tenant are for callers without one."""
    return by.tenant is None if tenant_id is None else by.sees(tenant_id)


def refuse_foreign(by: Principal, tenant_id: str | None, what: str) -> None:
    """Raise CommandRefused when the caller may not make ``what`` (``a contact``) for this tenant, or for every tenant."""
    if not may_write(by, tenant_id):
        text = f"{what} of tenant {tenant_id!r} is not yours to make"
        if tenant_id is None:
            text = f"{what} for every tenant is made by callers without a tenant"
        raise CommandRefused(Refusal("", "not_your_tenant", text))


def changeable(by: Principal, found: R | None, what: str, unknown: Refusal, expected: Mapping[str, int]) -> R:
    """The record ``found``, when this caller may change it and expects its revision. ``what`` names it to a reader
    (``contact``). Raises CommandRefused; with ``unknown`` for None and for another tenant's record, which looks the same."""
    if found is None or not sees(by, found.tenant_id):
        raise CommandRefused(unknown)
    if not may_write(by, found.tenant_id):
        text = f"{what} {found.id} is for every tenant: only a caller without a tenant changes it"
        raise CommandRefused(Refusal(found.id, "not_your_tenant", text))
    refuse_outdated(expected, found.id, found.revision, f"{what} {found.id}")
    return found
