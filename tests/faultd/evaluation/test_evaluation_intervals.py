"""Confidence intervals, and the reliability of stated confidences."""

import pytest

from faultd.evaluation.calibration import brier, reliability
from faultd.evaluation.intervals import ratio, wilson
from faultd.evaluation.score import StatedConfidence


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (97, 100, 0.9155, 0.9897), (1, 1, 0.2065, 1.0)],
)
def test_wilsons_interval_is_that_of_the_tables(right: int, of: int, low: float, high: float) -> None:
    found = wilson(right, of)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((right / of, low, high), abs=1e-4)
    assert wilson(0, 0) is None


def test_the_interval_of_pages_per_fault() -> None:
    """Two cases with two faults each and 1 and 3 pages: 1.0; the case means are 0.5 and 1.5, so the standard error is 0.5."""
    found = ratio(2, above=4, below=4, above_squared=10, below_squared=8, product=8)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 1.0 - 1.96 * 0.5, 1.0 + 1.96 * 0.5), abs=1e-3)
    assert ratio(1, 1, 0, 1, 0, 0) is None
    alone = ratio(1, 3, 2, 9, 4, 6)
    assert alone is not None
    assert alone.low == alone.high == 1.5


def test_calibration_by_bins() -> None:
    stated = [
        StatedConfidence(0.55, True),
        StatedConfidence(0.92, True),
        StatedConfidence(0.94, False),
        StatedConfidence(1.0, True),
    ]
    bins = list(reliability(stated))
    assert [(each.low, each.high, each.count) for each in bins] == [(0.5, 0.6, 1), (0.9, 0.95, 2), (0.98, 1.0, 1)]
    assert [each.right.value for each in bins] == [1.0, 0.5, 1.0]
    assert bins[1].stated == pytest.approx(0.93)
    assert brier(stated) == pytest.approx((0.45**2 + 0.08**2 + 0.94**2 + 0) / 4)
    assert (list(reliability([])), brier([])) == ([], None)
