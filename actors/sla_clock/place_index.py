"""Rows by place, in about ten octets an entry: a million instances have four million places.

An entry is a whole number, the hash of the place and the row behind it. The entries stand sorted in chunks, so the rows of
one place follow one another in their order. Hashes differ from process to process; no result follows from their order.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator

ROW_BITS = 28
HASH_BITS = 36
_CHUNK = 1_024
"""Entries of a chunk at most; a longer one is cut in two."""


class PlaceIndex:
    """``places_of``: the places of a row, which tell two places of one hash apart. Only one of them is filed by its hash; the
    rows of the others stand in ``_displaced``."""

    def __init__(self, places_of: Callable[[int], Iterable[str]], hash_bits: int = HASH_BITS) -> None:
        self._places_of, self._mask = places_of, (1 << hash_bits) - 1
        self._chunks = [array("Q")]
        self._firsts = [0]
        """The lowest entry that each chunk may have."""
        self._displaced: dict[str, list[int]] = {}

    def rows(self, place: str, behind: int = -1) -> Iterator[int]:
        """The rows of a place behind the row ``behind``, in their order. A change of the index ends its use."""
        first = self._key(place)
        if self._displaced and place in self._displaced:
            found = self._displaced[place]
            yield from found[bisect_right(found, behind) :]
            return
        if self._is_filed(first, place):
            for entry in self._entries(first, first + behind + 1):
                yield entry - first

    def add(self, place: str, row: int) -> None:
        """File a row under a place. The row has the place already, and is not filed there yet."""
        first = self._key(place)
        if place in self._displaced or not self._is_free(first, place, row):
            insort(self._displaced.setdefault(place, []), row)
            return
        number = bisect_right(self._firsts, first + row) - 1
        chunk = self._chunks[number]
        insort(chunk, first + row)
        if len(chunk) > _CHUNK:
            half = len(chunk) // 2
            self._chunks[number : number + 1] = [chunk[:half], chunk[half:]]
            self._firsts.insert(number + 1, chunk[half])

    def remove(self, place: str, row: int) -> None:
        """Take out a row that is filed under a place, and has it still."""
        if place in self._displaced:
            self._displaced[place].remove(row)
            if not self._displaced[place]:
                del self._displaced[place]
            return
        entry = self._key(place) + row
        number = bisect_right(self._firsts, entry) - 1
        chunk = self._chunks[number]
        del chunk[bisect_left(chunk, entry)]
        if not chunk and number:
            del self._chunks[number], self._firsts[number]

    def _key(self, place: str) -> int:
        return (hash(place) & self._mask) << ROW_BITS

    def _is_filed(self, first: int, place: str) -> bool:
        """Whether the entries of a hash are those of this place."""
        entry = next(self._entries(first, first), None)
        return entry is not None and self._owner(first, entry - first) == place

    def _is_free(self, first: int, place: str, row: int) -> bool:
        """Whether ``row`` can be filed by the hash of this place."""
        entry = next(self._entries(first, first), None)
        # An entry of this very row is of another place that it has.
        return entry is None or (entry - first != row and self._owner(first, entry - first) == place)

    def _owner(self, first: int, row: int) -> str:
        """The place by which a row is filed under a hash."""
        return next(each for each in self._places_of(row) if self._key(each) == first and each not in self._displaced)

    def _entries(self, first: int, since: int) -> Iterator[int]:
        """The entries of a hash from ``since`` on."""
        end, number = first + (1 << ROW_BITS), bisect_right(self._firsts, since) - 1
        at = bisect_left(self._chunks[number], since)
        while number < len(self._chunks):
            chunk = self._chunks[number]
            while at < len(chunk):
                if chunk[at] >= end:
                    return
                yield chunk[at]
                at += 1
            number, at = number + 1, 0
