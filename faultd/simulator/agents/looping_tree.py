"""The tree of an agent that loops."""

from protocols.snmp.agent.object_tree import ObjectTree, Subject


class LoopingTree(ObjectTree[Subject]):
    """Behind the last row of a column it gives the first row of that column again, so a naive walk never ends."""

    def following(self, number: int, row: int) -> tuple[int, int] | None:
        """The instance behind a row of an object."""
        rows = len(self._objects[number].rows.octets)
        return (number, (row + 1) % rows) if rows > 1 else super().following(number, row)
