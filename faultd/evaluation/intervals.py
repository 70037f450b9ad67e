"""95 % confidence intervals of shares and of ratios. Both take the cases as independent of one another."""

from math import sqrt
from typing import Final

from msgspec import Struct

Z: Final = 1.959964
"""The normal distribution's quantile for 95 %, two-sided."""


class Interval(Struct, frozen=True):
    """A figure, and the bounds between which it lies with 95 % confidence."""

    value: float
    low: float
    high: float


def wilson(right: int, of: int) -> Interval | None:
    """A share with Wilson's score interval, which holds near 0 and 1 and for few cases, too. None for ``of`` 0."""
    if not of:
        return None
    share = right / of
    middle = (share + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z / (1 + Z * Z / of) * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def ratio(cases: int, above: int, below: int, above_squared: int, below_squared: int, product: int) -> Interval | None:
    """The ratio of two sums over cases, with its linearised interval (Taylor, as of a survey's ratio estimator). The last three
    are the sums of squares and of products, case by case. None for ``below`` 0; without width for a single case."""
    if not below:
        return None
    value = above / below
    spread = max(0.0, above_squared - 2 * value * product + value * value * below_squared)
    half = Z * sqrt(cases / (cases - 1) * spread) / below if cases > 1 else 0.0
    return Interval(value, max(0.0, value - half), value + half)
