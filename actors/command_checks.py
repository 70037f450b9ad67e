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
