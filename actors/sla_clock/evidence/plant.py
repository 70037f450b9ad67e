"""The stage's own mirror of the topology, by the Changes that tell of it: what is above and below each node."""

from collections.abc import Iterator

from msgspec import Struct

from actors.journal import Journal
from protocols.topology import Node

CONTRACT_TYPES = ("customer", "service")
"""Types of nodes that stand for a contract when they have an ``sla_class``."""


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
        """The place of a node of the topology."""
        customer = node.customer_id or (node.id if node.type == "customer" else "")
        service = node.service_id or (node.id if node.type == "service" else "")
        device = bool(node.address)
        return cls(node.id, node.type, node.parents, node.tenant, customer, service, node.sla_class, node.name, device)

    @property
    def contract_class(self) -> str:
        """Its ``sla_class``, where the node stands for a contract; else ""."""
        return self.sla_class if self.type in CONTRACT_TYPES else ""


class PlantMirror:
    """Nodes by id, their children, and the nodes of each ``sla_class``."""

    def __init__(self) -> None:
        self.places: dict[str, PlantPlace] = {}
        self.children: dict[str, dict[str, None]] = {}
        self.classes: dict[str, dict[str, None]] = {}
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
        if before is None or before.contract_class != place.contract_class:
            self._leave_class(journal, before)
            if place.contract_class:
                if place.contract_class not in self.classes:
                    journal.put(self.classes, place.contract_class, {})
                journal.put(self.classes[place.contract_class], place.id, None)
        journal.put(self.places, place.id, place)

    def remove(self, journal: Journal, node_id: str) -> None:
        """Remove a node. Its children stay, without a parent."""
        self.changes += 1
        place = self.places.get(node_id)
        self._unhang(journal, place)
        self._leave_class(journal, place)
        journal.drop(self.places, node_id)

    def has_contract(self, node_id: str) -> bool:
        """True when the node stands for a contract."""
        place = self.places.get(node_id)
        return place is not None and bool(place.contract_class)

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

    def _leave_class(self, journal: Journal, place: PlantPlace | None) -> None:
        if place is None or not place.contract_class:
            return
        nodes = self.classes[place.contract_class]
        journal.drop(nodes, place.id)
        if not nodes:
            journal.drop(self.classes, place.contract_class)

    def _unhang(self, journal: Journal, place: PlantPlace | None) -> None:
        if place is None:
            return
        for parent in dict.fromkeys(place.parents):
            below = self.children[parent]
            journal.drop(below, place.id)
            if not below:
                journal.drop(self.children, parent)
