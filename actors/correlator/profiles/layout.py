"""Which varbinds bear the OIDs of a profile's names: worked out once for traps that are laid out alike, then only checked.

A notification carries the same columns in the same order each time (its OBJECTS clause, SMIv2 RFC 2578 section 8.1); only the
instances differ.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

MANY = 8
"""Varbinds beyond which a scalar of a name goes before an instance of the same name that stands earlier."""
REMEMBERED = 4
"""Layouts that are kept of one notification."""
LONGEST = 32
"""Varbinds of the longest layout that is kept."""

Places = tuple[int, ...]
"""Where each varbind reader's varbind is, by the reader's number; -1 when it is not there."""


class Layout:
    """A layout: what the OID at each place begins with, the places where that is the whole OID, and what is where."""

    __slots__ = ("_whole", "begins", "places")

    def __init__(self, begins: list[str], whole: list[int], places: Places) -> None:
        self.begins, self._whole, self.places = begins, whole, places

    def fits(self, oids: tuple[str, ...]) -> bool:
        """Whether varbinds of these OIDs are laid out so."""
        begins = self.begins
        if len(oids) != len(begins):
            return False
        if not all(map(str.startswith, oids, begins)):
            return False
        return all(oids[at] == begins[at] for at in self._whole) if self._whole else True


class Columns:
    """The OIDs under which the varbinds of one profile are known. ``readers`` is the OIDs of each reader, by its number."""

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
        # Of every prefix itself and those that it lies below, the longest first, each with the readers it feeds.
        self._chains = [
            [(above, numbers[above]) for above in reversed(self._prefixes[: at + 1]) if prefix.startswith(above)]
            for at, prefix in enumerate(self._prefixes)
        ]

    def layout(self, oids: Sequence[str]) -> tuple[Layout, bool]:
        """The layout of varbinds of these OIDs, and whether it tells the places in all others that it fits."""
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
        """What OIDs begin with that bear the same names as ``oid``, or all of ``oid`` when only it does; and the readers."""
        prefixes = self._prefixes
        dotted = f"{oid}."
        after = bisect_right(prefixes, dotted)
        # What ``dotted`` begins with sorts before it, and between the two is only what begins so too.
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
    """The layouts in which the traps of one notification came, to one profile. It changes no reading."""

    __slots__ = ("_columns", "_known")

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._known: list[Layout] = []

    def places(self, oids: tuple[str, ...]) -> Places:
        """Where the profile's varbinds are among varbinds of these OIDs."""
        for known in self._known:
            if known.fits(oids):
                return known.places
        layout, lasting = self._columns.layout(oids)
        if lasting and len(oids) <= LONGEST:
            self._known = [layout, *self._known[: REMEMBERED - 1]]
        return layout.places
