"""The instances, and the indexes by which evidence finds them."""

from bisect import bisect_right, insort
from collections.abc import Iterator

from actors.sla_clock.journal import Journal
from protocols.sla.instance import SlaInstance


class InstanceTable:
    """Instances by id, in the order in which they were made."""

    def __init__(self) -> None:
        self._by_id: dict[str, SlaInstance] = {}
        self._order: list[str] = []
        self._at: dict[str, tuple[str, ...]] = {}
        """Ids by the keys of :func:`places_of`."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[SlaInstance]:
        return (self._by_id[each] for each in self._order)

    def get(self, instance_id: str) -> SlaInstance | None:
        """An instance by its id."""
        return self._by_id.get(instance_id)

    def values(self) -> list[SlaInstance]:
        """All of them in their order, as they are now."""
        return [self._by_id[each] for each in self._order]

    def at(self, place: str) -> tuple[str, ...]:
        """Ids of the instances of a node, of ``service:ID`` or of ``customer:ID``, the oldest first."""
        return self._at.get(place, ())

    def behind(self, after: str, most: int) -> list[SlaInstance]:
        """Up to ``most`` instances behind the one with id ``after``, which may be gone; "": from the first."""
        start = bisect_right(self._order, age_of(after), key=age_of) if after else 0
        return [self._by_id[each] for each in self._order[start : start + most]]

    def put(self, journal: Journal, instance: SlaInstance) -> None:
        """Add an instance, or put it in the place of the one with its id."""
        before = self._by_id.get(instance.id)
        journal.put(self._by_id, instance.id, instance)
        if before is None:
            insort(self._order, instance.id, key=age_of)
            journal.undo(self._order.remove, instance.id)
        old = () if before is None else places_of(before)
        new = places_of(instance)
        for place in new:
            if place not in old:
                journal.put(self._at, place, (*self._at.get(place, ()), instance.id))
        for place in old:
            if place not in new:
                self._unfile(journal, place, instance.id)

    def remove(self, journal: Journal, instance_id: str) -> None:
        """Forget an instance."""
        instance = self._by_id[instance_id]
        journal.drop(self._by_id, instance_id)
        self._order.remove(instance_id)
        journal.undo(insort_by_age, self._order, instance_id)
        for place in places_of(instance):
            self._unfile(journal, place, instance_id)

    def _unfile(self, journal: Journal, place: str, instance_id: str) -> None:
        left = tuple(each for each in self._at.get(place, ()) if each != instance_id)
        if left:
            journal.put(self._at, place, left)
        else:
            journal.drop(self._at, place)


def places_of(instance: SlaInstance) -> tuple[str, ...]:
    """The places under which an instance is found."""
    return tuple(dict.fromkeys((*instance.resources, f"service:{instance.service_id}", f"customer:{instance.customer_id}")))


def age_of(instance_id: str) -> tuple[int, int]:
    """The key by which ids are in the order in which they were made: the Event's offset, and the number within it."""
    offset, _, number = instance_id.removeprefix("SI").partition(".")
    return int(offset), int(number or 0)


def insort_by_age(order: list[str], instance_id: str) -> None:
    """Insert an id at its place."""
    insort(order, instance_id, key=age_of)
