"""The instances, and the indexes by which evidence finds them."""

from collections.abc import Iterator
from itertools import islice

from actors.sla_clock.journal import Journal
from protocols.sla.instance import SlaInstance


class InstanceTable:
    """Instances by id, in the order in which they were made."""

    def __init__(self) -> None:
        self._by_id: dict[str, SlaInstance] = {}
        self._at: dict[str, tuple[str, ...]] = {}
        """Ids by the keys of :func:`places_of`."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[SlaInstance]:
        return iter(self._by_id.values())

    def get(self, instance_id: str) -> SlaInstance | None:
        """An instance by its id."""
        return self._by_id.get(instance_id)

    def values(self) -> list[SlaInstance]:
        """All of them, as they are now."""
        return list(self._by_id.values())

    def at(self, place: str) -> tuple[str, ...]:
        """Ids of the instances of a node, of ``service:ID`` or of ``customer:ID``, the oldest first."""
        return self._at.get(place, ())

    def slice(self, after: int, most: int) -> list[SlaInstance]:
        """Up to ``most`` instances behind the first ``after``."""
        return list(islice(self._by_id.values(), after, after + most))

    def put(self, journal: Journal, instance: SlaInstance) -> None:
        """Add an instance, or put it in the place of the one with its id."""
        before = self._by_id.get(instance.id)
        journal.put(self._by_id, instance.id, instance)
        old = () if before is None else places_of(before)
        new = places_of(instance)
        for place in new:
            if place not in old:
                journal.put(self._at, place, (*self._at.get(place, ()), instance.id))
        for place in old:
            if place not in new:
                self._unfile(journal, place, instance.id)

    def _unfile(self, journal: Journal, place: str, instance_id: str) -> None:
        left = tuple(each for each in self._at.get(place, ()) if each != instance_id)
        if left:
            journal.put(self._at, place, left)
        else:
            journal.drop(self._at, place)


def places_of(instance: SlaInstance) -> tuple[str, ...]:
    """The places under which an instance is found."""
    return (*instance.resources, f"service:{instance.service_id}", f"customer:{instance.customer_id}")
