"""The plant: nodes of the topology, and what makes them a plant. Its file is read by :mod:`protocols.topology_csv`."""

from array import array
from collections.abc import Callable, Container, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from protocols.address import canonical_address, is_of_one_host
from protocols.origin import Origin
from protocols.serial import canonical_serial, is_gpon_serial

TYPES = ("site", "core", "olt", "card", "pon", "splitter", "ont", "service", "customer", "uplink", "other")
"""Node types that faultd knows. Other words are kept, and behave like ``other``."""


MOST_ADDRESSES = 64
"""Addresses of one node at most."""

POLL_OFF = "off"
"""As the plan of a node: it is not polled."""
SHORTEST_POLL_INTERVAL = 1
LONGEST_POLL_INTERVAL = 86_400
"""Bounds of the seconds between two polls of a device."""


class Node(Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """One row of the topology CSV. ``id`` of anything inside a device is ``DEVICE/POSITION``, for example
    ``olt-1/0/1/5/17`` for ONT 17 of port 5 of slot 1 of frame 0; ``parents`` are ids one step towards the core."""

    id: str
    type: str
    """One of ``TYPES``, or a word of the operator's own."""
    parents: tuple[str, ...] = ()
    """Several are redundant: it is cut off only when all of them are."""
    name: str = ""
    address: str = ""
    """IP address of a device: how a trap's source finds it. The first of several."""
    vendor: str = ""
    tenant: str = ""
    """Empty: shared by all tenants."""
    customer_id: str = ""
    service_id: str = ""
    serial: str = ""
    area: str = ""
    """The set of nodes that share one mains supply: a power area, a street, a cabinet."""
    sla_class: str = ""
    """The customer's class, for example gold."""
    index: str = ""
    """The vendor's own index of an ONT or port within its device, for example ``4194312192.17`` (ifIndex.ont)."""
    addresses: tuple[str, ...] = ()
    """Every address of a device that has several; empty where ``address`` says it all."""
    phone: str = ""
    postal_address: str = ""
    latitude: float | None = None
    """Degrees north (WGS 84)."""
    longitude: float | None = None
    """Degrees east."""
    credentials: str = ""
    """Name of the ``[[poller.credentials]]`` by which the device is polled. Empty: it is not polled."""
    poll: str = ""
    """Plan by which the device is polled, ``off`` for none. Empty: that of its vendor's profile."""
    poll_interval: float | None = None
    """Seconds between two polls. None: ``[poller] interval_seconds``."""

    @property
    def every_address(self) -> tuple[str, ...]:
        """The addresses of a device, one or several."""
        return self.addresses or ((self.address,) if self.address else ())

    @property
    def is_polled(self) -> bool:
        """True for a device: a node with an address, the name of credentials, and a plan that is not ``off``."""
        return bool(self.credentials and self.address) and self.poll != POLL_OFF


class TopologyNode(Struct, frozen=True, array_like=True, gc=False):
    """A node as the topology has it: whose it is, the file's or the API's, and the offset of the Event that put it as it is."""

    node: Node
    origin: Origin
    revision: int


class TopologyError(ValueError):
    """A topology that cannot be used; ``problems`` lists every mistake with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Words:
    """One string for all equal ones: a million nodes share few tenants, vendors, areas and parents."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._parents: tuple[str, ...] = ()

    def one(self, word: str) -> str:
        """The first string that was equal to ``word``."""
        return self._words.setdefault(word, word)

    def parents(self, parents: tuple[str, ...]) -> tuple[str, ...]:
        """Siblings mostly follow one another: they share the tuple."""
        if parents != self._parents:
            self._parents = parents
        return self._parents


def assemble(
    rows: Iterable[tuple[int, Node]],
    where: Callable[[int], str],
    known: Container[str] = (),
    problems: list[str] | None = None,
) -> tuple[Node, ...]:
    """Nodes that make a plant, in their order, each with the number that ``where`` turns into the words for its place.
    ``problems`` are mistakes that ``rows`` finds on the way. Raises :class:`TopologyError` with every mistake."""
    nodes: dict[str, Node] = {}
    places = array("Q")
    addresses: dict[str, str] = {}
    problems = [] if problems is None else problems
    place_of: dict[str, int] = {}
    ahead: list[int] = []
    for place, node in rows:
        if not node.id or not node.type:
            problems.append(f"{where(place)}: {'id' if not node.id else 'type'} is empty")
            continue
        if node.id in nodes:
            place_of = place_of or dict(zip(nodes, places, strict=True))
            problems.append(f"{where(place)}: id {node.id!r} is already used in {where(place_of[node.id])}")
            continue
        if node.address or node.addresses:
            try:
                node = with_host_addresses(node)
            except ValueError as error:
                problems.append(f"{where(place)}: {error}")
            for address in node.every_address:
                if address in addresses:
                    problems.append(
                        f"{where(place)}: address {address} of {node.id!r} already belongs to {addresses[address]!r}"
                    )
                addresses[address] = node.id
        if node.serial and not is_gpon_serial(node.serial):
            node = replace(node, serial=canonical_serial(node.serial))
        for parent in node.parents:
            if parent not in nodes:
                ahead.append(len(places))
                break
        nodes[node.id] = node
        places.append(place)
        if place_of:
            place_of[node.id] = place
    if ahead:  # else every parent came before its children, and there can be neither an orphan nor a cycle
        listed = list(nodes.values())
        for number in ahead:
            problems += [
                f"{where(places[number])}: parent {parent!r} does not exist"
                for parent in listed[number].parents
                if parent not in nodes and parent not in known
            ]
        if rings := on_cycles(nodes):
            place_of = place_of or dict(zip(nodes, places, strict=True))
            problems += [f"{where(place_of[name])}: {name!r} is its own ancestor" for name in rings]
    if problems:
        raise TopologyError(problems)
    return tuple(nodes.values())


def with_addresses(node: Node) -> Node:
    """The node with its addresses in canonical form, each once; ``address`` is the first. Several in ``address`` are separated
    by ``;``. Raises ValueError naming the address that is none."""
    written = [one.strip() for each in (node.address, *node.addresses) for one in each.split(";")]
    found: dict[str, None] = {}
    for one in written:
        if not one:
            continue
        address = canonical_address(one)
        if address is None:
            raise ValueError(f"address {one!r} is no IP address")
        found[address] = None
    if len(found) > MOST_ADDRESSES:
        raise ValueError(f"address: {len(found)} addresses, {MOST_ADDRESSES} are allowed")
    every = tuple(found)
    first, several = next(iter(every), ""), every if len(every) > 1 else ()
    if first == node.address and several == node.addresses:
        return node
    return replace(node, address=first, addresses=several)


def with_host_addresses(node: Node) -> Node:
    """As :func:`with_addresses`, for a node that is new or changed. Raises ValueError also for an address that no single device
    can have: the credentials would go to whoever listens there."""
    found = with_addresses(node)
    for address in found.every_address:
        if not is_of_one_host(address):
            raise ValueError(f"address {address!r} is not that of one host")
    return found


def shared_serials(nodes: Iterable[Node]) -> list[tuple[str, tuple[str, ...]]]:
    """Serials that several nodes have, each with their ids: a trap that names such a serial names nobody."""
    first: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for node in nodes:
        if node.serial and first.setdefault(node.serial, node.id) != node.id:
            several.setdefault(node.serial, [first[node.serial]]).append(node.id)
    return [(serial, tuple(ids)) for serial, ids in several.items()]


def on_cycles(nodes: Mapping[str, Node]) -> list[str]:
    """Nodes left when everything that hangs from a root has been taken away, in order (no recursion: plants are deep).
    Parents that are not in ``nodes`` count as there."""
    waiting = {name: sum(parent in nodes for parent in node.parents) for name, node in nodes.items()}
    children: dict[str, list[str]] = {}
    for node in nodes.values():
        for parent in node.parents:
            children.setdefault(parent, []).append(node.id)
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        del waiting[name]
        for child in children.get(name, ()):
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    return list(waiting)
