"""Calibration: of the causes that stated a confidence, how many were right."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from msgspec import Struct

from faultd.evaluation.intervals import Interval, wilson
from faultd.evaluation.score import StatedConfidence

BOUNDS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)


class ReliabilityBin(Struct, frozen=True):
    """Causes with a confidence from ``low`` to below ``high``: their number, their mean confidence, and the share that was
    right."""

    low: float
    high: float
    count: int
    stated: float
    right: Interval


def reliability(stated: Iterable[StatedConfidence]) -> Iterator[ReliabilityBin]:
    """The bins that have causes, from the least sure to the surest."""
    known = tuple(stated)
    for low, high in pairwise(BOUNDS):
        found = [each for each in known if low <= each.confidence < high]
        share = wilson(sum(each.right for each in found), len(found))
        if share is not None:
            yield ReliabilityBin(low, min(high, 1.0), len(found), sum(each.confidence for each in found) / len(found), share)


def brier(stated: Iterable[StatedConfidence]) -> float | None:
    """The mean squared difference between the confidence and what was so (Brier 1950): 0 is best, 0.25 is a coin's."""
    squares = [(each.confidence - each.right) ** 2 for each in stated]
    return sum(squares) / len(squares) if squares else None
