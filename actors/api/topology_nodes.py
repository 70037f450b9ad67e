"""Which nodes a caller sees and changes, and how they are shown."""

from typing import Annotated

from litestar.params import PathParameter

from actors.api.context import Context
from actors.api.problems import ProblemError, unavailable
from protocols.principal import Principal
from protocols.rest_topology import NodeShown
from protocols.topology import Node
from protocols.topology_view import TopologyView

NodeName = Annotated[
    str,
    PathParameter(description="The node's `id`, its slashes escaped as `%2F` or not", min_length=1, max_length=400),
]


def plant_of(api: Context) -> TopologyView:
    if api.topology is None:
        raise unavailable("topology_unavailable", "the topology is not at hand", api.settings.retry_after_seconds)
    return api.topology


def sees(by: Principal, node: Node) -> bool:
    return by.tenant is None or node.tenant in ("", by.tenant)


def writes(by: Principal, node: Node) -> bool:
    return by.tenant is None or node.tenant == by.tenant


def existing(plant: TopologyView, by: Principal, node_id: str) -> Node:
    node = plant.node(node_id)
    if node is None or not sees(by, node):
        raise ProblemError(404, "unknown_node", f"no node {node_id!r}")
    return node


def writable(by: Principal, node: Node) -> None:
    if not writes(by, node):
        raise ProblemError(403, "not_your_tenant", f"node {node.id!r} is shared: only a token without a tenant changes it")


def shown(plant: TopologyView, node: Node) -> NodeShown:
    fields = {name: getattr(node, name) for name in Node.__struct_fields__}
    fields["addresses"] = node.every_address
    return NodeShown(**fields, children=len(plant.children(node.id)), origin="api" if plant.by_hand(node.id) else "file")
