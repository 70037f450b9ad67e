"""The closed search for the highest rate that holds. Pure: a probe is a function."""

from collections.abc import Callable

Probe = Callable[[int], bool]


def highest(probe: Probe, start: int, ceiling: int, resolution: float = 0.06, floor: int = 1) -> tuple[int, int | None]:
    """The highest rate found to hold and the lowest found not to (None when even ``ceiling`` holds); 0 when none from
    ``floor`` on holds.

    Doubles or halves from ``start`` until the limit lies between two rates, then halves the distance until they are
    ``resolution`` apart. A single probe decides, so noise moves the result by about the resolution.
    """
    good, bad = 0, None
    rate = min(start, ceiling)
    while True:
        if probe(rate):
            good = rate
            if rate >= ceiling or bad is not None:
                break
            rate = min(2 * rate, ceiling)
        else:
            bad = rate
            if good or rate // 2 < floor:
                break
            rate //= 2
    while bad is not None and good and bad - good > resolution * good:
        middle = (good + bad) // 2
        if probe(middle):
            good = middle
        else:
            bad = middle
    return good, bad


def confirmed(probe: Probe, rate: int, step: float = 0.92, attempts: int = 8) -> int:
    """``rate``, or the first of its reductions by ``step`` that holds in the (longer) probe; 0 when none of them does."""
    for _ in range(attempts):
        if rate < 1 or probe(rate):
            return rate
        rate = int(rate * step)
    return 0


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie (nearest rank). Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
