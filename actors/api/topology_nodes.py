"""Which nodes a caller sees and changes, and how they are shown."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from litestar import Response
from litestar.params import PathParameter
from msgspec.structs import asdict

from actors.api.problems import ProblemError
from actors.api.routes import tagged
from protocols.origin import Origin
from protocols.principal import Principal
from protocols.rest_topology import NodeShown
from protocols.topology import Node
from protocols.topology_view import TopologyView
from protocols.walls import may_change, shown_to

NodeName = Annotated[
    str,
    PathParameter(description="The node's `id`, its slashes escaped as `%2F` or not", min_length=1, max_length=400),
]


def sees(by: Principal, node: Node) -> bool:
    """Whether the caller may read of the node."""
    return shown_to(node, by.tenant) is not None


def writes(by: Principal, node: Node) -> bool:
    """Whether the caller may change the node."""
    return may_change(node, by.tenant)


def names_seen(plant: TopologyView, by: Principal, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the ids that the caller may read of."""
    if by.tenant is None:
        return tuple(names)
    return tuple(name for name in names if shown_to(plant.node(name), by.tenant) is not None)


def existing(plant: TopologyView, by: Principal, node_id: str) -> Node:
    """The node of this id. ProblemError 404 when the caller sees none."""
    node = plant.node(node_id)
    if node is None or not sees(by, node):
        raise ProblemError(404, "unknown_node", f"no node {node_id!r}")
    return node


def writable(by: Principal, node: Node) -> None:
    """ProblemError 403 for a node that the caller sees and may not change."""
    if not writes(by, node):
        raise ProblemError(403, "not_your_tenant", f"node {node.id!r} is shared: only a token without a tenant changes it")


def shown(plant: TopologyView, by: Principal, node: Node) -> NodeShown:
    """The node as the caller may see it: with the parents and the number of children that are visible to it."""
    fields = asdict(node)
    fields["addresses"] = node.every_address
    fields["parents"] = names_seen(plant, by, node.parents)
    children = plant.children(node.id)
    count = len(children) if by.tenant is None else len(names_seen(plant, by, children))
    origin: Origin = "api" if plant.from_api(node.id) else "file"
    return NodeShown(**fields, children=count, origin=origin, revision=plant.revision(node.id) or 0)


def node_answer(
    plant: TopologyView, by: Principal, node: Node, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[NodeShown]:
    """The node as the caller may see it, with its ETag."""
    found = shown(plant, by, node)
    return tagged(found, found.revision, status, headers)
