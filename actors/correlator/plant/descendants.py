"""The nodes at and below a node: found by a walk once, then cached until something changes there.

A hundred alarms of one port ask for the same customers, and a core node has all customers below it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from actors.correlator.plant.multimap import Filed
from actors.correlator.plant.reach import Reach, customer_of, service_of
from protocols.topology import Node

_DEVICES_DEEP = 16
"""Depth of nested devices to which each has a cache entry of its own."""


class Below:
    """Reads a plant's ``nodes`` and ``children``. The code that changes these calls :meth:`forget` before and after, since a
    node may move below others. Cached values are read-only; a missing one is found by a walk."""

    def __init__(self, nodes: dict[str, Node], children: dict[str, Filed]) -> None:
        self.reach: dict[str, Reach] = {}
        """By node; see :meth:`walk`."""
        self.reach_for: dict[str, dict[str, Reach]] = {}
        """The part that a tenant sees, by node and tenant; see :meth:`walk_for`."""
        self.onts: dict[str, tuple[str, ...]] = {}
        """Ids of the ONTs, in order, by node; see :meth:`walk`."""
        self._nodes = nodes
        self._children = children
        self._classes: dict[str, dict[str, int]] = {}

    def subtree(self, node_id: str) -> Iterator[str]:
        """The node and everything below it, each once, parents first. Empty for an unknown node."""
        if node_id not in self._nodes:
            return
        seen = {node_id}
        stack = [node_id]
        while stack:
            one = stack.pop()
            yield one
            filed = self._children.get(one)
            if filed is None:
                continue
            if isinstance(filed, str):
                if filed not in seen:
                    seen.add(filed)
                    stack.append(filed)
                continue
            for child in reversed(filed):
                if child not in seen:
                    seen.add(child)
                    stack.append(child)

    def walk(self, top: str, depth: int = 0) -> Reach:
        """Find and cache the reach and the ONTs of ``top``, an existing node. The walk uses the cached values of devices below:
        when one of them changes, the others need no walk."""
        customers: dict[str, None] = {}
        services: dict[str, None] = {}
        onts: dict[str, None] = {}
        seen = {top}
        stack = [top]
        while stack:
            one = stack.pop()
            node = self._nodes[one]
            if node.address and one != top and depth < _DEVICES_DEEP:
                known = self.reach.get(one) or self.walk(one, depth + 1)
                customers.update(dict.fromkeys(known.customers))
                services.update(dict.fromkeys(known.services))
                onts.update(dict.fromkeys(self.onts[one]))
                continue
            if node.type == "ont":
                onts[one] = None
            if customer := customer_of(node):
                customers[customer] = None
            if service := service_of(node):
                services[service] = None
            below = self._children.get(one, {})
            for child in (below,) if isinstance(below, str) else reversed(below):
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        self.onts[top] = tuple(onts)
        found = self.reach[top] = Reach(tuple(customers), tuple(services))
        return found

    def walk_for(self, top: str, tenant: str) -> Reach:
        """Find and cache the part of the reach of ``top``, an existing node, that belongs to this tenant or to all."""
        mine = [node for one in self.subtree(top) if (node := self._nodes[one]).tenant in ("", tenant)]
        customers = dict.fromkeys(customer for node in mine if (customer := customer_of(node)))
        services = dict.fromkeys(service for node in mine if (service := service_of(node)))
        known = Reach(tuple(customers), tuple(services))
        if top not in self.reach:
            self.walk(top)  # what is remembered of a node is forgotten with this
        self.reach_for.setdefault(top, {})[tenant] = known
        return known

    def customers_by_class(self, node_id: str) -> dict[str, int]:
        """Number of customers of each SLA class at or below a node; "" counts those without a class."""
        known = self._classes.get(node_id)
        if known is None:
            found: dict[str, str] = {}
            for one in self.subtree(node_id):
                node = self._nodes[one]
                if customer := customer_of(node):
                    found[customer] = found.get(customer) or node.sla_class
            known = dict(sorted(Counter(found.values()).items()))
            if node_id in self._nodes:
                self._classes[node_id] = known
        return dict(known)

    def forget(self, ids: Iterable[str]) -> None:
        """Drop the cached values of these nodes and of everything above them."""
        if not (self.reach or self._classes):
            return
        seen: set[str] = set()
        stack = list(ids)
        while stack:
            one = stack.pop()
            if one in seen:
                continue
            seen.add(one)
            self._classes.pop(one, None)
            if self.reach.pop(one, None) is not None:
                del self.onts[one]
                self.reach_for.pop(one, None)
            node = self._nodes.get(one)
            if node is not None:
                stack += node.parents
