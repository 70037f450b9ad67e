"""Parts with their states, packed into spans of numbers (``PartStates``) and unpacked again."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from protocols.poll.states import DownCause, PartKind, PartState, PartStates, Span

_NUMBER_AT_END: Final = re.compile(r"(.*?)(0|[1-9][0-9]{0,9})", re.ASCII | re.DOTALL)


class PolledPart(NamedTuple):
    """The state of one part; ``cause`` is that of a part that is down."""

    kind: PartKind
    position: str
    state: PartState
    cause: DownCause = ""


def split_position(position: str) -> tuple[str, int] | None:
    """``under`` and number of a position, as ``PartStates`` has them: ``0/1/3`` and 5 of ``0/1/3/5``, ``ont`` and 5 of
    ``ont5``, ``if/`` and 7 of ``if/7``, the empty text and 7 of ``7``. None for a position that does not end with a number
    without leading zeros."""
    found = _NUMBER_AT_END.fullmatch(position)
    if found is None:
        return None
    under, number = found.groups()
    if under.endswith("/") and _ends_with_digit(under[:-1]):
        return under[:-1], int(number)
    return None if _ends_with_digit(under) else (under, int(number))


def join_position(under: str, number: int) -> str:
    """The position whose parts ``split_position`` gives: a slash goes behind a digit."""
    return f"{under}/{number}" if _ends_with_digit(under) else f"{under}{number}"


def pack_states(parts: Iterable[PolledPart]) -> tuple[PartStates, ...]:
    """The parts as spans, in order of kind and ``under``. Of a position that comes twice the last counts. A position without a
    number at its end is left out."""
    groups: dict[tuple[PartKind, str], dict[int, PolledPart]] = {}
    for part in parts:
        place = split_position(part.position)
        if place is not None:
            groups.setdefault((part.kind, place[0]), {})[place[1]] = part
    return tuple(_packed_group(kind, under, groups[kind, under]) for kind, under in sorted(groups))


def unpack_states(groups: Iterable[PartStates]) -> Iterator[PolledPart]:
    """The parts of spans: for each group those up, then those down, then those unknown."""
    for group in groups:
        kind, under = group.kind, group.under
        joined = f"{under}/" if _ends_with_digit(under) else under
        for first, last in group.up:
            for number in range(first, last + 1):
                yield PolledPart(kind, f"{joined}{number}", "up")
        for first, last, cause in group.down:
            for number in range(first, last + 1):
                yield PolledPart(kind, f"{joined}{number}", "down", cause)
        for first, last in group.unknown:
            for number in range(first, last + 1):
                yield PolledPart(kind, f"{joined}{number}", "unknown")


def _packed_group(kind: PartKind, under: str, parts: dict[int, PolledPart]) -> PartStates:
    up: list[Span] = []
    down: list[tuple[int, int, DownCause]] = []
    unknown: list[Span] = []
    for number in sorted(parts):
        _, _, state, cause = parts[number]
        if state == "down":
            if down and down[-1][1] == number - 1 and down[-1][2] == cause:
                down[-1] = (down[-1][0], number, cause)
            else:
                down.append((number, number, cause))
            continue
        spans = up if state == "up" else unknown
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return PartStates(kind=kind, under=under, up=tuple(up), down=tuple(down), unknown=tuple(unknown))


def _ends_with_digit(text: str) -> bool:
    return "0" <= text[-1:] <= "9"
