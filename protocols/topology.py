"""The plant: nodes of the topology file, and reading that file."""

import csv
import io
from ipaddress import ip_address

from msgspec import Struct
from msgspec.structs import replace

COLUMNS = ("id", "type", "parents", "name", "address", "vendor", "tenant", "customer_id", "service_id", "serial")
_REQUIRED = ("id", "type")


class Node(Struct, frozen=True, array_like=True, kw_only=True):
    """One row of the topology CSV. ``id`` of anything inside a device is ``DEVICE/POSITION``, for example
    ``olt-1/0/1/5/17`` for ONT 17 of port 5 of slot 1 of frame 0; ``parents`` are ids one step towards the core."""

    id: str
    type: str
    """olt, card, pon, splitter, ont, ... as the CSV says."""
    parents: tuple[str, ...] = ()
    name: str = ""
    address: str = ""
    """IP address of a device: how a trap's source finds it."""
    vendor: str = ""
    tenant: str = ""
    customer_id: str = ""
    service_id: str = ""
    serial: str = ""


class TopologyError(ValueError):
    """A topology file that cannot be used; ``problems`` lists every mistake with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_csv(text: str) -> tuple[Node, ...]:
    """Nodes of a topology file: UTF-8 CSV with a header line; ``parents`` separated by ``;``; columns that faultd
    does not know are ignored. Raises :class:`TopologyError` with every mistake: a missing column, an empty or repeated id, an
    address that is none or that two nodes share, a parent that does not exist, a node that is its own ancestor."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    header = reader.fieldnames or ()
    missing = [column for column in _REQUIRED if column not in header]
    if missing:
        raise TopologyError([f"line 1: column {column} is missing" for column in missing])
    nodes: dict[str, Node] = {}
    lines: dict[str, int] = {}
    addresses: dict[str, str] = {}
    problems: list[str] = []
    for row in reader:
        line = reader.line_num
        cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
        parents = tuple(part.strip() for part in cells.pop("parents").split(";") if part.strip())
        node = Node(parents=parents, **cells)
        if not node.id or not node.type:
            problems.append(f"line {line}: {'id' if not node.id else 'type'} is empty")
            continue
        if node.id in nodes:
            problems.append(f"line {line}: id {node.id!r} is already used in line {lines[node.id]}")
            continue
        if node.address:
            try:
                address = str(ip_address(node.address))
            except ValueError:
                problems.append(f"line {line}: address {node.address!r} is no IP address")
            else:
                if address in addresses:
                    problems.append(f"line {line}: address {address} already belongs to {addresses[address]!r}")
                addresses[address] = node.id
                node = replace(node, address=address)  # as a socket writes it, or no trap's source would ever match
        nodes[node.id], lines[node.id] = node, line
    for node in nodes.values():
        problems += [
            f"line {lines[node.id]}: parent {parent!r} does not exist" for parent in node.parents if parent not in nodes
        ]
    problems += [f"line {lines[name]}: {name!r} is its own ancestor" for name in _on_cycles(nodes)]
    if problems:
        raise TopologyError(problems)
    return tuple(nodes.values())


def _on_cycles(nodes: dict[str, Node]) -> list[str]:
    """Nodes left when everything that hangs from a root has been taken away, in file order (no recursion: plants are deep)."""
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
