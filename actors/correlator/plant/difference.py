"""The difference between the plant and a file, or a request."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from actors.correlator.plant.index import Plant
from protocols.topology import Node, with_addresses


class TopologyDifference(NamedTuple):
    """``kept``: nodes that the file no longer has, with nodes of the API below them; they count as added through the API from
    then on. ``moved_address``: (node, address) of each API node that loses this address to a node of the file."""

    puts: tuple[Node, ...] = ()
    removes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    moved_address: tuple[tuple[str, str], ...] = ()


def whole(plant: Plant, nodes: Sequence[Node], among: Iterable[str] | None = None) -> TopologyDifference:
    """The difference to a plant of exactly ``nodes``; ``among`` limits it to the nodes that they replace (None: all)."""
    wanted = {node.id for node in nodes}
    removes = tuple(one for one in (list(plant.nodes) if among is None else among) if one not in wanted)
    return TopologyDifference(tuple(node for node in nodes if plant.nodes.get(node.id) != node), removes)


def from_file(plant: Plant, api_nodes: Iterable[str], nodes: Sequence[Node]) -> TopologyDifference:
    """The difference to a file. The file owns the nodes that came from it, and those that it names; nodes added through the API
    (``api_nodes``) stay. It can always be applied, since the nodes of a file have only nodes of the file above them. May run in
    another thread: the fold refuses a difference to a plant that changed meanwhile."""
    own = dict.fromkeys(api_nodes)
    wanted = {node.id for node in nodes}
    puts = [node for node in nodes if node.id in own or plant.nodes.get(node.id) != node]
    stays = [one for one in own if one not in wanted]
    addresses = {address for node in puts for address in node.every_address}
    moved_address: list[tuple[str, str]] = []

    def give_up(node_id: str) -> None:
        """The node loses the addresses that the file gives to others."""
        node = plant.nodes.get(node_id)
        lost = [] if node is None else [address for address in node.every_address if address in addresses]
        if node is not None and lost:
            left = tuple(address for address in node.every_address if address not in addresses)
            moved_address.extend((node_id, address) for address in lost)
            puts.append(with_addresses(replace(node, address="", addresses=left)))

    for one in stays:
        give_up(one)
    kept: dict[str, None] = {one: None for one, _ in moved_address}
    waiting = list(stays)
    while waiting:
        for parent in plant.parents(waiting.pop()):
            if parent not in wanted and parent not in own and parent not in kept:
                kept[parent] = None
                waiting.append(parent)
    for one in kept:
        if one not in own:
            give_up(one)
    removes = tuple(one for one in list(plant.nodes) if one not in wanted and one not in own and one not in kept)
    return TopologyDifference(tuple(puts), removes, tuple(kept), tuple(moved_address))
