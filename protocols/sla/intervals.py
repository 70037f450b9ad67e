"""Intervals of time, half-open ``[start, end)``, in whole microseconds since 1970 UTC. Pure.

A *timeline* is a sorted sequence of disjoint intervals that do not touch. :func:`union` makes one of any intervals; every
other function takes timelines and returns them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter

Interval = tuple[int, int]
Timeline = Sequence[Interval]
_start, _end = itemgetter(0), itemgetter(1)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The timeline of every instant that is in one of ``intervals``. Empty and reversed intervals contain nothing."""
    merged: list[Interval] = []
    for start, end in sorted(each for each in intervals if each[0] < each[1]):
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def intersection(one: Timeline, other: Timeline) -> list[Interval]:
    """The timeline of the instants that both contain."""
    if len(other) <= 1:
        return clip(one, other[0]) if other else []
    if len(one) <= 1:
        return clip(other, one[0]) if one else []
    common: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            common.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return common


def difference(one: Timeline, other: Timeline) -> list[Interval]:
    """The timeline of the instants of ``one`` that ``other`` does not contain."""
    if not one or not other:
        return list(one)
    left: list[Interval] = []
    j = 0
    for start, end in one:
        while j < len(other) and other[j][1] <= start:
            j += 1
        k = j
        while k < len(other) and other[k][0] < end:
            if start < other[k][0]:
                left.append((start, other[k][0]))
            start = max(start, other[k][1])
            k += 1
        if start < end:
            left.append((start, end))
    return left


def clip(one: Timeline, bounds: Interval) -> list[Interval]:
    """The part of the timeline within ``bounds``."""
    start, end = bounds
    first, last = bisect_right(one, start, key=_end), bisect_left(one, end, key=_start)
    if start >= end or first >= last:
        return []
    part = list(one[first:last])
    part[0] = max(part[0][0], start), part[0][1]
    part[-1] = part[-1][0], min(part[-1][1], end)
    return part


def total(one: Timeline) -> int:
    """Length of the timeline in microseconds."""
    return sum(end - start for start, end in one)


def elapsed_at(one: Timeline, amount: int) -> int | None:
    """The first instant at which ``amount`` microseconds of the timeline have elapsed; its first start for an amount of 0.
    None when the timeline is shorter, or empty."""
    for start, end in one:
        if amount <= end - start:
            return start + amount
        amount -= end - start
    return None
