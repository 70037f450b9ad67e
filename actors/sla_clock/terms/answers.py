"""Definitions and instances as the caller of a command sees them, and the keys of requests that were answered before."""

from actors.command_checks import sees
from actors.command_refused import CommandRefused
from actors.sla_clock.run import FoldRun
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import SlaInstance


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
