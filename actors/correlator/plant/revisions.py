"""Revisions of nodes: the offset of the Event that put each node as it is.

An offset is never used again, so a node that is removed and added again has a higher revision than before. Most nodes of a
plant come with one Event: their revision is kept once, and only nodes that came with another Event have an entry of their own.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby


class Revisions:
    """The revision of each node of a plant."""

    def __init__(self) -> None:
        self._most = 0
        self._others: dict[str, int] = {}

    def of(self, node_id: str) -> int:
        """The revision of a node. The caller knows that there is such a node."""
        return self._others.get(node_id, self._most)

    def removed(self, node_id: str) -> None:
        """The node is not in the plant any more."""
        self._others.pop(node_id, None)

    def put(self, ids: Sequence[str], revision: int, known: Collection[str]) -> None:
        """The nodes ``ids`` have ``revision`` from here on; ``known`` are the nodes that were there before."""
        if 2 * len(ids) > len(known):
            changed = set(ids)
            self._others = {one: self.of(one) for one in known if one not in changed and self.of(one) != revision}
            self._most = revision
        elif revision == self._most:
            for one in ids:
                self._others.pop(one, None)
        else:
            self._others.update(dict.fromkeys(ids, revision))

    def runs(self, ids: Iterable[str]) -> list[tuple[int, int]]:
        """Run lengths of the revisions of ``ids``, in order: (count, revision)."""
        return [(sum(1 for _ in some), revision) for revision, some in groupby(ids, self.of)]
