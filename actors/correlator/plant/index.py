"""The index over the topology's nodes: it answers every question of the fold at the cost of the answer.

All answers follow from the nodes and from the order in which each was last put. So a plant that was changed step by step
answers like one that was read from a snapshot.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from actors.correlator.plant.descendants import Below
from actors.correlator.plant.multimap import Filed, drop, ids_of, put
from actors.correlator.plant.reach import NOBODY, Reach, has_contact
from actors.correlator.plant.revisions import Revisions
from protocols.serial import canonical_serial
from protocols.topology import Node, Words

DEEPEST = 256
"""Generations of ancestors at most."""
PATHS = 64
"""Number of paths to the roots that are listed: redundant uplinks multiply them."""
_SORT_ANEW = 2_000
"""A change of this many ids or more rebuilds the sorted list at the next use."""


class Plant:
    """The nodes and the indexes over them. :meth:`apply` changes a plant, at the cost of the nodes that change, and checks
    nothing: :mod:`actors.correlator.plant.check` does."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.nodes: dict[str, Node] = {}
        """By id, in the order in which each was last put. Read-only."""
        self.by_address: dict[str, Node] = {}
        self._by_serial: dict[str, Filed] = {}
        self._by_index: dict[str, dict[str, Filed]] = {}
        """By the id of the device, then the vendor's index."""
        self._children: dict[str, Filed] = {}
        self._types: dict[str, dict[str, None]] = {}
        self._areas: dict[str, dict[str, None]] = {}
        self._tenants: Counter[str] = Counter()
        self.contacts = 0
        """Number of nodes with details of a customer."""
        self._owners: dict[tuple[str, ...], str] = {}
        """Tenant of the device above, by the parents of a node that is no device."""
        self._words = Words()
        self._revisions = Revisions()
        self._sorted: list[str] | None = None
        self._changes = 0
        self._below = Below(self.nodes, self._children)
        self.apply(nodes)

    # --- who ------------------------------------------------------------------------------------------------------

    def device(self, address: str) -> Node | None:
        """The device with this IP address."""
        return self.by_address.get(address)

    def with_serial(self, serial: str) -> list[Node]:
        """The ONTs with this serial number, however it is spelled, in the order of their ids. Several are a mistake of the
        inventory."""
        return [self.nodes[one] for one in sorted(ids_of(self._by_serial.get(canonical_serial(serial))))]

    def count(self, tenant: str | None) -> int:
        """Number of nodes visible to a tenant."""
        if tenant is None:
            return len(self.nodes)
        return self._tenants[""] + self._tenants[tenant]

    def with_index(self, device_id: str, index: str) -> Node | None:
        """The ONT or port of a device that the vendor knows by this index; of several the one with the least id."""
        filed = self._by_index.get(_head(device_id), {}).get(index)
        if filed is None:
            return None
        inside = f"{device_id}/"
        return self._least({one: None for one in ids_of(filed) if one == device_id or one.startswith(inside)})

    def resolve(self, name: str) -> Node | None:
        """A node by its id, or by a device's IP address."""
        return self.nodes.get(name) or self.by_address.get(name)

    def nearest(self, resource_id: str) -> Node | None:
        """The node of a resource, else the innermost node around it that the topology has, by ``DEVICE/POSITION``."""
        place = resource_id
        while place:
            if (node := self.nodes.get(place)) is not None:
                return node
            place = place.rpartition("/")[0]
        return None

    def device_of(self, node_id: str) -> str | None:
        """The device that a node is, is in, or hangs below: the nearest with an address."""
        node = self.nodes.get(node_id)
        for _ in range(DEEPEST + 1):
            if node is None:
                return None
            if node.address:
                return node.id
            if len(node.parents) != 1:
                return next((one for one in self.ancestors(node.id) if self.nodes[one].address), None)
            node = self.nodes.get(node.parents[0])
        return None

    def owner(self, node_id: str) -> str:
        """The tenant of the device that the node is, is in, or hangs below; "" for a shared device. The traps of that device
        report the node."""
        if len(self._tenants) < 2:
            return next(iter(self._tenants), "")
        node = self.nodes.get(node_id)
        if node is None:
            return ""
        if node.address:
            return node.tenant
        known = self._owners.get(node.parents)
        if known is None:
            device = self.nodes.get(self.device_of(node_id) or "")
            known = self._owners[node.parents] = device.tenant if device is not None else ""
        return known

    def pon_of(self, node_id: str) -> str | None:
        """The PON port that a node is or hangs below: the nearest one."""
        node = self.nodes.get(node_id)
        for _ in range(DEEPEST):
            if node is None:
                return None
            if node.type == "pon":
                return node.id
            if len(node.parents) != 1:
                return next((one for one in self.ancestors(node.id) if self.nodes[one].type == "pon"), None)
            node = self.nodes.get(node.parents[0])
        return None

    # --- up and down ----------------------------------------------------------------------------------------------

    def children(self, node_id: str) -> Collection[str]:
        """Ids one step away from the core, in order. Not to be kept: it changes with the plant."""
        return ids_of(self._children.get(node_id))

    def leg_of(self, node_id: str) -> str:
        """The first node one step towards the core, as the splitter of an ONT; "" without one."""
        return next(iter(self.parents(node_id)), "")

    def parents(self, node_id: str) -> tuple[str, ...]:
        """Ids one step towards the core; none for an unknown node."""
        node = self.nodes.get(node_id)
        return () if node is None else node.parents

    def ancestors(self, node_id: str) -> list[str]:
        """Everything towards the core, each once, nearest first."""
        found: dict[str, None] = {}
        level: Sequence[str] = self.parents(node_id)
        for _ in range(DEEPEST):
            above: list[str] = []
            for one in level:
                if one not in found and one in self.nodes:
                    found[one] = None
                    above += self.nodes[one].parents
            if not above:
                break
            level = above
        return list(found)

    def subtree(self, node_id: str) -> Iterator[str]:
        """The node and everything below it, each once, parents first. Empty for an unknown node."""
        return self._below.subtree(node_id)

    def paths(self, node_id: str) -> list[tuple[str, ...]]:
        """Every way from the node to a root, both included, at most ``PATHS``; several where uplinks are redundant."""
        found: list[tuple[str, ...]] = []
        waiting: list[tuple[str, ...]] = [(node_id,)] if node_id in self.nodes else []
        while waiting and len(found) < PATHS:
            path = waiting.pop()
            above = [one for one in dict.fromkeys(self.nodes[path[-1]].parents) if one in self.nodes and one not in path]
            if not above or len(path) > DEEPEST:
                found.append(path)
            waiting += [(*path, one) for one in reversed(above)]
        return found

    def of_type(self, type: str) -> Collection[str]:
        """Ids of all nodes of a type, in order."""
        return self._types.get(type, {}).keys()

    def area(self, name: str) -> Collection[str]:
        """Ids of all nodes of an area, in order."""
        return self._areas.get(name, {}).keys()

    def sorted_from(self, after: str) -> Iterator[str]:
        """Ids behind ``after`` in the order of ids. Stops at the first change of the plant."""
        if self._sorted is None:
            self._sorted = sorted(self.nodes)
        known, changes = self._sorted, self._changes
        for position in range(bisect_right(known, after), len(known)):
            if changes != self._changes:
                return
            yield known[position]

    def revision(self, node_id: str) -> int | None:
        """The offset of the Event that put the node as it is; None: there is no such node."""
        return self._revisions.of(node_id) if node_id in self.nodes else None

    def runs(self) -> list[tuple[int, int]]:
        """Revisions of :attr:`nodes`, in order: how many nodes, one after the other, have which."""
        return self._revisions.runs(self.nodes)

    # --- whose service --------------------------------------------------------------------------------------------

    def reach(self, node_id: str) -> Reach:
        """The customers and services behind this node; computed once, then cached until something changes below it."""
        known = self._below.reach.get(node_id)
        if known is None:
            if node_id not in self.nodes:
                return NOBODY
            known = self._below.walk(node_id)
        return known

    def reach_for(self, node_id: str, tenant: str) -> Reach:
        """The part of :meth:`reach` that belongs to this tenant or to all. Customers of other tenants may not be named to
        it."""
        if all(each in ("", tenant) for each in self._tenants):
            return self.reach(node_id)
        known = self._below.reach_for.get(node_id, {}).get(tenant)
        if known is None:
            # Of a node that there is not nothing is remembered: nobody would forget it when there is one.
            known = self._below.walk_for(node_id, tenant) if node_id in self.nodes else NOBODY
        return known

    def customers_by_class(self, node_id: str) -> dict[str, int]:
        """Number of customers of each SLA class at or below a node; "" counts those without a class."""
        return self._below.customers_by_class(node_id)

    def onts_below(self, node_id: str) -> tuple[str, ...]:
        """Ids of the ONTs at or below a node, in order; none for an unknown node."""
        if node_id not in self._below.onts:
            if node_id not in self.nodes:
                return ()
            self._below.walk(node_id)
        return self._below.onts[node_id]

    # --- changing -------------------------------------------------------------------------------------------------

    def apply(self, puts: Iterable[Node] = (), removes: Sequence[str] = (), revision: int = 0) -> None:
        """Remove the nodes ``removes``, then put ``puts`` with this ``revision``, in place of nodes with the same id. A node
        that does not change keeps its place and its revision."""
        puts = [node for node in puts if self.nodes.get(node.id) != node] if self.nodes else list(puts)
        touched = [*removes, *(node.id for node in puts)]
        self._below.forget(touched)
        self._changes += 1
        self._owners.clear()
        if len(touched) > _SORT_ANEW:
            self._sorted = None
        listed = self._sorted
        for node_id in removes:
            if node_id in self.nodes:
                self._take(self.nodes[node_id])
                self._revisions.removed(node_id)
                if listed is not None:
                    del listed[bisect_left(listed, node_id)]
        self._revisions.put([node.id for node in puts], revision, self.nodes.keys())
        for node in puts:
            old = self.nodes.get(node.id)
            if old is not None:
                self._take(old)
            elif listed is not None:
                insort(listed, node.id)
            self._file(self._compact(node))
        self._below.forget(touched)

    def _compact(self, node: Node) -> Node:
        """The node with the strings of other nodes in place of equal ones, which saves memory."""
        one = self._words.one
        words = (one(node.type), one(node.vendor), one(node.tenant), one(node.area), one(node.sla_class))
        known = tuple([found.id if (found := self.nodes.get(parent)) is not None else parent for parent in node.parents])
        if known:
            filed = self._children.get(known[0])
            if filed is not None:
                sibling = self.nodes[filed if isinstance(filed, str) else next(reversed(filed))].parents
                if sibling == known:
                    known = sibling
        if known is node.parents and all(
            mine is theirs
            for mine, theirs in zip(words, (node.type, node.vendor, node.tenant, node.area, node.sla_class), strict=True)
        ):
            return node
        type, vendor, tenant, area, sla_class = words
        return replace(node, type=type, vendor=vendor, tenant=tenant, area=area, sla_class=sla_class, parents=known)

    def _file(self, node: Node) -> None:
        node_id = node.id
        self.nodes[node_id] = node
        self._types.setdefault(node.type, {})[node_id] = None
        self._tenants[node.tenant] += 1
        self.contacts += has_contact(node)
        for parent in node.parents:
            put(self._children, parent, node_id)
        if node.address:
            for address in node.every_address:
                self.by_address[address] = node
        if node.serial:
            put(self._by_serial, canonical_serial(node.serial), node_id)
        if node.area:
            self._areas.setdefault(node.area, {})[node_id] = None
        if node.index:
            put(self._by_index.setdefault(_head(node_id), {}), node.index, node_id)

    def _take(self, node: Node) -> None:
        node_id = node.id
        del self.nodes[node_id]
        drop(self._types, node.type, node_id)
        self._tenants[node.tenant] -= 1
        self.contacts -= has_contact(node)
        if not self._tenants[node.tenant]:
            del self._tenants[node.tenant]
        for parent in node.parents:
            drop(self._children, parent, node_id)
        if node.address:
            for address in node.every_address:
                if (owner := self.by_address.get(address)) is not None and owner.id == node_id:
                    del self.by_address[address]
        if node.serial:
            drop(self._by_serial, canonical_serial(node.serial), node_id)
        if node.area:
            drop(self._areas, node.area, node_id)
        if node.index:
            head = _head(node_id)
            drop(self._by_index[head], node.index, node_id)
            if not self._by_index[head]:
                del self._by_index[head]

    def _least(self, filed: Filed | None) -> Node | None:
        return self.nodes[min(ids_of(filed))] if filed else None


def _head(node_id: str) -> str:
    """The common prefix of the ids of a device and of everything inside it."""
    return node_id.partition("/")[0]
