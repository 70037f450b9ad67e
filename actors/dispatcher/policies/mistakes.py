"""Mistakes in policies, each with its field as REST names it, and what is doubtful in them. Pure."""

from collections.abc import Iterator

from actors.command_checks import Mistake
from actors.dispatcher.people.reach import mistakes_of_to
from actors.dispatcher.policies.templates import mistakes_of_templates
from actors.dispatcher.policies.tree import compile_policy
from actors.dispatcher.state import DispatchState
from protocols.dispatch.channel import Channel
from protocols.dispatch.policy import NotificationPolicy, PolicyRecord, Route
from protocols.toml_lines import Path, dotted


def mistakes_of_policy(state: DispatchState, policy: NotificationPolicy, own_id: str) -> Iterator[Mistake]:
    """Everything in a policy that cannot be meant. ``own_id`` is "" for a new one."""
    if not policy.name.strip():
        yield "name", "is empty"
    for other in state.policies.values():
        if other.id != own_id and other.policy.name == policy.name and other.policy.tenant_id == policy.tenant_id:
            yield "name", f"policy {other.id} is named {policy.name!r} already"
    mistakes = compile_policy(own_id, policy).mistakes
    for each in mistakes:
        yield dotted(each.path), each.message
    if mistakes:
        return
    for each in mistakes_of_templates(policy, state.inputs.templates):
        yield dotted(each.path), each.message
    for path, to, channel in _told(policy, ()):
        for mistake in mistakes_of_to(state, to, channel, policy.tenant_id):
            yield dotted(path), mistake


def warnings_of(state: DispatchState, policy: NotificationPolicy) -> Iterator[str]:
    """Each ``to`` that reaches nobody whoever is on call, each channel that is not configured, and each template that the
    configuration lacks."""
    for each in mistakes_of_templates(policy, state.inputs.templates):
        yield f"{dotted(each.path)}: {each.message}"
    for path, to, channel in _told(policy, ()):
        mistakes = list(mistakes_of_to(state, to, channel, policy.tenant_id))
        if not mistakes and channel is not None and channel != "webhook" and channel not in state.inputs.channels:
            mistakes = [f"channel {channel} is not configured"]
        yield from (f"{dotted(path)}: {mistake}" for mistake in mistakes)


def why_not_in_force(state: DispatchState, record: PolicyRecord) -> str:
    """The mistakes of a policy that this version does not accept any more; "" when it is in force, or disabled."""
    for each, tree in state.trees.of(state.policies):
        if each.id == record.id and record.policy.enabled:
            return "; ".join(f"{dotted(one.path)}: {one.message}" for one in tree.mistakes)
    return ""


def _told(route: Route, path: Path) -> Iterator[tuple[Path, str, Channel | None]]:
    """The place of each ``to`` of a route and those below it, with its channel. The routes are not too deep."""
    for number, action in enumerate(route.actions):
        where: Path = (*path, "actions", number)
        if action.to is not None:
            yield (*where, "to"), action.to, action.channel
        for position, step in enumerate(action.escalate or ()):
            if step.to is not None:
                yield (*where, "escalate", position, "to"), step.to, step.channel
    for number, below in enumerate(route.routes):
        yield from _told(below, (*path, "routes", number))
