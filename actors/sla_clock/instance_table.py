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
        self._at: dict[str, Ids] = {}
        """Ids by the keys of :func:`places_of`."""
        self._order: list[str] = []
        """Ids in the order in which the instances were made."""
        self._of_definition: dict[str, list[str]] = {}
        """The same for each definition that has instances."""

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

    def at(self, place: str) -> Sequence[str]:
        """Ids of the instances of a node, of ``service:ID`` or of ``customer:ID``, the oldest first. Not to be altered."""
        return self._at.get(place, ())

    def of_definition(self, definition_id: str) -> Sequence[str]:
        """Ids of the instances that use a definition, the oldest first. Not to be altered."""
        return self._of_definition.get(definition_id, ())

    def every(self) -> Sequence[str]:
        """Ids of all instances, the oldest first. Not to be altered."""
        return self._order

    def slice(self, after: int, most: int) -> list[SlaInstance]:
        """Up to ``most`` instances behind the first ``after``."""
        return [self._by_id[each] for each in self._order[after : after + most]]

    def put(self, journal: Journal, instance: SlaInstance) -> None:
        """Add an instance, or put it in the place of the one with its id."""
        before = self._by_id.get(instance.id)
        journal.put(self._by_id, instance.id, instance)
        if before is None:
            _insert(journal, self._order, instance.id)
        if before is None or before.definition_id != instance.definition_id:
            if before is not None:
                self._leave(journal, before)
            if instance.definition_id not in self._of_definition:
                journal.put(self._of_definition, instance.definition_id, [])
            _insert(journal, self._of_definition[instance.definition_id], instance.id)
        old = () if before is None else places_of(before)
        new = places_of(instance)
        for place in new:
            if place not in old:
                self._file(journal, place, instance.id)
        for place in old:
            if place not in new:
                self._unfile(journal, place, instance.id)

    def _leave(self, journal: Journal, instance: SlaInstance) -> None:
        ids = self._of_definition[instance.definition_id]
        _remove(journal, ids, instance.id)
        if not ids:
            journal.drop(self._of_definition, instance.definition_id)

    def _file(self, journal: Journal, place: str, instance_id: str) -> None:
        ids = self._at.get(place, ())
        if isinstance(ids, list):
            _insert(journal, ids, instance_id)
        elif len(ids) < _FEW:
            journal.put(self._at, place, tuple(sorted((*ids, instance_id), key=made)))
        else:
            journal.put(self._at, place, sorted((*ids, instance_id), key=made))

    def _unfile(self, journal: Journal, place: str, instance_id: str) -> None:
        ids = self._at[place]
        if isinstance(ids, list):
            _remove(journal, ids, instance_id)
        elif len(ids) > 1:
            journal.put(self._at, place, tuple(each for each in ids if each != instance_id))
        if not ids or ids == (instance_id,):
            journal.drop(self._at, place)


def places_of(instance: SlaInstance) -> tuple[str, ...]:
    """The places under which an instance is found."""
    return (*instance.resources, f"service:{instance.service_id}", f"customer:{instance.customer_id}")


def made(instance_id: str) -> tuple[int, int]:
    """The order in which instances were made: offset and number of the id ``SI17.2``."""
    offset, _, number = instance_id[2:].partition(".")
    return int(offset), int(number or 0)


def behind(ids: Sequence[str], instance_id: str) -> int:
    """The index of the first of ``ids``, in the order in which they were made, that comes after ``instance_id``."""
    return bisect_right(ids, made(instance_id), key=made)


def _insert(journal: Journal, ids: list[str], instance_id: str) -> None:
    insort(ids, instance_id, key=made)
    journal.undo(_take_out, ids, instance_id)


def _remove(journal: Journal, ids: list[str], instance_id: str) -> None:
    _take_out(ids, instance_id)
    journal.undo(_put_in, ids, instance_id)


def _take_out(ids: list[str], instance_id: str) -> None:
    del ids[bisect_left(ids, made(instance_id), key=made)]


def _put_in(ids: list[str], instance_id: str) -> None:
    insort(ids, instance_id, key=made)
