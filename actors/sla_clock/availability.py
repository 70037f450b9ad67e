"""Availability of one service in one period: up, down, excluded or unknown. Pure, in whole microseconds.

Each instant of the contract within the period is exactly one of these, the first that applies:

=========  =====================================================================================================
excluded   planned maintenance, or an exclusion by the operator; it counts on neither side of the fraction
down       within an outage that is at least as long as the definition's minimum
unknown    faultd could not see the service; the definition says whether that counts as up or as down
up         everything else
=========  =====================================================================================================

The budget is (1 - target) of the contract time of the whole period without exclusions. Availability uses the time elapsed.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from protocols.sla.intervals import Interval, Timeline, clip, difference, elapsed_at, intersection, total, union
from protocols.sla.report import nearest

BILLION = 1_000_000_000


class Shares(NamedTuple):
    """Timelines of one period up to ``now``. ``outages`` are those that count, with their excluded parts."""

    contract: Timeline
    outages: Timeline
    excluded: Timeline
    down: Timeline
    unknown: Timeline
    up: Timeline

    @property
    def planned(self) -> int:
        """Downtime within exclusions, which does not count."""
        return total(intersection(self.outages, self.excluded))


def shares(
    period: Interval,
    contract: Interval,
    outages: Iterable[Interval],
    exclusions: Iterable[Interval],
    blind: Iterable[Interval] = (),
    *,
    now: int,
    minimum: int = 0,
) -> Shares:
    """The shares of ``period`` until ``now``. ``contract``: its begin and end. An outage, exclusion or blindness that lasts
    ends at ``now`` or later. ``minimum``: outages shorter than this count as up. Touching and overlapping outages are one, and
    its whole length counts, also before the period."""
    known = union(outages)
    counted = [each for each in known if min(each[1], now) - each[0] >= max(minimum, 1)]
    base = clip(clip(union([period]), contract), (period[0], now))
    inside = intersection(counted, base)
    excluded = intersection(union(exclusions), base)
    down = difference(inside, excluded)
    unknown = difference(difference(intersection(union(blind), base), excluded), inside)
    up = difference(difference(difference(base, excluded), down), unknown)
    return Shares(base, inside, excluded, down, unknown, up)


def budget(period: Interval, contract: Interval, exclusions: Iterable[Interval], target: int) -> int:
    """Microseconds of downtime that the period allows. ``target`` is in parts of a billion (0.999 is 999,000,000); exclusions
    known so far count, future ones included. Rounded down."""
    base = clip(union([period]), contract)
    measured = total(difference(base, union(exclusions)))
    return measured * (BILLION - target) // BILLION


def breached_at(down: Timeline, allowed: int) -> int | None:
    """The end of the first microsecond of downtime beyond the budget. None when downtime has not exceeded it."""
    return elapsed_at(down, allowed + 1)


def breaches_at(
    period: Interval,
    contract: Interval,
    outages: Iterable[Interval],
    exclusions: Iterable[Interval],
    allowed: int,
    *,
    now: int,
    minimum: int = 0,
) -> int | None:
    """The instant at which the budget was exceeded, or will be if the outage under way at ``now`` lasts. None when no outage is
    under way, or the period ends before.

    An outage is under way when it contains ``now`` or ends at it or later.
    """
    merged = union(outages)
    if merged and merged[-1][0] <= now <= merged[-1][1]:
        merged[-1] = (merged[-1][0], max(merged[-1][1], period[1], now))
    exclusions = list(exclusions)
    found = shares(period, contract, merged, exclusions, now=period[1], minimum=minimum)
    at = breached_at(found.down, allowed)
    if at is None:
        return None
    # An outage counts from its start, but not before it is as long as the minimum.
    for start, end in merged:
        if start < at <= end and end - start >= minimum:
            return max(at, start + minimum)
    return at


def availability(found: Shares, unknown: Literal["up", "down", "excluded"] = "up") -> int | None:
    """Availability in parts of a million, rounded to the nearest and half to even; None before any time was measured."""
    up, down, hidden = total(found.up), total(found.down), total(found.unknown)
    if unknown == "up":
        up += hidden
    elif unknown == "down":
        down += hidden
    measured = up + down
    return nearest(up * 1_000_000, measured) if measured else None
