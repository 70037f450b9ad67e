"""A large first topology, checked and indexed beside the fold: a million nodes take seconds in which no trap would be read.

The fold takes a :class:`Prepared` plant only with the Event from which it was made. A recovery has none: its fold checks and
indexes the same nodes itself, with the same result.
"""

from collections.abc import Sequence
from typing import NamedTuple

from actors.correlator.plant.check import NodeMistake, mistakes
from actors.correlator.plant.index import Plant
from actors.correlator.plant.saved import SavedPlant
from protocols.command import ChangeTopology, Command
from protocols.event import Event, TopologyChanged, TopologyLoaded
from protocols.ledger import EventBatch
from protocols.topology import Node

LARGE = 20_000
"""Nodes from which on it is worth a thread."""


class Prepared(NamedTuple):
    """The plant that the Event at ``offset`` makes from an empty one, or the mistakes for which the Event is refused."""

    offset: int
    mistakes: Sequence[NodeMistake]
    plant: Plant
    saved: SavedPlant


def first_large(batch: EventBatch) -> int | None:
    """The offset of the first Event of ``batch`` that puts many nodes into an empty plant; None without one."""
    return next((offset for offset, event in enumerate(batch.events, batch.first) if len(_nodes(event)) >= LARGE), None)


def prepare(offset: int, event: Event) -> Prepared:
    """The plant of the Event at ``offset``. Blocks for as long as the fold would; may run in another thread."""
    nodes = _nodes(event)
    # The nodes of a TopologyLoaded were checked when its file was read.
    wrong = () if isinstance(event, TopologyLoaded) else mistakes(Plant(), nodes, ())
    plant, saved = Plant(), SavedPlant()
    if not wrong:
        plant.apply(nodes, (), offset)
        saved.add(plant, nodes, (), offset)
    return Prepared(offset, wrong, plant, saved)


def _nodes(event: Event) -> Sequence[Node]:
    """The nodes that an Event puts and that an empty plant would take as they are."""
    if isinstance(event, TopologyLoaded):
        return event.nodes
    change = event.action if isinstance(event, Command) else event
    if isinstance(change, TopologyChanged | ChangeTopology) and not change.removes:
        return change.puts
    return ()
