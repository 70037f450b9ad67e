"""Parts of the network that a filter names, as sets of nodes."""

from collections.abc import Iterable, Iterator
from itertools import islice

from actors.api.problems import ProblemError, invalid_parameter
from actors.api.topology_nodes import sees
from protocols.principal import Principal
from protocols.query import Place
from protocols.rest_filter import AlarmFilterBody
from protocols.topology import Node
from protocols.topology_view import TopologyView

MOST_NODES = 100_000
"""Nodes of a part that a filter names."""


def places_of(topology: TopologyView, by: Principal, wanted: AlarmFilterBody) -> tuple[Place, ...]:
    """The places that ``device_id``, ``subtree`` and ``area`` name. ProblemError 400 for a node or an area that the caller does
    not see. A device may be unknown to the topology: then it is an id or an address."""
    found: list[Place] = []
    if wanted.device_id is not None:
        node = _visible(topology, by, wanted.device_id)
        found.append(_below(topology, "device_id", (wanted.device_id if node is None else node.id,)))
    if wanted.subtree is not None:
        node = _visible(topology, by, wanted.subtree)
        if node is None:
            raise invalid_parameter("subtree", f"the topology has no node {wanted.subtree!r}")
        found.append(_below(topology, "subtree", (node.id,)))
    if wanted.area is not None:
        named = topology.area(wanted.area)
        nodes = [one for one in named if (node := topology.node(one)) is not None and sees(by, node)]
        if not nodes:
            raise invalid_parameter("area", f"the topology has no area {wanted.area!r}")
        found.append(_below(topology, "area", nodes))
    return tuple(found)


def _visible(topology: TopologyView, by: Principal, name: str) -> Node | None:
    node = topology.node(name) or topology.device(name)
    return node if node is not None and sees(by, node) else None


def _below(topology: TopologyView, field: str, roots: Iterable[str]) -> Place:
    """The roots and what hangs below them. ProblemError 400 when that is too much."""
    nodes = frozenset(islice(_walk(topology, roots), MOST_NODES + 1))
    if len(nodes) > MOST_NODES:
        raise ProblemError(400, "invalid_parameter", f"{field}: more than {MOST_NODES} nodes; ask for a part of it")
    return Place(nodes, () if field == "area" else tuple(roots))


def _walk(topology: TopologyView, roots: Iterable[str]) -> Iterator[str]:
    for root in roots:
        yield root
        yield from topology.subtree(root)
