"""What recurring traps were read as, so that a storm of the same few is not read anew each time.

Bounded, in two generations, so that what is in use survives a flood of other contents. A content is kept from the second time
on: where none recurs soon enough (tens of thousands of alarms repeating in turn), nothing is kept for nothing.
"""

from collections.abc import Hashable

from protocols.finding import Reading

Known = tuple[Reading, tuple[str, ...]]
"""A reading but for its sequence number, and the profiles that were asked."""
Content = tuple[Hashable, ...]

REMEMBERED = 16_384
"""Readings of one generation; there are two. One takes about 1 KiB."""
MET = 131_072
"""Contents seen once of which the hash is kept."""


class Memory:
    """Readings by content. The caller gives the content's ``hash`` with it: it is the costly part of looking up."""

    __slots__ = ("_met", "_older", "_recent")

    def __init__(self) -> None:
        self._recent: dict[int, tuple[Content, Known]] = {}
        self._older: dict[int, tuple[Content, Known]] = {}
        self._met: set[int] = set()

    def __len__(self) -> int:
        return len(self._recent) + len(self._older)

    def find(self, hashed: int, content: Content) -> Known | None:
        """What a trap of the same content was read as, None when that is not known."""
        entry = self._recent.get(hashed)
        if entry is None:
            entry = self._older.get(hashed)
            if entry is None:
                return None
            self._put(hashed, entry)
        return entry[1] if entry[0] == content else None

    def offer(self, hashed: int, content: Content, known: Known) -> None:
        """Keep it, unless this is the first time that its content is met."""
        if hashed in self._met:
            self._met.discard(hashed)
            self._put(hashed, (content, known))
        else:
            if len(self._met) >= MET:
                self._met.clear()
            self._met.add(hashed)

    def _put(self, hashed: int, entry: tuple[Content, Known]) -> None:
        if len(self._recent) >= REMEMBERED:
            self._older, self._recent = self._recent, {}
        self._recent[hashed] = entry
