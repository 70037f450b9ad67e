"""Proposed notification policies in the place of those that were in force."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from actors.dispatcher.policies.files import file_policy_id
from actors.dispatcher.policies.mistakes import warnings_of
from actors.dispatcher.state import DispatchState
from protocols.command import Command
from protocols.dispatch.actions import CreatePolicy, DeletePolicy
from protocols.dispatch.policy import NotificationPolicy
from protocols.event import DispatchLoaded, Event, Tick
from protocols.principal import Principal

_BY = Principal("backtest", "admin")


def policies_loaded(state: DispatchState, policies: Sequence[NotificationPolicy], *, added: bool) -> Iterator[Event]:
    """The Events that put ``policies`` in the place of those of the files that ``state`` has now, and of those of the same name
    that were written through the API. ``added``: those of the files with other names stay."""
    for record in list(state.policies.values()):
        if record.origin == "api" and _named(record.policy, policies):
            yield Command(_BY, DeletePolicy(record.id))
    kept = tuple(record.policy for record in state.policies.values() if record.origin == "file")
    event = DispatchLoaded("backtest", kept, msgspec.msgpack.encode(state.inputs))
    yield with_policies(event, policies, added=added)


def with_policies(event: Event, policies: Sequence[NotificationPolicy], *, added: bool) -> Event:
    """An Event of the period with ``policies`` in the place of those that it loads. One of the same name that it writes through
    the API is left out."""
    match event:
        case DispatchLoaded(policies=loaded):
            names = {policy.name for policy in policies}
            kept = tuple(each for each in loaded if each.name not in names) if added else ()
            return replace(event, policies=(*kept, *policies))
        case Command(action=CreatePolicy(policy=policy)) if _named(policy, policies):
            return Tick()
        case _:
            return event


def warnings_about(state: DispatchState, policies: Sequence[NotificationPolicy]) -> Iterator[str]:
    """Doubtful points of ``policies`` with the people, rotas and channels of ``state``."""
    for policy in policies:
        known = state.policies.get(file_policy_id(policy.name))
        if known is not None and known.switched and known.policy.enabled != policy.enabled:
            yield f"{policy.name}: it is switched {'on' if known.policy.enabled else 'off'} through the API, and stays so"
        yield from (f"{policy.name}: {warning}" for warning in warnings_of(state, policy))


def _named(policy: NotificationPolicy, policies: Sequence[NotificationPolicy]) -> bool:
    return any((each.name, each.tenant_id) == (policy.name, policy.tenant_id) for each in policies)
