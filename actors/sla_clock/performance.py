"""Sustained violations of latency, packet loss or bandwidth, from measurements. Pure, in whole numbers.

Time is cut into intervals of equal length, counted from 1970 UTC. Each is bad, good or not measured:

- *bad*: at least one measurement in it is beyond the limit. The limit itself is good.
- *good*: it has measurements, and none is bad.
- *not measured*: it is no evidence. It ends a run of bad or good intervals, and neither begins nor ends a violation.

A violation begins with the first of n consecutive bad intervals, and ends with the first of n consecutive good ones, as
unavailable time in ITU-T Y.1563 and G.826 (there n = 10, of one second). So the n bad intervals belong to the violation, the n
good ones do not. n is the time that the definition wants a violation to last, in whole intervals, rounded up.

The state keeps runs of intervals, not measurements. A duplicate changes nothing, and any order of arrival gives the same
state. :func:`settle` bounds it: runs before an instant are decided for good, and a measurement before it is refused.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from protocols.sla.intervals import Interval, difference, union
from protocols.sla.performance_rule import PerformanceMetric, PerformanceRule

_SIGN: Final[dict[PerformanceMetric, int]] = {"latency": 1, "packet_loss": 1, "bandwidth": -1}
"""1 where more is worse, -1 where less is worse."""


class BadRun(Struct, frozen=True, gc=False):
    """Consecutive bad intervals, from the number ``start`` up to but without ``end``. ``worst`` is their worst value."""

    start: int
    end: int
    worst: int


class PerformanceState(Struct, frozen=True, gc=False):
    """The runs of one service and one rule, in numbers of intervals. ``settled``: the first interval that is still open to
    measurements. ``since`` and ``worst``: the violation that began in runs settled and dropped."""

    bad: tuple[BadRun, ...] = ()
    good: tuple[Interval, ...] = ()
    settled: int | None = None
    since: int | None = None
    worst: int | None = None


class SustainedViolation(NamedTuple):
    """``start`` and ``end`` in microseconds; an ``end`` of None: it goes on. ``known_at``: the end of the n-th bad interval,
    the earliest instant at which it could be known. ``worst``: the worst value."""

    start: int
    end: int | None
    known_at: int
    worst: int


def add_measurement(state: PerformanceState, rule: PerformanceRule, at: int, value: int) -> PerformanceState | None:
    """The state with a measurement. None when it is too late: its interval is settled, and the caller counts it."""
    number = at // rule.interval
    if state.settled is not None and number < state.settled:
        return None
    cell = (number, number + 1)
    if (value - rule.limit) * _SIGN[rule.metric] > 0:
        bad = _joined(state.bad, BadRun(*cell, value), rule)
        return replace(state, bad=bad, good=tuple(difference(state.good, [cell])))
    if (state.good and state.good[-1][0] <= number < state.good[-1][1]) or _contains(state.bad, number):
        return state
    return replace(state, good=tuple(union([*state.good, cell])))


def violations(state: PerformanceState, rule: PerformanceRule) -> list[SustainedViolation]:
    """Violations in order that are not settled. At most the last goes on."""
    return _walk(state, rule, _runs(state))[0]


def settle(state: PerformanceState, rule: PerformanceRule, before: int) -> tuple[PerformanceState, list[SustainedViolation]]:
    """Decides all intervals that end at ``before`` (microseconds) or earlier. Returns the smaller state, and the violations
    that ended for good; later calls do not return them again."""
    number = before // rule.interval
    if state.settled is not None and number <= state.settled:
        return state, []
    # A run that touches the bound can still grow, so it is kept whole.
    dropped = [each for each in _runs(state) if each[1] < number]
    found, since, worst = _walk(state, rule, dropped)
    kept = PerformanceState(
        bad=tuple(each for each in state.bad if each.end >= number),
        good=tuple(each for each in state.good if each[1] >= number),
        settled=number,
        since=since,
        worst=worst,
    )
    return kept, [each for each in found if each.end is not None]


def recompute(rule: PerformanceRule, measurements: Iterable[tuple[int, int]]) -> list[SustainedViolation]:
    """Violations of a whole list of measurements (instant, value) in any order, interval by interval."""
    sign, n = _SIGN[rule.metric], rule.consecutive
    worst: dict[int, int] = {}
    for at, value in measurements:
        number = at // rule.interval
        worst[number] = max(worst.get(number, value * sign), value * sign)
    found: list[SustainedViolation] = []
    since: int | None = None
    length, previous, was_bad = 0, None, False
    for number in sorted(worst):
        is_bad = worst[number] > rule.limit * sign
        length = length + 1 if previous == number - 1 and is_bad == was_bad else 1
        previous, was_bad = number, is_bad
        first = number - n + 1
        if is_bad and since is None and length >= n:
            since = first
        elif not is_bad and since is not None and length >= n:
            found.append(_violation(rule, since, first, _worst_within(worst, since, first) * sign))
            since = None
    if since is not None:
        found.append(_violation(rule, since, None, _worst_within(worst, since, None) * sign))
    return found


def _worst_within(worst: dict[int, int], start: int, end: int | None) -> int:
    return max(value for number, value in worst.items() if start <= number and (end is None or number < end))


def _violation(rule: PerformanceRule, start: int, end: int | None, worst: int) -> SustainedViolation:
    size = rule.interval
    return SustainedViolation(start * size, None if end is None else end * size, (start + rule.consecutive) * size, worst)


_Run = tuple[int, int, int | None]
"""First interval, the one behind the last, and the worst value if the run is bad."""


def _runs(state: PerformanceState) -> list[_Run]:
    bad: list[_Run] = [(each.start, each.end, each.worst) for each in state.bad]
    good: list[_Run] = [(start, end, None) for start, end in state.good]
    return sorted([*bad, *good], key=lambda each: each[0])


def _walk(
    state: PerformanceState, rule: PerformanceRule, runs: list[_Run]
) -> tuple[list[SustainedViolation], int | None, int | None]:
    """Violations within ``runs``, and the beginning and worst value of the one that goes on behind them."""
    found: list[SustainedViolation] = []
    since, worst = state.since, state.worst
    for start, end, value in runs:
        is_long = end - start >= rule.consecutive
        if value is not None:
            if since is None and is_long:
                since, worst = start, value
            elif worst is not None:
                worst = _worse(rule, worst, value)
        elif since is not None and worst is not None and is_long:
            found.append(_violation(rule, since, start, worst))
            since = worst = None
    if since is not None and worst is not None:
        found.append(_violation(rule, since, None, worst))
    return found, since, worst


def _worse(rule: PerformanceRule, one: int, other: int) -> int:
    sign = _SIGN[rule.metric]
    return max(one * sign, other * sign) * sign


def _contains(runs: tuple[BadRun, ...], number: int) -> bool:
    index = bisect_right(runs, number, key=lambda each: each.end)
    return index < len(runs) and runs[index].start <= number


def _joined(runs: tuple[BadRun, ...], cell: BadRun, rule: PerformanceRule) -> tuple[BadRun, ...]:
    """``runs`` with one interval more: runs that it touches or lies in become one."""
    index = bisect_left(runs, cell.start, key=lambda each: each.end)
    behind = index
    while behind < len(runs) and runs[behind].start <= cell.end:
        run = runs[behind]
        cell = BadRun(min(run.start, cell.start), max(run.end, cell.end), _worse(rule, run.worst, cell.worst))
        behind += 1
    return (*runs[:index], cell, *runs[behind:])
