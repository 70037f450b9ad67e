"""The plant in a snapshot: encoded when it changes, not when the snapshot is made.

Encoding a million nodes would hold up the fold for a second at every snapshot. So the nodes are kept as compressed pieces
beside the later changes, and encoded again when the changes have become an eighth of the plant. A change costs in proportion to
its size.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec import Struct

from actors.correlator.plant.index import Plant
from protocols.topology import Node

_PIECE = 2_000
"""Nodes in one piece."""
_ANEW_FROM = 4_000
_encode = msgspec.msgpack.Encoder().encode
_nodes = msgspec.msgpack.Decoder(list[Node])
_change = msgspec.msgpack.Decoder(tuple[list[Node], list[str]])


class SavedPlant(Struct, array_like=True):
    """``pieces`` hold the nodes, in order; ``changes`` hold the later puts and removes."""

    pieces: list[bytes] = []
    changes: list[bytes] = []
    changed: int = 0
    """Nodes put and removed in ``changes``."""
    runs: list[tuple[int, int]] = []
    """Revisions of the nodes in ``pieces``, in their order: (number of nodes, their revision). Nodes beyond the runs have 0:
    the snapshot was written by a version without revisions."""
    revisions: list[int] = []
    """Revisions of the nodes that the last ``changes`` put, by change; earlier changes have 0."""

    def add(self, plant: Plant, puts: Sequence[Node], removes: Sequence[str], revision: int) -> None:
        """Add a change; ``plant`` is the result. The same changes give the same bytes, whenever snapshots are made."""
        self.changed += len(puts) + len(removes)
        if self.changed > _ANEW_FROM and self.changed > len(plant.nodes) // 8:
            self.pieces, self.changes, self.changed = list(_pieces(plant.nodes.values())), [], 0
            self.runs, self.revisions = plant.runs(), []
        elif puts or removes:
            self.changes.append(zlib.compress(_encode((puts, removes)), 1))
            self.revisions.append(revision)

    def copy(self) -> "SavedPlant":
        """A copy of the present state that later changes do not touch."""
        return SavedPlant(list(self.pieces), list(self.changes), self.changed, list(self.runs), list(self.revisions))

    def steps(self) -> Iterator[tuple[list[Node], list[str], int]]:
        """The changes that make the plant, in order: puts, removes, and the revision of the puts."""
        runs = iter(self.runs)
        left, revision = 0, 0
        for piece in self.pieces:
            nodes, place = _nodes.decode(zlib.decompress(piece)), 0
            while place < len(nodes):
                if not left:
                    left, revision = next(runs, (len(nodes), 0))
                count = min(left, len(nodes) - place)
                yield nodes[place : place + count], [], revision
                place, left = place + count, left - count
        unknown = [0] * (len(self.changes) - len(self.revisions))
        for change, revision in zip(self.changes, (*unknown, *self.revisions), strict=True):
            yield *_change.decode(zlib.decompress(change)), revision


def _pieces(nodes: Iterable[Node]) -> Iterator[bytes]:
    waiting = iter(nodes)
    while piece := list(islice(waiting, _PIECE)):
        yield zlib.compress(_encode(piece), 1)
