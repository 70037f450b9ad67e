"""Routing: the actions that the policies want for a cause."""

from actors.dispatcher.people.reach import lacks_channel
from actors.dispatcher.policies.notice import Notice
from actors.dispatcher.policies.tree import RoutedAction, RouteNode
from actors.dispatcher.state import DispatchState
from protocols.dispatch.policy import PolicyRecord


def routed(state: DispatchState, notice: Notice, now: int) -> list[RoutedAction]:
    """The actions of every policy that applies to ``notice`` at ``now`` (microseconds since 1970), in their order, without
    those that are left out."""
    return [
        action
        for record, routes in matching(state, notice, now)
        for route in routes
        for action in route.actions
        if not left_out(state, record, action)
    ]


def why_nothing(state: DispatchState, notice: Notice, now: int) -> str:
    """Why :func:`routed` finds no action."""
    found = any(route.actions for _, routes in matching(state, notice, now) for route in routes)
    return "no channel of the policies that match is configured" if found else "no policy matches"


def left_out(state: DispatchState, record: PolicyRecord, routed_action: RoutedAction) -> bool:
    """True for an action of a policy with ``if_configured`` that can tell nobody, since the configuration lacks its channel."""
    action = routed_action.action
    if not routed_action.if_configured or action.to is None or action.channel is None:
        return False
    return lacks_channel(state, action.to, action.channel, record.policy.tenant_id)


def matching(state: DispatchState, notice: Notice, now: int) -> list[tuple[PolicyRecord, list[RouteNode]]]:
    """Every policy that applies, with the routes whose actions are taken.

    A policy that says ``"continue": false`` is the last one. That of a tenant is only the tenant's last one: a tenant keeps
    its causes from nobody else. A disabled policy, and one with mistakes, is not asked.
    """
    found: list[tuple[PolicyRecord, list[RouteNode]]] = []
    tenant, ended = notice.get("tenant_id"), False
    for record, tree in state.trees.of(state.policies):
        policy = record.policy
        if not policy.enabled or tree.root is None:
            continue
        if policy.tenant_id is not None and (ended or policy.tenant_id != tenant):
            continue
        if tree.root.matches(notice, now):
            found.append((record, list(tree.root.reached(notice, now))))
            if not policy.continue_:
                if policy.tenant_id is None:
                    break
                ended = True
    return found


def action_at(state: DispatchState, policy_id: str, pointer: str) -> RoutedAction | None:
    """The action of a policy at a place; None when there is none any more, or the policy is disabled."""
    for record, tree in state.trees.of(state.policies):
        if record.id == policy_id:
            return _find(tree.root, pointer) if tree.root is not None and record.policy.enabled else None
    return None


def _find(route: RouteNode, pointer: str) -> RoutedAction | None:
    for action in route.actions:
        if action.pointer == pointer:
            return action
    for below in route.below:
        if pointer.startswith(f"{below.pointer}/"):
            return _find(below, pointer)
    return None
