"""The ONTs that the topology has below each device, as spans of numbers like those of a read, so that two healthy lists are
compared without looking at each ONT. They follow from the State, so they are not saved."""

from collections.abc import Iterable, Mapping

from actors.correlator.state import DerivedView, State
from protocols.poll.part_states import split_position
from protocols.poll.states import PartStates, Span


class TopologyOntsView(DerivedView):
    """Spans of ONTs by device and by what is before the number of their positions."""

    of_configuration = True

    def __init__(self, state: State) -> None:
        self._state = state
        self._by_device: dict[str, dict[str, tuple[Span, ...]]] = {}

    def of(self, device_id: str) -> Mapping[str, tuple[Span, ...]]:
        """Those of one device whose ids are ``DEVICE/POSITION``."""
        known = self._by_device.get(device_id)
        if known is None:
            known = self._by_device[device_id] = _spans(device_id, self._state.plant.onts_below(device_id))
        return known


def listed(group: PartStates) -> tuple[Span, ...]:
    """All numbers of a group, whatever their state."""
    return joined([*group.up, *((each[0], each[1]) for each in group.down), *group.unknown])


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same numbers in the fewest spans, in rising order."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return tuple(found)


def missing(wanted: tuple[Span, ...], there: tuple[Span, ...], most: int) -> list[int]:
    """The numbers of ``wanted`` that ``there`` does not have, ``most`` at most."""
    found: list[int] = []
    at = 0
    for first, last in wanted:
        number = first
        while number <= last and len(found) < most:
            while at < len(there) and there[at][1] < number:
                at += 1
            if at < len(there) and there[at][0] <= number:
                number = there[at][1] + 1
                continue
            end = min(last, there[at][0] - 1 if at < len(there) else last)
            found += range(number, min(end, number + most - len(found) - 1) + 1)
            number = end + 1
    return found


def without(spans: tuple[Span, ...], gone: tuple[Span, ...]) -> list[Span]:
    """The numbers of ``spans`` that ``gone`` does not have. Both in rising order."""
    found: list[Span] = []
    for first, last in spans:
        for lost, end in gone:
            if end < first or lost > last:
                continue
            if lost > first:
                found.append((first, lost - 1))
            first = end + 1
        if first <= last:
            found.append((first, last))
    return found


def _spans(device_id: str, onts: Iterable[str]) -> dict[str, tuple[Span, ...]]:
    numbers: dict[str, list[Span]] = {}
    inside = f"{device_id}/"
    for ont in onts:
        place = split_position(ont[len(inside) :]) if ont.startswith(inside) else None
        if place is not None:
            numbers.setdefault(place[0], []).append((place[1], place[1]))
    return {under: joined(each) for under, each in numbers.items()}
