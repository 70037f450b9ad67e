"""A first plant made ready beside the fold: a million nodes take seconds, in which no trap would be read.

What is made follows from the nodes alone, so whether the fold finds it or makes it itself, it comes to the same; and for
whoever reads, the plant is there at once, whole.
"""

from collections.abc import Sequence
from typing import NamedTuple

from actors.correlator.plant.check import NodeMistake, mistakes
from actors.correlator.plant.index import Plant
from actors.correlator.plant.saved import SavedPlant
from protocols.command import ChangeTopology, Command
from protocols.event import Event, TopologyChanged, TopologyLoaded
from protocols.topology import Node

LARGE = 20_000
"""Nodes from which on it is worth a thread."""


class Prepared(NamedTuple):
    """Made of just these ``nodes``, on nothing."""

    nodes: Sequence[Node]
    mistakes: list[NodeMistake]
    plant: Plant
    saved: SavedPlant


def first_nodes(event: Event) -> Sequence[Node]:
    """The nodes that an Event puts into an empty plant, when they are many; else none."""
    if isinstance(event, TopologyLoaded) and len(event.nodes) >= LARGE:
        return event.nodes
    change = event.action if isinstance(event, Command) else event
    if isinstance(change, TopologyChanged | ChangeTopology) and not change.removes and len(change.puts) >= LARGE:
        return change.puts
    return ()


def prepare(nodes: Sequence[Node]) -> Prepared:
    """The plant of ``nodes``. May run in another thread; costs as much as the fold would."""
    wrong = mistakes(Plant(), nodes, ())
    plant, saved = Plant(), SavedPlant()
    if not wrong:
        plant.apply(nodes)
        saved.add(plant, nodes, (), 0)
    return Prepared(nodes, wrong, plant, saved)
