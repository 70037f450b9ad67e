"""Rows by place, in about ten octets an entry: a million instances have four million places.

An entry is a whole number, the hash of the place and the row behind it. The entries stand sorted in chunks, so the rows of
one place follow one another in their order. Hashes differ from process to process; no result follows from their order.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence

ROW_BITS = 28
HASH_BITS = 34
"""With those of the row 62: the most that compiled code keeps without an object."""
_MOST = 1 << ROW_BITS
_CHUNK = 1_024
"""Entries of a chunk at most; a longer one is cut in two."""


class PlaceIndex:
    """``places_of``: the places of a row, which tell two places of one hash apart; ``has_place``: whether a row has one.
    Only one place is filed by its hash; the rows of the others stand in ``_displaced``."""

    def __init__(
        self,
        places_of: Callable[[int], Sequence[str]],
        has_place: Callable[[int, str], bool],
        hash_bits: int = HASH_BITS,
    ) -> None:
        self._places_of, self._has_place, self._mask = places_of, has_place, (1 << hash_bits) - 1
        self._chunks = [array("Q")]
        self._firsts = [0]
        """The lowest entry that each chunk may have."""
        self._displaced: dict[str, list[int]] = {}

    def rows(self, place: str, behind: int = -1, most: int = _MOST) -> list[int]:
        """Up to ``most`` rows of a place behind the row ``behind``, in their order."""
        first = self._key(place)
        if self._displaced and place in self._displaced:
            displaced = self._displaced[place]
            since = bisect_right(displaced, behind)
            return displaced[since : since + most]
        found = self._entries(first, first + behind + 1, most)
        if not found or self._owner(first, found[0] - first, place) != place:
            return []
        return [entry - first for entry in found]

    def count(self, place: str) -> int:
        """The number of rows of a place; the cost is that of its chunks."""
        if self._displaced and place in self._displaced:
            return len(self._displaced[place])
        first = self._key(place)
        return self._below(first + (1 << ROW_BITS)) - self._below(first) if self.rows(place, -1, 1) else 0

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

    def _is_free(self, first: int, place: str, row: int) -> bool:
        """Whether ``row`` can be filed by the hash of this place."""
        found = self._entries(first, first, 1)
        # An entry of this very row is of another place that it has.
        return not found or (found[0] - first != row and self._owner(first, found[0] - first, place) == place)

    def _owner(self, first: int, row: int, likely: str) -> str:
        """The place by which a row is filed under a hash. ``likely``: a place with this hash that is not displaced: a row
        that has it is filed by it."""
        if self._has_place(row, likely):
            return likely
        return next((each for each in self._places_of(row) if self._key(each) == first and each not in self._displaced), "")

    def _below(self, entry: int) -> int:
        """The number of entries that are lower."""
        number = bisect_right(self._firsts, entry) - 1
        return sum(map(len, self._chunks[:number])) + bisect_left(self._chunks[number], entry)

    def _entries(self, first: int, since: int, most: int) -> list[int]:
        """Up to ``most`` entries of a hash from ``since`` on."""
        end, number = first + (1 << ROW_BITS), bisect_right(self._firsts, since) - 1
        chunk = self._chunks[number]
        at = bisect_left(chunk, since)
        if at + 1 < len(chunk) and chunk[at + 1] >= end:  # one at most: nearly every node has one instance
            return [chunk[at]] if most and chunk[at] < end else []
        found = array("Q")
        while number < len(self._chunks) and len(found) < most:
            chunk = self._chunks[number]
            until = bisect_left(chunk, end, at)
            found += chunk[at : min(until, at + most - len(found))]
            if until < len(chunk):
                break
            number, at = number + 1, 0
        return found.tolist()
