"""The closed search, and the pages that the bench writes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.search import confirmed, highest, percentile
from bench.table import Group, Row, markdown


@given(st.integers(1_000, 39_000))
def test_the_search_ends_close_below_the_limit(limit: int) -> None:
    good, bad = highest(lambda rate: rate <= limit, 4_000, 40_000, 0.05, floor=500)
    assert good <= limit
    assert bad is not None
    assert bad > limit
    assert bad - good <= 0.05 * good + 1


def test_the_search_ends_at_the_ceiling() -> None:
    assert highest(lambda rate: True, 4_000, 10_000) == (10_000, None)


def test_nothing_holds() -> None:
    asked: list[int] = []

    def never(rate: int) -> bool:
        asked.append(rate)
        return False

    assert highest(never, 4_000, 40_000, floor=500) == (0, 500)
    assert asked == [4_000, 2_000, 1_000, 500]


def test_a_rate_that_does_not_hold_for_long_is_reduced() -> None:
    assert confirmed(lambda rate: rate <= 900, 1_000) == 846
    assert confirmed(lambda rate: False, 1_000) == 0


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert percentile(values, 0.5) == 51.0
    assert percentile(values, 0.99) == 100.0
    assert percentile([3.0], 0.99) == 3.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_the_page_says_what_could_not_run() -> None:
    groups = [
        Group("Bursts", [Row(name="Burst", value="20,000 kept", target="a | b")]),
        Group("INFORM", (), "BenchError: snmptrapd is not installed"),
    ]
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    page = markdown(groups, at=at, machine="two cores", versions="faultd 0.1", options="quick", seconds=120.0)
    assert "2026-01-02 03:04 UTC, quick, 2 minutes" in page
    assert "| Burst | 20,000 kept |  | a \\| b |  |" in page
    assert "Could not run: BenchError: snmptrapd is not installed" in page
