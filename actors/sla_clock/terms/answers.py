"""Refusals of commands about terms, and the walls between tenants that they keep."""

from collections.abc import Iterable, Mapping

from actors.command_refused import CommandRefused
from actors.expected_revision import outdated
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.mistakes import Mistake
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import SlaInstance


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


def definition_seen(run: FoldRun, by: Principal, definition_id: str) -> SlaDefinition:
    """The newest version. Raises CommandRefused: another tenant's definition is answered like one that does not exist."""
    found = run.state.definition(definition_id)
    if found is None or not sees(by, found.tenant_id):
        raise CommandRefused(Refusal(definition_id, "unknown_definition", f"no definition {definition_id!r}"))
    return found


def instance_seen(run: FoldRun, by: Principal, instance_id: str) -> SlaInstance:
    """Raises CommandRefused: another tenant's instance is answered like one that does not exist."""
    found = run.state.instances.get(instance_id)
    if found is None or not sees(by, found.tenant_id):
        raise CommandRefused(Refusal(instance_id, "unknown_instance", f"no instance {instance_id!r}"))
    return found


def known_key(run: FoldRun, kind: str, key: str) -> str | None:
    """The id of what a request with this idempotency key made; None for a new key."""
    return run.state.keys.get(f"{kind} {key}") if key else None


def keep_key(run: FoldRun, kind: str, key: str, made: str) -> None:
    """Remember that a request with this key made ``made``."""
    if key:
        run.journal.put(run.state.keys, f"{kind} {key}", made)


def forget_key(run: FoldRun, kind: str, key: str) -> None:
    """A later request with this key is a new one."""
    if key:
        run.journal.drop(run.state.keys, f"{kind} {key}")
