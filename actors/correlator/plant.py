"""The plant as the fold sees it: who sent this, what hangs below it, whose service it is."""

from collections.abc import Sequence
from typing import NamedTuple

from protocols.topology import Node


class Reach(NamedTuple):
    """Customers and services at or below a node, each once, in topology order."""

    customers: tuple[str, ...]
    services: tuple[str, ...]


NOBODY = Reach((), ())


class Plant:
    """An index over the topology's nodes. Immutable once built; a new topology is a new Plant."""

    def __init__(self, nodes: Sequence[Node] = ()) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.by_address = {node.address: node for node in nodes if node.address}
        self._by_serial = {node.serial: node for node in nodes if node.serial}
        self._children: dict[str, list[str]] = {}
        for node in nodes:
            for parent in node.parents:
                self._children.setdefault(parent, []).append(node.id)
        self._reach: dict[str, Reach] = {}

    def device(self, address: str) -> Node | None:
        """The device with this IP address."""
        return self.by_address.get(address)

    def with_serial(self, serial: str) -> Node | None:
        """The ONT with this serial number."""
        return self._by_serial.get(serial)

    def resolve(self, name: str) -> Node | None:
        """A node by its id, or by a device's IP address."""
        return self.nodes.get(name) or self.by_address.get(name)

    def reach(self, node_id: str) -> Reach:
        """Whose service goes through this node: computed at the first asking, then remembered."""
        if node_id not in self.nodes:
            return NOBODY
        known = self._reach.get(node_id)
        if known is None:
            known = self._reach[node_id] = self._walk(node_id)
        return known

    def _walk(self, node_id: str) -> Reach:
        customers: dict[str, None] = {}
        services: dict[str, None] = {}
        seen = {node_id}
        stack = [node_id]
        while stack:
            node = self.nodes[stack.pop()]
            if node.customer_id:
                customers[node.customer_id] = None
            if node.service_id:
                services[node.service_id] = None
            for child in reversed(self._children.get(node.id, ())):
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        return Reach(tuple(customers), tuple(services))
