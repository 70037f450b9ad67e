"""The plant in a snapshot: encoded once, when it changes, not when the snapshot is made.

A million nodes would hold up the fold for a second at every snapshot. So the nodes are kept as compressed pieces beside the
changes since, and encoded anew only when those have become an eighth of the plant: a change costs in proportion to its size.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec import Struct

from protocols.topology import Node

_PIECE = 2_000
"""Nodes in one piece."""
_ANEW_FROM = 4_000
_encode = msgspec.msgpack.Encoder().encode
_nodes = msgspec.msgpack.Decoder(list[Node])
_change = msgspec.msgpack.Decoder(tuple[list[Node], list[str]])


class SavedPlant(Struct, array_like=True):
    """``pieces`` hold the nodes, in order; ``changes`` what was put and removed since."""

    pieces: list[bytes] = []
    changes: list[bytes] = []
    changed: int = 0
    """Nodes put and removed in ``changes``."""

    def add(self, nodes: dict[str, Node], puts: Sequence[Node], removes: Sequence[str]) -> None:
        """Keep a change; ``nodes`` is the plant after it. The same changes give the same bytes, whatever is saved when."""
        self.changed += len(puts) + len(removes)
        if self.changed > _ANEW_FROM and self.changed > len(nodes) // 8:
            self.pieces, self.changes, self.changed = list(_pieces(nodes.values())), [], 0
        elif puts or removes:
            self.changes.append(zlib.compress(_encode((puts, removes)), 1))

    def copy(self) -> "SavedPlant":
        """As it is now, whatever is added later."""
        return SavedPlant(list(self.pieces), list(self.changes), self.changed)

    def steps(self) -> Iterator[tuple[list[Node], list[str]]]:
        """Puts and removes that make the plant, in order."""
        for piece in self.pieces:
            yield _nodes.decode(zlib.decompress(piece)), []
        for change in self.changes:
            yield _change.decode(zlib.decompress(change))


def _pieces(nodes: Iterable[Node]) -> Iterator[bytes]:
    waiting = iter(nodes)
    while piece := list(islice(waiting, _PIECE)):
        yield zlib.compress(_encode(piece), 1)
