"""Timelines against sets of instants."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from protocols.sla.intervals import Interval, clip, difference, elapsed_at, intersection, total, union

intervals = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def instants(timeline: list[Interval]) -> set[int]:
    return {each for start, end in timeline for each in range(start, end)}


@given(intervals)
def test_a_union_is_sorted_disjoint_and_never_touches(given_intervals: list[Interval]) -> None:
    timeline = union(given_intervals)
    assert instants(timeline) == instants(given_intervals)
    assert all(start < end for start, end in timeline)
    assert all(one[1] < other[0] for one, other in pairwise(timeline))


@given(intervals, intervals)
def test_intersection_and_difference_are_those_of_sets(some: list[Interval], others: list[Interval]) -> None:
    one, other = union(some), union(others)
    common, left = intersection(one, other), difference(one, other)
    assert instants(common) == instants(one) & instants(other)
    assert instants(left) == instants(one) - instants(other)
    assert total(common) + total(left) == total(one)


@given(intervals, st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_a_clip_is_what_lies_within_the_bounds(some: list[Interval], bounds: Interval) -> None:
    assert instants(clip(union(some), bounds)) == instants(union(some)) & set(range(*bounds))


@given(intervals, st.integers(0, 60))
def test_an_amount_has_elapsed_at_the_first_such_instant(some: list[Interval], amount: int) -> None:
    timeline = union(some)
    at = elapsed_at(timeline, amount)
    if not timeline or amount > total(timeline):
        assert at is None
    else:
        assert at is not None
        assert total(clip(timeline, (0, at))) == amount
        assert amount == 0 or total(clip(timeline, (0, at - 1))) == amount - 1
