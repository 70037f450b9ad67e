"""The instances, and the indexes by which evidence, lists and checks find them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence

from actors.sla_clock.journal import Journal
from protocols.sla.instance import SlaInstance

_FEW = 8
"""Ids under one place that are kept as a tuple. More of them are kept as a list, so that adding one more copies nothing."""
Ids = tuple[str, ...] | list[str]


class InstanceTable:
    """Instances by id, in the order in which they were made."""

    def __init__(self) -> None:
        self._by_id: dict[str, SlaInstance] = {}
        self._order: list[str] = []
        self._at: dict[str, Ids] = {}
        """Ids by the keys of :func:`places_of`, the oldest first."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[SlaInstance]:
        return iter(self._by_id.values())

    def get(self, instance_id: str) -> SlaInstance | None:
        """An instance by its id."""
        return self._by_id.get(instance_id)

    def values(self) -> list[SlaInstance]:
        """All of them in their order, as they are now."""
        return [self._by_id[each] for each in self._order]

    def at(self, place: str) -> Sequence[str]:
        """Ids of the instances of a node, ``service:ID``, ``customer:ID`` or ``definition:ID``; of all for "". The oldest
        first, not to be altered."""
        return self._at.get(place, ()) if place else self._order

    def behind(self, after: str, most: int, place: str = "") -> list[SlaInstance]:
        """Up to ``most`` instances of ``place`` behind the one with id ``after``, which may be gone; "": from the first."""
        ids = self.at(place)
        start = bisect_right(ids, age_of(after), key=age_of) if after else 0
        return [self._by_id[each] for each in ids[start : start + most]]

    def put(self, journal: Journal, instance: SlaInstance) -> None:
        """Add an instance, or put it in the place of the one with its id."""
        before = self._by_id.get(instance.id)
        journal.put(self._by_id, instance.id, instance)
        if before is None:
            _insert(journal, self._order, instance.id)
        old = () if before is None else places_of(before)
        new = places_of(instance)
        for place in new:
            if place not in old:
                self._file(journal, place, instance.id)
        for place in old:
            if place not in new:
                self._unfile(journal, place, instance.id)

    def remove(self, journal: Journal, instance_id: str) -> None:
        """Forget an instance."""
        instance = self._by_id[instance_id]
        journal.drop(self._by_id, instance_id)
        _remove(journal, self._order, instance_id)
        for place in places_of(instance):
            self._unfile(journal, place, instance_id)

    def _file(self, journal: Journal, place: str, instance_id: str) -> None:
        ids = self._at.get(place, ())
        if isinstance(ids, list):
            _insert(journal, ids, instance_id)
        elif len(ids) < _FEW:
            journal.put(self._at, place, tuple(sorted((*ids, instance_id), key=age_of)))
        else:
            journal.put(self._at, place, sorted((*ids, instance_id), key=age_of))

    def _unfile(self, journal: Journal, place: str, instance_id: str) -> None:
        ids = self._at[place]
        if isinstance(ids, list) and len(ids) > 1:
            _remove(journal, ids, instance_id)
        elif len(ids) > 1:
            journal.put(self._at, place, tuple(each for each in ids if each != instance_id))
        else:
            journal.drop(self._at, place)


def places_of(instance: SlaInstance) -> tuple[str, ...]:
    """The places under which an instance is found, each once."""
    definitions = dict.fromkeys((instance.definition_id, *(each.definition_id for each in instance.former)))
    return (
        *dict.fromkeys(instance.resources),
        f"service:{instance.service_id}",
        f"customer:{instance.customer_id}",
        *(f"definition:{each}" for each in definitions),
    )


def age_of(instance_id: str) -> tuple[int, int]:
    """The order in which instances were made: offset and number of the id ``SI17.2``."""
    offset, _, number = instance_id[2:].partition(".")
    return int(offset), int(number or 0)


def _insert(journal: Journal, ids: list[str], instance_id: str) -> None:
    _put_in(ids, instance_id)
    journal.undo(_take_out, ids, instance_id)


def _remove(journal: Journal, ids: list[str], instance_id: str) -> None:
    _take_out(ids, instance_id)
    journal.undo(_put_in, ids, instance_id)


def _put_in(ids: list[str], instance_id: str) -> None:
    insort(ids, instance_id, key=age_of)


def _take_out(ids: list[str], instance_id: str) -> None:
    del ids[bisect_left(ids, age_of(instance_id), key=age_of)]
