"""Sustained violations: cases by their intervals, and any order of arrival against the whole list."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.sla_clock.performance import (
    PerformanceState,
    SustainedViolation,
    add_measurement,
    recompute,
    settle,
    violations,
)
from protocols.sla.performance_rule import PerformanceRule

SECOND = 1_000_000
LIMIT = 100


def rule(n: int, **more: Any) -> PerformanceRule:
    return PerformanceRule("latency", LIMIT, SECOND, n * SECOND, **more)


def measurements(text: str, bad: int = 150) -> list[tuple[int, int]]:
    """One character an interval: ``x`` bad, ``.`` good, a space not measured."""
    values = {"x": bad, ".": 50}
    return [(index * SECOND + 7, values[each]) for index, each in enumerate(text) if each != " "]


def fold(
    rule: PerformanceRule, given_measurements: list[tuple[int, int]], state: PerformanceState | None = None
) -> PerformanceState:
    state = state or PerformanceState()
    for at, value in given_measurements:
        found = add_measurement(state, rule, at, value)
        assert found is not None
        state = found
    return state


@pytest.mark.parametrize(
    ("n", "text", "expected"),
    [
        (3, "", []),
        (3, "..xx..xx.", []),
        (3, "..xxx", [(2, None)]),
        (3, "..xxx...", [(2, 5)]),
        # Two good intervals do not end it, and the bad ones behind them belong to it.
        (3, "..xxx..x...", [(2, 8)]),
        (3, "..xxx..xx...xxx", [(2, 9), (12, None)]),
        # An interval without measurements is no evidence.
        (3, "..xx x..", []),
        (3, "..xx xxx", [(5, None)]),
        (3, "..xxx. ..", [(2, None)]),
        (3, "..xxx      ", [(2, None)]),
        (3, "..xxx      ...", [(2, 11)]),
        (1, "..x.", [(2, 3)]),
        (10, "xxxxxxxxx.xxxxxxxxx", []),
        (10, "xxxxxxxxxx.........x..........", [(0, 20)]),
    ],
)
def test_a_violation_begins_and_ends_with_the_first_of_n(n: int, text: str, expected: list[tuple[int, int | None]]) -> None:
    given_measurements = measurements(text)
    found = violations(fold(rule(n), given_measurements), rule(n))
    assert [(each.start // SECOND, None if each.end is None else each.end // SECOND) for each in found] == expected
    assert recompute(rule(n), given_measurements) == found
    assert violations(fold(rule(n), given_measurements[::-1] + given_measurements), rule(n)) == found
    for cut in range(len(text) + 1):
        early = [each for each in given_measurements if each[0] < cut * SECOND]
        state, ended = settle(fold(rule(n), early), rule(n), cut * SECOND)
        assert ended + violations(fold(rule(n), given_measurements[len(early) :], state), rule(n)) == found


def test_ten_intervals_are_the_default_and_a_time_is_rounded_up() -> None:
    assert PerformanceRule("latency", LIMIT, SECOND).consecutive == 10
    assert [PerformanceRule("latency", LIMIT, SECOND, lasts).consecutive for lasts in (0, SECOND, SECOND + 1)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("metric", "values", "worst"),
    [
        ("latency", [100, 100], None),
        ("latency", [101, 140], 140),
        ("packet_loss", [100, 101], None),
        ("packet_loss", [140, 101], 140),
        ("bandwidth", [100, 100], None),
        ("bandwidth", [99, 20], 20),
    ],
)
def test_the_limit_itself_is_good_and_the_worst_value_is_kept(metric: Any, values: list[int], worst: int | None) -> None:
    chosen = PerformanceRule(metric, LIMIT, SECOND, 2 * SECOND)
    found = violations(fold(chosen, [(each * SECOND, value) for each, value in enumerate(values)]), chosen)
    assert found == ([] if worst is None else [SustainedViolation(0, None, 2 * SECOND, worst)])


def test_a_bad_measurement_makes_its_interval_bad_whatever_else_is_in_it() -> None:
    both = [(0, 150), (1, 50)]
    assert fold(rule(1), both) == fold(rule(1), both[::-1])
    assert len(violations(fold(rule(1), both), rule(1))) == 1


def test_a_measurement_before_the_settled_instant_is_refused() -> None:
    state, ended = settle(fold(rule(2), measurements("xx..")), rule(2), 10 * SECOND)
    assert [(each.start, each.end) for each in ended] == [(0, 2 * SECOND)]
    assert state == PerformanceState(settled=10)
    assert add_measurement(state, rule(2), 10 * SECOND - 1, 150) is None
    assert add_measurement(state, rule(2), 10 * SECOND, 150) is not None
    assert settle(state, rule(2), 5 * SECOND) == (state, [])


def test_a_service_that_is_measured_every_second_for_a_day_is_one_run() -> None:
    state = fold(rule(10), [(each * SECOND, 50) for each in range(86_400)])
    assert state == PerformanceState(good=((0, 86_400),))


arrivals = st.lists(st.tuples(st.integers(0, 40 * 10), st.integers(95, 110)), max_size=60)
metrics = st.sampled_from(["latency", "packet_loss", "bandwidth"])


@settings(deadline=None)
@given(arrivals, st.data(), st.integers(1, 4), metrics)
def test_any_order_of_arrival_gives_what_the_whole_list_gives(
    given_measurements: list[tuple[int, int]], data: st.DataObject, n: int, metric: Any
) -> None:
    chosen = PerformanceRule(metric, LIMIT, 10, n * 10)
    shuffled = data.draw(st.permutations([*given_measurements, *given_measurements[:5]]))
    state = fold(chosen, shuffled)
    assert state == fold(chosen, given_measurements)
    assert violations(state, chosen) == recompute(chosen, given_measurements)


@settings(deadline=None)
@given(st.text("x. ", max_size=50), st.data(), st.integers(1, 4), metrics)
def test_settling_on_the_way_changes_no_violation(text: str, data: st.DataObject, n: int, metric: Any) -> None:
    chosen = PerformanceRule(metric, LIMIT, SECOND, n * SECOND)
    beyond = st.integers(50, 99) if metric == "bandwidth" else st.integers(101, 150)
    given_measurements = [
        (index * SECOND, data.draw(beyond) if each == "x" else LIMIT) for index, each in enumerate(text) if each != " "
    ]
    cuts = sorted(data.draw(st.lists(st.integers(0, 50), max_size=4)))
    state, ended, rest = PerformanceState(), list[SustainedViolation](), list(given_measurements)
    for cut in [*cuts, 60]:
        piece = data.draw(st.permutations([each for each in rest if each[0] < cut * SECOND]))
        rest = [each for each in rest if each[0] >= cut * SECOND]
        state, done = settle(fold(chosen, piece, state), chosen, cut * SECOND)
        ended += done
        assert all(each.end is not None for each in ended)
    assert ended + violations(state, chosen) == recompute(chosen, given_measurements)
