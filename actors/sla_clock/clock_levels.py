"""How a jump of the clock dates what had ended before it. Pure.

The *level* of the clock is the sum of its jumps. An interval ended at some level, and got its date by it:

- it keeps that date while the date can be right;
- the date is wrong when the clock is set again as it was set before that level: what was between was a mistake;
- the date is wrong while it lies in the future.

A wrong date moves with the clock, so that the time is right that has passed since.
"""

from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct

from protocols.sla.local_time import SECOND

_CLOSE = 60 * SECOND
"""Levels that differ by less are the same."""
_SHARE = 100
"""A clock that was wrong by much is put right less exactly: to this part of it."""


class EndedDate(Struct, frozen=True, array_like=True, gc=False):
    """``end``: the date that an interval got when it ended (microseconds), at this ``level``."""

    level: int
    end: int


def levels_of(level: int, jumps: Sequence[tuple[int, int]]) -> list[int]:
    """The levels between the last ``jumps``, the oldest first, and last the present one. A jump is the instant to which the
    clock was set, and by how much."""
    return list(accumulate((by for _, by in jumps), initial=level - sum(by for _, by in jumps)))


def date_now(ended: EndedDate, levels: Sequence[int], now: int) -> int:
    """The date of the end at the present level."""
    along = ended.end + levels[-1] - ended.level
    return along if ended.end > now or _was_mistaken(ended.level, levels) else ended.end


def put_right(levels: Sequence[int]) -> bool:
    """True when the last jump undid the one before it, or several."""
    return len(levels) > 2 and _was_mistaken(levels[-2], levels)


def _was_mistaken(level: int, levels: Sequence[int]) -> bool:
    """True when the clock is set as it was before it came to ``level``."""
    present = levels[-1]
    close = max(_CLOSE, abs(level - present) // _SHARE)
    if abs(level - present) <= close or level not in levels:
        return False
    last = max(place for place, each in enumerate(levels) if each == level)
    return any(abs(each - present) <= close for each in levels[:last])
