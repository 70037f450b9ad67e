"""What has to change for the plant to be as a file, or as a request, says."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from actors.correlator.plant.index import Plant
from protocols.topology import Node


class Difference(NamedTuple):
    """``kept``: nodes that the file has no longer, but from which nodes hang that it never had; they count as added through
    the API from then on. ``moved_address``: (node, address) of nodes beside the file that lose theirs to one of the file."""

    puts: tuple[Node, ...] = ()
    removes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    moved_address: tuple[tuple[str, str], ...] = ()


def whole(plant: Plant, nodes: Sequence[Node], among: Iterable[str] | None = None) -> Difference:
    """The plant is to be ``nodes`` and nothing else (of those ``among`` which it replaces; None: of all)."""
    wanted = {node.id for node in nodes}
    removes = tuple(one for one in (list(plant.nodes) if among is None else among) if one not in wanted)
    return Difference(tuple(node for node in nodes if plant.nodes.get(node.id) != node), removes)


def from_file(plant: Plant, by_hand: Iterable[str], nodes: Sequence[Node]) -> Difference:
    """The file owns what came from it, and what it names; nodes added through the API (``by_hand``) stay beside. Whatever the
    API made of the plant, this can be applied: nodes of a file have only nodes of the file above them. May run in another
    thread: a plant that changes meanwhile makes a difference that is refused."""
    own = dict.fromkeys(by_hand)
    wanted = {node.id for node in nodes}
    puts = [node for node in nodes if node.id in own or plant.nodes.get(node.id) != node]
    stays = [one for one in own if one not in wanted]
    addresses = {node.address for node in puts if node.address}
    moved_address = []
    for one in stays:
        node = plant.nodes.get(one)
        if node is not None and node.address in addresses:
            moved_address.append((one, node.address))
            puts.append(replace(node, address=""))
    kept: dict[str, None] = {one: None for one, _ in moved_address}
    waiting = list(stays)
    while waiting:
        for parent in plant.parents(waiting.pop()):
            if parent not in wanted and parent not in own and parent not in kept:
                kept[parent] = None
                waiting.append(parent)
    for one in kept:
        node = plant.nodes.get(one)
        if node is not None and node.address in addresses and one not in own:
            moved_address.append((one, node.address))
            puts.append(replace(node, address=""))
    removes = tuple(one for one in list(plant.nodes) if one not in wanted and one not in own and one not in kept)
    return Difference(tuple(puts), removes, tuple(kept), tuple(moved_address))
