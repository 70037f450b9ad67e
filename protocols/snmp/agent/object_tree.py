"""The objects of an agent in lexicographic order (RFC 3416 section 4.2.2): scalars and columns, and the rows that they have.

Many devices share one tree: a value is read from a *subject*, the device.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from protocols.snmp import ber
from protocols.snmp.manager.value import NO_SUCH_INSTANCE_ELEMENT, encode_index
from protocols.snmp.oid import encode_oid, read_subids

Subject = TypeVar("Subject")
Subids = tuple[int, ...]

NO_SUCH_OBJECT_ELEMENT: Final = b"\x80\x00"
END_OF_MIB_VIEW_ELEMENT: Final = b"\x82\x00"


class RowIndexes:
    """The index of each row of a table, in lexicographic order. A row's number counts from 0 in this order."""

    __slots__ = ("numbers", "octets", "subids")

    def __init__(self, indexes: Iterable[Subids]) -> None:
        """``indexes`` are the rows' indexes; their order decides nothing. Raises ValueError for one that stands twice."""
        self.subids = sorted(indexes)
        self.octets = [encode_index(each) for each in self.subids]
        self.numbers = {octets: number for number, octets in enumerate(self.octets)}
        if len(self.numbers) != len(self.subids):
            raise ValueError("two rows have one index")


SCALAR: Final = RowIndexes(((0,),))
"""The single instance ``.0`` of a scalar."""


class ObjectType(Generic[Subject]):
    """A scalar or a column: its OID, its rows, and ``read``, which gives the value of a row as an element."""

    __slots__ = ("prefix", "read", "rows", "subids")

    def __init__(self, oid: str, read: Callable[[Subject, int], bytes], rows: RowIndexes = SCALAR) -> None:
        self.prefix = encode_oid(oid)
        self.subids: Subids = tuple(map(int, oid.split(".")))
        self.read, self.rows = read, rows


class ObjectTree(Generic[Subject]):
    """All objects of an agent. An instance is known by the number of its object and the number of its row."""

    def __init__(self, objects: Iterable[ObjectType[Subject]]) -> None:
        """Raises ValueError when the OID of an object begins with the OID of another one."""
        self._objects = sorted((each for each in objects if each.rows.octets), key=lambda each: each.subids)
        self._subids = [each.subids for each in self._objects]
        for one, other in zip(self._subids, self._subids[1:], strict=False):
            if other[: len(one)] == one:
                raise ValueError(f"object {'.'.join(map(str, other))} stands below object {'.'.join(map(str, one))}")
        self._by_prefix = {each.prefix: number for number, each in enumerate(self._objects)}
        self._lengths = sorted({len(each.prefix) for each in self._objects}, reverse=True)

    def value(self, subject: Subject, name: bytes) -> bytes:
        """The value of the instance ``name``: noSuchObject where no object has it, noSuchInstance where the object has no such
        row."""
        for length in self._lengths:
            number = self._by_prefix.get(name[:length])
            if number is not None:
                found = self._objects[number]
                row = found.rows.numbers.get(name[length:])
                return NO_SUCH_INSTANCE_ELEMENT if row is None else found.read(subject, row)
        return NO_SUCH_OBJECT_ELEMENT

    def first_after(self, name: bytes) -> tuple[int, int] | None:
        """The first instance behind ``name``, which need not be an instance; None at the end. Raises BadOid and OidTooLong."""
        for length in self._lengths:
            number = self._by_prefix.get(name[:length])
            if number is not None:
                if len(name) == length:
                    return number, 0
                row = self._objects[number].rows.numbers.get(name[length:])
                if row is not None:
                    return self.following(number, row)
                break
        subids = tuple(read_subids(name)[0])
        number = bisect_right(self._subids, subids) - 1
        if number >= 0:
            prefix = self._subids[number]
            if subids[: len(prefix)] == prefix:
                row = bisect_right(self._objects[number].rows.subids, subids[len(prefix) :])
                return self.following(number, row - 1)
        return (number + 1, 0) if number + 1 < len(self._objects) else None

    def following(self, number: int, row: int) -> tuple[int, int] | None:
        """The instance behind a row of an object; None at the end."""
        if row + 1 < len(self._objects[number].rows.octets):
            return number, row + 1
        return (number + 1, 0) if number + 1 < len(self._objects) else None

    def name_of(self, number: int, row: int) -> bytes:
        """The OID of an instance."""
        found = self._objects[number]
        return found.prefix + found.rows.octets[row]

    def value_of(self, subject: Subject, number: int, row: int) -> bytes:
        """The value of an instance."""
        return self._objects[number].read(subject, row)


def binding(name: bytes, value: bytes) -> bytes:
    """A variable binding."""
    size, length = 2 + len(name) + len(value), len(name)
    if size < 128:
        return bytes((ber.SEQUENCE, size, ber.OBJECT_IDENTIFIER, length)) + name + value
    return ber.element(ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, name) + value)
