"""Which nodes a caller sees and changes, and how they are shown."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from litestar import Response
from litestar.params import PathParameter
from msgspec.structs import asdict, replace

from actors.api.problems import ProblemError, invalid_body
from actors.api.routes import tagged
from protocols.origin import Origin
from protocols.principal import Principal
from protocols.rest_topology import NodeShown
from protocols.serial import canonical_serial
from protocols.topology import Node, with_host_addresses
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


def in_own_tenant(by: Principal, node: Node) -> Node:
    """The node in the caller's tenant if it names none. ProblemError 403 when it names another tenant."""
    if by.tenant is not None and not node.tenant:
        return replace(node, tenant=by.tenant)
    if not writes(by, node):
        raise ProblemError(403, "not_your_tenant", f"this token acts in tenant {by.tenant!r} only")
    return node


def with_hidden_parents(plant: TopologyView, by: Principal, node: Node) -> Node:
    """The node with its present parents that the caller does not see: the caller cannot have meant to remove them."""
    old = plant.node(node.id) if by.tenant is not None else None
    if old is None:
        return node
    seen = names_seen(plant, by, old.parents)
    hidden = [one for one in old.parents if one not in seen and one not in node.parents]
    return replace(node, parents=(*node.parents, *hidden)) if hidden else node


def checked(node: Node) -> Node:
    """The node with addresses and serial in canonical form. ProblemError 422 for an address that is none."""
    try:
        return replace(with_host_addresses(node), serial=canonical_serial(node.serial))
    except ValueError as error:
        raise invalid_body("address", str(error)) from error


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
