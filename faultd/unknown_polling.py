"""Devices of the topology file that cannot be polled as it says: by names that there are not, or by their addresses."""

from collections.abc import Iterable, Sequence

from faultd.config import Config
from protocols.address import needs_zone
from protocols.event import TopologyLoaded
from protocols.poll.device import LINK_LOCAL_ALONE
from protocols.poll.plan.compile_plan import compile_plans
from protocols.printable import counted
from protocols.profile import Profile


def unknown_polling(config: Config, profiles: Iterable[Profile], topology: TopologyLoaded) -> list[str]:
    """Credentials that devices of the topology file name and the configuration lacks, plans that no profile has, and devices
    with a link-local address alone, each in a sentence."""
    credentials, plans = {each.name for each in config.poller.credentials}, compile_plans(profiles)
    lacking: dict[str, list[str]] = {}
    unplanned: dict[str, list[str]] = {}
    unreachable: list[str] = []
    for node in topology.nodes:
        if not node.is_polled:
            continue
        if all(map(needs_zone, node.every_address)):
            unreachable.append(node.id)
        if node.credentials not in credentials:
            lacking.setdefault(node.credentials, []).append(node.id)
        if node.poll and not plans.named(node.poll):
            unplanned.setdefault(node.poll, []).append(node.id)
    found = [f"no [[poller.credentials]] are named {name!r}: {_named(ids)} cannot be polled" for name, ids in lacking.items()]
    found += [f"no plan is named {name!r}: that of {_named(ids)} is chosen by sysObjectID" for name, ids in unplanned.items()]
    if unreachable:
        found.append(f"{_named(unreachable)} cannot be polled: {LINK_LOCAL_ALONE}")
    return found


def _named(ids: Sequence[str]) -> str:
    return f"{ids[0]!r}" if len(ids) == 1 else f"{ids[0]!r} and {counted(len(ids) - 1, 'other device')}"
