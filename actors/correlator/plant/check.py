"""Checks a change of the plant before it is applied. The cost is that of the changed nodes and of those above them."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from actors.correlator.plant.index import Plant
from protocols.address import canonical_address
from protocols.serial import canonical_serial
from protocols.topology import Node
from protocols.walls import shown_to


class NodeMistake(NamedTuple):
    """A mistake in a change: the node, its field, and the reason."""

    id: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"node {self.id!r}: {self.text}"


def mistakes(plant: Plant, puts: Sequence[Node], removes: Sequence[str], tenant: str | None = None) -> list[NodeMistake]:
    """The mistakes that the plant would have after ``removes`` and ``puts``: a duplicate id, an invalid address or one that two
    nodes share, a missing parent, children without their parent, a node that is its own ancestor. ``tenant`` is the tenant that
    changes; nodes that it may not read do not exist for it."""
    found: list[NodeMistake] = []
    gone = set(removes)
    after: dict[str, Node] = {}
    for node in puts:
        if not node.id or not node.type:
            found.append(NodeMistake(node.id, "type" if node.id else "id", f"{'type' if node.id else 'id'} is empty"))
        if node.id in after or node.id in gone:
            found.append(NodeMistake(node.id, "id", "is put or removed twice in one change"))
        after[node.id] = node
    found += [NodeMistake(one, "id", "there is no such node to remove") for one in gone if one not in plant.nodes]
    found += _addresses(plant, puts, after, gone, tenant)
    for node in puts:
        found += [
            NodeMistake(node.id, "parents", f"parent {parent!r} does not exist")
            for parent in node.parents
            if parent not in after and (parent in gone or not _may_hang(plant, node, parent, tenant))
        ]
    for one in removes:
        left = [child for child in plant.children(one) if child not in gone and child not in after]
        if left:
            seen = [child for child in left if shown_to(plant.nodes[child], tenant) is not None]
            more = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
            found.append(NodeMistake(one, "id", f"has children: {seen[0]!r}{more}" if seen else "has children of others"))
    return found or [NodeMistake(one, "parents", "is its own ancestor") for one in _rings(plant, after)]


def _may_hang(plant: Plant, node: Node, parent: str, tenant: str | None) -> bool:
    """True when the parent exists for this tenant. A node that the file hung from another tenant's node may stay there."""
    return shown_to(plant.nodes.get(parent), tenant) is not None or (parent in plant.nodes and parent in plant.parents(node.id))


def taken_serials(plant: Plant, puts: Sequence[Node], removes: Sequence[str], tenant: str | None) -> list[NodeMistake]:
    """Mistakes of a change that gives a node the serial of another node that ``tenant`` may read (None: all). A serial that the
    node had before may stay."""
    found: list[NodeMistake] = []
    after = {node.id: node for node in puts}
    gone = set(removes)
    first: dict[str, str] = {}
    for node in after.values():
        if not node.serial:
            continue
        serial = canonical_serial(node.serial)
        before = plant.nodes.get(node.id)
        others = [one for one in plant.with_serial(serial) if one.id not in gone and one.id not in after]
        seen = [one.id for one in others if shown_to(one, tenant) is not None]
        other = first.setdefault(serial, node.id)
        owner = seen[0] if seen else other
        if owner != node.id and (before is None or canonical_serial(before.serial) != serial):
            found.append(NodeMistake(node.id, "serial", f"serial {serial} already belongs to {owner!r}"))
    return found


def cascade(plant: Plant, node_id: str) -> tuple[list[Node], list[str]]:
    """Puts and removes that remove a node with everything below it that has no other parent. Nodes with another parent lose
    this one."""
    gone: dict[str, None] = {}
    waiting = [node_id]
    cut: dict[str, Node] = {}
    while waiting:
        one = waiting.pop()
        if one in gone:
            continue
        gone[one] = None
        cut.pop(one, None)
        for child in plant.children(one):
            node = cut.get(child) or plant.nodes[child]
            left = tuple(parent for parent in node.parents if parent not in gone)
            if left:
                cut[child] = replace(node, parents=left)
            else:
                waiting.append(child)
    return list(cut.values()), list(gone)


def _addresses(
    plant: Plant, puts: Sequence[Node], after: dict[str, Node], gone: set[str], tenant: str | None
) -> list[NodeMistake]:
    found = []
    owners: dict[str, str] = {}
    for node in puts:
        for address in node.every_address:
            if canonical_address(address) != address:
                found.append(
                    NodeMistake(node.id, "address", f"address {address!r} is no IP address as it is written canonically")
                )
            there = plant.by_address.get(address)
            owner = owners.get(address)
            if owner is None and there is not None and there.id not in gone and there.id not in after:
                owner = there.id
            if owner is not None and owner != node.id:
                seen = owner in after or shown_to(there, tenant) is not None
                text = f"already belongs to {owner!r}" if seen else "is in use"
                found.append(NodeMistake(node.id, "address", f"address {address} {text}"))
            owners[address] = node.id
    return found


def _rings(plant: Plant, after: dict[str, Node]) -> list[str]:
    """Nodes of the change that would be their own ancestors. Only a node that is put can close a ring; each ancestor is visited
    once."""
    done: set[str] = set()
    found: list[str] = []
    for start in after:
        if start in done:
            continue
        way: dict[str, None] = {}
        stack = [(start, False)]
        while stack:
            one, left = stack.pop()
            if left:
                way.pop(one, None)
                done.add(one)
                continue
            if one in way:
                on = list(way)
                ring = on[on.index(one) :]
                found += [each for each in ring if each in after and each not in found]
                continue
            if one in done:
                continue
            way[one] = None
            stack.append((one, True))
            node = after.get(one) or plant.nodes.get(one)
            stack += [(parent, False) for parent in node.parents] if node is not None else []
    return found
