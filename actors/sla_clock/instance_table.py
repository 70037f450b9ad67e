"""The instances, and the indexes by which evidence, lists and checks find them.

A million instances as Structs take more than a gigabyte. So each is kept as the octets of its msgpack, and made when it is
asked for. A *row* is its number in the table; rows stand in the order in which instances were made.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import msgspec

from actors.journal import Journal
from actors.sla_clock.place_index import PlaceIndex
from actors.state_encoding import EncodedMembers
from protocols.sla.instance import SlaInstance

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SlaInstance).decode
_NUMBER_BITS = 18
"""Bits of the number within one Event. The others are the offset's, which grows fast where ledgers are lost."""

ENDING = "ending:"
"""The place of every instance whose contract has an end."""


class InstanceTable:
    """Instances by id, in the order in which they were made."""

    def __init__(self) -> None:
        self._ages = array("Q")
        """The numbers of the ids, by row."""
        self._packed: list[bytes | None] = []
        """The instances, by row; None for one that was removed."""
        self._index = PlaceIndex(self._places_of, self._has_place)
        self._count = 0
        self.changes = 0
        """Grows with each change of the table."""
        self._last: tuple[bytes | None, SlaInstance | None] = None, None
        """The octets that were read last, and what they say."""
        self._found: tuple[str | None, int] = None, 0
        """The id that was looked for last, and its row."""

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[SlaInstance]:
        return self.values()

    def __contains__(self, instance_id: str) -> bool:
        return self.row_of(instance_id) is not None

    def get(self, instance_id: str) -> SlaInstance | None:
        """An instance by its id."""
        row = self.row_of(instance_id)
        return None if row is None else self._read(row)

    def at_row(self, row: int) -> SlaInstance | None:
        """The instance in a row; None for one that was removed."""
        return None if self._packed[row] is None else self._read(row)

    def row_of(self, instance_id: str) -> int | None:
        """The row of an instance."""
        known, row = self._found
        if known == instance_id and self._packed[row] is not None:
            return row
        age = age_of(instance_id)
        row = bisect_left(self._ages, age)
        if row < len(self._ages) and self._ages[row] == age and self._packed[row] is not None and id_of(age) == instance_id:
            self._found = instance_id, row
            return row
        return None

    def id_at(self, row: int) -> str:
        """The id of the instance in a row."""
        return id_of(self._ages[row])

    def values(self) -> Iterator[SlaInstance]:
        """All of them in their order, as they are now, whatever changes meanwhile."""
        return (_decode(octets) for octets in self.packed())

    def packed(self) -> EncodedMembers:
        """The msgpack of each, in their order, as they are now."""
        return EncodedMembers(self._packed if self._count == len(self._packed) else filter(None, self._packed))  # type: ignore[arg-type]

    def at(self, place: str) -> tuple[str, ...]:
        """Ids of the instances of a node, of ``service:ID``, ``customer:ID``, ``definition:ID``, ``tenant:ID``,
        ``follows:NODE`` or ``suspended:``, the oldest first."""
        return tuple(id_of(self._ages[row]) for row in self._index.rows(place))

    def found_at(self, place: str) -> list[SlaInstance]:
        """The instances of which :meth:`at` gives the ids."""
        return [self._read(row) for row in self._index.rows(place)]

    def count(self, place: str) -> int:
        """The number of instances of a place."""
        return self._index.count(place)

    def behind(self, after: str, most: int, place: str = "") -> list[SlaInstance]:
        """Up to ``most`` instances of ``place`` behind the one with id ``after``, which may be gone; "": from the first, and of
        every place."""
        first = bisect_right(self._ages, age_of(after)) if after else 0
        if place:
            return [self._read(row) for row in self._index.rows(place, first - 1, most)]
        found: list[SlaInstance] = []
        for row in range(first, len(self._packed)):
            if len(found) >= most:
                break
            if self._packed[row] is not None:
                found.append(self._read(row))
        return found

    def is_behind(self, instance_id: str, after: str) -> bool:
        """Whether an instance was made after the one with id ``after``; "": always."""
        return age_of(instance_id) > age_of(after)

    def put(self, journal: Journal, instance: SlaInstance) -> None:
        """Add an instance, or put it in the place of the one with its id. A new one has a higher id than every other."""
        self.changes += 1
        row, octets = self.row_of(instance.id), _encode(instance)
        if row is None:
            row = self._append(journal, age_of(instance.id))
        before = self._packed[row]
        old = () if before is None else places_of(_decode(before))
        new = places_of(instance)
        for place in old:
            if place not in new:
                self._unfile(journal, place, row)
        self._write(row, octets)
        journal.undo(self._write, row, before)
        for place in new:
            if place not in old:
                self._index.add(place, row)
                journal.undo(self._index.remove, place, row)

    def remove(self, journal: Journal, instance_id: str) -> None:
        """Forget an instance."""
        self.changes += 1
        row = self.row_of(instance_id)
        if row is None:
            raise KeyError(instance_id)
        for place in self._places_of(row):
            self._unfile(journal, place, row)
        journal.undo(self._write, row, self._packed[row])
        self._write(row, None)

    def _append(self, journal: Journal, age: int) -> int:
        row = bisect_left(self._ages, age)
        if row < len(self._ages) and self._ages[row] == age:
            return row  # it was removed
        if row < len(self._ages):
            raise ValueError(f"instance {id_of(age)} is older than {id_of(self._ages[-1])}")
        self._ages.append(age)
        self._packed.append(None)
        journal.undo(self._take_back_row)
        return row

    def _take_back_row(self) -> None:
        self._ages.pop()
        self._packed.pop()
        self._found = None, 0

    def _write(self, row: int, octets: bytes | None) -> None:
        self._count += (octets is not None) - (self._packed[row] is not None)
        self._packed[row] = octets

    def _unfile(self, journal: Journal, place: str, row: int) -> None:
        self._index.remove(place, row)
        journal.undo(self._index.add, place, row)

    def _read(self, row: int) -> SlaInstance:
        octets = self._packed[row]
        assert octets is not None
        known, instance = self._last
        if known is not octets or instance is None:
            instance = _decode(octets)
            self._last = octets, instance
            self._found = instance.id, row
        return instance

    def _places_of(self, row: int) -> tuple[str, ...]:
        return places_of(self._read(row))

    def _has_place(self, row: int, place: str) -> bool:
        instance = self._read(row)
        return place in instance.resources or place in places_of(instance)


def places_of(instance: SlaInstance) -> tuple[str, ...]:
    """The places under which an instance is found, each once."""
    definitions = dict.fromkeys((instance.definition_id, *(each.definition_id for each in instance.former)))
    return (
        *dict.fromkeys(instance.resources),
        f"service:{instance.service_id}",
        f"customer:{instance.customer_id}",
        f"tenant:{instance.tenant_id}",
        *(f"definition:{each}" for each in definitions),
        *((ENDING,) if instance.end is not None else ()),
        *((f"follows:{instance.node_id}",) if instance.node_id else ()),
        *(("suspended:",) if instance.suspended else ()),
    )


def age_of(instance_id: str) -> int:
    """The order in which instances were made, by offset and number of the id ``SI17.2``; -1 for what is no such id."""
    offset, _, number = instance_id[2:].partition(".")
    if not (offset.isdecimal() and (number or "0").isdecimal() and instance_id.startswith("SI")):
        return -1
    return (int(offset) << _NUMBER_BITS) + int(number or 0)


def id_of(age: int) -> str:
    """The id whose :func:`age_of` this is."""
    offset, number = divmod(age, 1 << _NUMBER_BITS)
    return f"SI{offset}.{number}" if number else f"SI{offset}"
