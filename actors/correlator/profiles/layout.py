"""The places of a profile's names among the varbinds: computed once for traps with the same layout, then only checked.

A notification carries the same columns in the same order each time (its OBJECTS clause, SMIv2 RFC 2578 section 8.1); only the
instances differ.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

MANY = 8
"""In a trap with more varbinds, a scalar goes before an earlier instance of the same name."""
REMEMBERED = 4
"""Layouts kept for one notification at most."""
LONGEST = 32
"""A layout with more varbinds is not kept."""

Places = tuple[int, ...]
"""The place of the varbind of each reader, by the reader's number; -1 if the trap does not have it."""


class Layout:
    """A layout: the prefix of the OID at each place, the places where it is the whole OID, and the places of the readers."""

    __slots__ = ("_whole", "begins", "places")

    def __init__(self, begins: list[str], whole: list[int], places: Places) -> None:
        self.begins, self._whole, self.places = begins, whole, places

    def fits(self, oids: tuple[str, ...]) -> bool:
        """Whether varbinds with these OIDs have this layout."""
        begins = self.begins
        if len(oids) != len(begins):
            return False
        if not all(map(str.startswith, oids, begins)):
            return False
        return all(oids[at] == begins[at] for at in self._whole) if self._whole else True


class Columns:
    """The OIDs of the varbinds of one profile. ``readers`` has the OIDs of each reader, by its number."""

    __slots__ = ("_chains", "_prefixes", "_scalars", "_single")

    def __init__(self, readers: Sequence[tuple[str, ...]]) -> None:
        numbers: dict[str, list[int]] = {}
        scalars: dict[str, list[int]] = {}
        for number, oids in enumerate(readers):
            for oid in oids:
                numbers.setdefault(f"{oid}.", []).append(number)
            if len(oids) == 1:
                scalars.setdefault(oids[0], []).append(number)
                scalars.setdefault(f"{oids[0]}.0", []).append(number)
        self._single = [len(oids) == 1 for oids in readers]
        self._scalars: Mapping[str, list[int]] = scalars
        self._prefixes = sorted(numbers)
        # Each prefix and the prefixes above it, the longest first, each with its readers.
        self._chains = [
            [(above, numbers[above]) for above in reversed(self._prefixes[: at + 1]) if prefix.startswith(above)]
            for at, prefix in enumerate(self._prefixes)
        ]

    def layout(self, oids: Sequence[str]) -> tuple[Layout, bool]:
        """The layout of varbinds with these OIDs, and whether it is valid for all traps that fit it."""
        places = [-1] * len(self._single)
        begins: list[str] = []
        whole: list[int] = []
        twice = False
        for at, oid in enumerate(oids):
            begin, numbers = self._column(oid)
            begins.append(begin)
            if begin == oid:
                whole.append(at)
            for number in numbers:
                if places[number] < 0:
                    places[number] = at
                elif places[number] != at and self._single[number]:
                    twice = True
        several = twice and len(oids) > MANY
        if several:
            for at in range(len(oids) - 1, -1, -1):
                for number in self._scalars.get(oids[at], ()):
                    places[number] = at
        return Layout(begins, whole, tuple(places)), not several

    def _column(self, oid: str) -> tuple[str, list[int]]:
        """The prefix of all OIDs with the same names as ``oid``, or the whole ``oid`` if there is no other; and the readers."""
        prefixes = self._prefixes
        dotted = f"{oid}."
        after = bisect_right(prefixes, dotted)
        # A prefix of ``dotted`` sorts before it, and all strings between the two have the same prefix.
        numbers: list[int] = []
        if after:
            chain = self._chains[after - 1]
            for prefix, fed in chain:
                if dotted.startswith(prefix):
                    numbers = numbers + fed
        before = prefixes[after - 1] if after else ""
        following = prefixes[after] if after < len(prefixes) else ""
        if before and dotted != before and dotted.startswith(before) and not following.startswith(before):
            return before, numbers
        end = dotted.find(".") + 1
        while before.startswith(dotted[:end]) or following.startswith(dotted[:end]):
            end = dotted.find(".", end) + 1
            if not end:
                return oid, numbers
        return dotted[:end] if end < len(dotted) else oid, numbers


class Layouts:
    """The layouts of the traps of one notification, for one profile. A cache: no reading depends on it."""

    __slots__ = ("_columns", "_known")

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._known: list[Layout] = []

    def places(self, oids: tuple[str, ...]) -> Places:
        """The places of the profile's varbinds among varbinds with these OIDs."""
        for known in self._known:
            if known.fits(oids):
                return known.places
        layout, lasting = self._columns.layout(oids)
        if lasting and len(oids) <= LONGEST:
            self._known = [layout, *self._known[: REMEMBERED - 1]]
        return layout.places
