"""Checks of commands on what operators make, and the walls between tenants that they keep."""

from collections.abc import Iterable, Mapping

from actors.command_refused import CommandRefused
from actors.expected_revision import outdated
from protocols.change import Refusal
from protocols.principal import Principal

Mistake = tuple[str, str]
"""The field and what is wrong with it."""


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
