"""The plant: nodes of the topology, what makes them a plant, and reading and writing its CSV file."""

import csv
import io
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

COLUMNS = (
    "id",
    "type",
    "parents",
    "name",
    "address",
    "vendor",
    "tenant",
    "customer_id",
    "service_id",
    "serial",
    "area",
    "sla_class",
    "index",
)
_REQUIRED = ("id", "type")

TYPES = ("site", "core", "olt", "card", "pon", "splitter", "ont", "service", "customer", "uplink", "other")
"""What a node can be, from faultd's point of view. Other words are kept as they are and mean no more than ``other``."""


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
    """IP address of a device: how a trap's source finds it."""
    vendor: str = ""
    tenant: str = ""
    """Empty: shared by all tenants."""
    customer_id: str = ""
    service_id: str = ""
    serial: str = ""
    area: str = ""
    """What loses mains together: a power area, a street, a cabinet."""
    sla_class: str = ""
    """The customer's class, for example gold."""
    index: str = ""
    """The vendor's own index of an ONT or port within its device, for example ``4194312192.17`` (ifIndex.ont)."""


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


def parse_csv(text: str, known: Container[str] = (), tenant: str = "") -> tuple[Node, ...]:
    """Nodes of a topology file: CSV with a header line; ``parents`` separated by ``;``; columns that faultd
    does not know are ignored. ``known`` are further nodes that can be parents; ``tenant`` is that of rows without one.
    Raises :class:`TopologyError` with every mistake: a missing column, an empty or repeated id, an address that is none or that
    two nodes share, a parent that does not exist, a node that is its own ancestor."""
    reader = csv.reader(_lines(text))
    header = next(reader, [])
    missing = [column for column in _REQUIRED if column not in header]
    if missing:
        raise TopologyError([f"line 1: column {column} is missing" for column in missing])
    return assemble(_rows(reader, header, tenant), "line {}".format, known)


def assemble(rows: Iterable[tuple[int, Node]], where: Callable[[int], str], known: Container[str] = ()) -> tuple[Node, ...]:
    """Nodes that make a plant, in their order, each with the number that ``where`` turns into the words for its place. Raises
    :class:`TopologyError` with every mistake."""
    nodes: dict[str, Node] = {}
    places = array("Q")
    addresses: dict[str, str] = {}
    problems: list[str] = []
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
        if node.address:
            address = canonical_address(node.address)
            if address is None:
                problems.append(f"{where(place)}: address {node.address!r} is no IP address")
            else:
                if address in addresses:
                    problems.append(f"{where(place)}: address {address} already belongs to {addresses[address]!r}")
                addresses[address] = node.id
                if address != node.address:
                    node = replace(node, address=address)
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


def canonical_address(address: str) -> str | None:
    """As a socket writes it, or no trap's source would ever match; None when it is no IP address."""
    try:
        return str(ip_address(address))
    except ValueError:
        return None


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


def csv_lines(nodes: Iterable[Node]) -> Iterator[str]:
    """The file that :func:`parse_csv` reads, in parts, header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, node in enumerate(nodes, 1):
        writer.writerow(";".join(node.parents) if column == "parents" else getattr(node, column) for column in COLUMNS)
        if number % 500 == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends; unlike ``io.StringIO`` without a copy of four bytes a character."""
    start = 1 if text.startswith("\ufeff") else 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _rows(reader: Any, header: list[str], own: str) -> Iterator[tuple[int, Node]]:
    """Each record with the number of its (last) line."""
    words = Words()
    one = words.one
    width = len(header)
    columns = {name: position for position, name in enumerate(header)}
    at = [columns.get(column, width) for column in COLUMNS]
    for row in reader:
        if not row:
            continue
        cells = [cell.strip() for cell in row[:width]]
        # One empty cell more than the header has: that of the columns that are not there.
        cells += [""] * (width + 1 - len(cells))
        id, type, parents, name, address, vendor, tenant, customer, service, serial, area, sla, index = [cells[n] for n in at]
        name_of_parents = tuple([one(part.strip()) for part in parents.split(";") if part.strip()]) if parents else ()
        yield (
            reader.line_num,
            Node(
                id=one(id),
                type=one(type),
                parents=words.parents(name_of_parents),
                name=name,
                address=address,
                vendor=one(vendor),
                tenant=one(tenant or own),
                customer_id=customer,
                service_id=service,
                serial=serial,
                area=one(area),
                sla_class=one(sla),
                index=index,
            ),
        )
