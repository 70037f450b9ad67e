"""The stage's own mirror of the topology, by the Changes that tell of it: what is above and below each node."""

from collections.abc import Iterator

from msgspec import Struct

from actors.sla_clock.journal import Journal
from protocols.topology import Node


class PlantPlace(Struct, frozen=True, array_like=True, gc=False):
    """A node as far as this stage needs it."""

    id: str
    type: str
    parents: tuple[str, ...]
    tenant: str
    customer_id: str
    service_id: str
    sla_class: str
    name: str
    is_device: bool = False
    """It has an address: what hangs below it is reported by it, until the next device."""

    @classmethod
    def of(cls, node: Node) -> "PlantPlace":
        """Of a node of the topology."""
        customer = node.customer_id or (node.id if node.type == "customer" else "")
        service = node.service_id or (node.id if node.type == "service" else "")
        device = bool(node.address)
        return cls(node.id, node.type, node.parents, node.tenant, customer, service, node.sla_class, node.name, device)


class PlantMirror:
    """Nodes by id, and their children."""

    def __init__(self) -> None:
        self.places: dict[str, PlantPlace] = {}
        self.children: dict[str, dict[str, None]] = {}
        self.changes = 0
        """Grows with each change of what is above or below a node."""

    def put(self, journal: Journal, place: PlantPlace) -> None:
        """Add a node, or put it in the place of the one with its id."""
        before = self.places.get(place.id)
        if before is None or before.parents != place.parents:
            self.changes += 1
            self._unhang(journal, before)
            for parent in dict.fromkeys(place.parents):
                if parent not in self.children:
                    journal.put(self.children, parent, {})
                journal.put(self.children[parent], place.id, None)
        journal.put(self.places, place.id, place)

    def remove(self, journal: Journal, node_id: str) -> None:
        """Remove a node. Its children stay, without a parent."""
        self.changes += 1
        self._unhang(journal, self.places.get(node_id))
        journal.drop(self.places, node_id)

    def above(self, node_id: str) -> Iterator[str]:
        """The node and every node above it, each once, the node itself first."""
        seen = {node_id}
        stack = [node_id]
        while stack:
            one = stack.pop()
            yield one
            place = self.places.get(one)
            for parent in place.parents if place is not None else ():
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)

    def _unhang(self, journal: Journal, place: PlantPlace | None) -> None:
        if place is None:
            return
        for parent in dict.fromkeys(place.parents):
            below = self.children[parent]
            journal.drop(below, place.id)
            if not below:
                journal.drop(self.children, parent)
