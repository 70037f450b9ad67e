"""The parts in one ``PolledStates``, found by position at the cost of a search among spans."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from protocols.poll.part_states import join_position, split_position
from protocols.poll.states import DownCause, PartKind, PartState, PartStates, PolledStates, Span

NO_CAUSE: Final[DownCause] = ""
MOST_PARTS: Final = 65_536
"""Parts of one read that are looked at one by one; the numbers of a span are a claim of the device."""
_LAST: Final = 1 << 62


class FoundPart(NamedTuple):
    """A part in a read: its kind, and its position as ``PartStates`` have it."""

    kind: PartKind
    under: str
    number: int
    cause: DownCause = NO_CAUSE

    @property
    def position(self) -> str:
        """Its position below the device, as traps give it."""
        return join_position(self.under, self.number)


class FoundParts:
    """The states of one read."""

    def __init__(self, event: PolledStates) -> None:
        self._groups: dict[tuple[PartKind, str], PartStates] = {(each.kind, each.under): each for each in event.states}
        self._whole = frozenset(event.whole)
        self._scope = event.scope
        self.lists_all = bool(event.whole)

    def state(self, kind: PartKind, position: str) -> tuple[PartState, DownCause] | None:
        """The state of the part at a position, and the cause of its being down. None: the read does not list it."""
        place = split_position(position)
        group = self._groups.get((kind, place[0])) if place is not None else None
        if group is None or place is None:
            return None
        number = place[1]
        if within(group.up, number):
            return "up", NO_CAUSE
        at = bisect_right(group.down, (number, _LAST, NO_CAUSE)) - 1
        if at >= 0 and group.down[at][0] <= number <= group.down[at][1]:
            return "down", group.down[at][2]
        return ("unknown", NO_CAUSE) if within(group.unknown, number) else None

    def covers(self, kind: PartKind, position: str) -> bool:
        """True when the table of the kind was read to its end where ``position`` is: what is not listed is not there."""
        if kind not in self._whole:
            return False
        return not self._scope or position == self._scope or position.startswith(f"{self._scope}/")

    def any_up(self, kind: PartKind, under: str) -> bool:
        """True when a part of this kind below ``under`` is up."""
        group = self._groups.get((kind, under))
        return group is not None and bool(group.up)

    def any_of(self, kind: PartKind, under: str) -> bool:
        """True when the read lists a part of this kind below ``under``."""
        return (kind, under) in self._groups

    def groups(self, kind: PartKind) -> list[PartStates]:
        """The states of one kind."""
        return [group for group in self._groups.values() if group.kind == kind]

    def listed(self, kind: PartKind | None = None) -> Iterator[FoundPart]:
        """Every part, or those of one kind, at most ``MOST_PARTS``."""
        left = MOST_PARTS
        for group in self._groups.values() if kind is None else self.groups(kind):
            for first, last in (*group.up, *((each[0], each[1]) for each in group.down), *group.unknown):
                for number in range(first, min(last + 1, first + left)):
                    yield FoundPart(group.kind, group.under, number)
                left = max(0, left - (last + 1 - first))

    def down(self) -> Iterator[FoundPart]:
        """The parts that are down, at most ``MOST_PARTS``."""
        left = MOST_PARTS
        for group in self._groups.values():
            for first, last, cause in group.down:
                for number in range(first, min(last + 1, first + left)):
                    yield FoundPart(group.kind, group.under, number, cause)
                left = max(0, left - (last + 1 - first))


def within(spans: tuple[Span, ...], number: int) -> bool:
    """True when one of the spans, in rising order, has the number."""
    at = bisect_right(spans, (number, _LAST)) - 1
    return at >= 0 and spans[at][0] <= number <= spans[at][1]
