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

from bisect import bisect_left
from collections.abc import Iterable
from operator import itemgetter
from typing import Literal, NamedTuple

from protocols.sla.intervals import Interval, Timeline, clip, difference, elapsed_at, intersection, total, union
from protocols.sla.report import nearest

BILLION = 1_000_000_000
_start = itemgetter(0)


class Shares(NamedTuple):
    """Timelines of one period up to ``now``. ``outages`` are those that count, with their excluded parts."""

    contract: Timeline
    outages: Timeline
    excluded: Timeline
    down: Timeline
    unknown: Timeline

    @property
    def up(self) -> Timeline:
        """The rest."""
        return difference(difference(difference(self.contract, self.excluded), self.down), self.unknown)

    @property
    def time_up(self) -> int:
        """The length of :attr:`up`."""
        return total(self.contract) - total(self.excluded) - total(self.down) - total(self.unknown)

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
    counted = long_enough(known, now, minimum)
    base = clip(clip(union([period]), contract), (period[0], now))
    inside = intersection(counted, base)
    excluded = intersection(union(exclusions), base)
    down = difference(inside, excluded)
    unknown = difference(difference(intersection(union(blind), base), excluded), inside)
    return Shares(base, inside, excluded, down, unknown)


def long_enough(outages: Timeline, now: int, minimum: int) -> Timeline:
    """The outages that have lasted for ``minimum`` at ``now``, and for a microsecond."""
    if minimum <= 1:
        return outages[: bisect_left(outages, now, key=_start)]
    return [each for each in outages if min(each[1], now) - each[0] >= minimum]


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
    return lasting(period, contract, outages, exclusions, now=now, minimum=minimum).exceeds_at(allowed)


class LastingDowntime(NamedTuple):
    """Downtime of a whole period if the outage under way lasts. ``outages`` have their whole length; those shorter than
    ``minimum`` are no part of ``down``."""

    outages: Timeline
    down: Timeline
    minimum: int

    def exceeds_at(self, allowed: int) -> int | None:
        """The instant at which downtime is more than ``allowed``."""
        at = breached_at(self.down, allowed)
        if at is None:
            return None
        # An outage counts from its start, but not before it is as long as the minimum.
        before = bisect_left(self.outages, at, key=_start)
        if before:
            start, end = self.outages[before - 1]
            if at <= end and end - start >= self.minimum:
                return max(at, start + self.minimum)
        return at


def lasting(
    period: Interval,
    contract: Interval,
    outages: Iterable[Interval],
    exclusions: Iterable[Interval],
    *,
    now: int,
    minimum: int = 0,
) -> LastingDowntime:
    """The downtime of the period if the outage under way at ``now`` lasts."""
    merged = union(outages)
    if merged and merged[-1][0] <= now <= merged[-1][1]:
        merged[-1] = (merged[-1][0], max(merged[-1][1], period[1], now))
    found = shares(period, contract, merged, exclusions, now=period[1], minimum=minimum)
    return LastingDowntime(merged, found.down, minimum)


def availability(found: Shares, unknown: Literal["up", "down", "excluded"] = "up") -> int | None:
    """Availability in parts of a million, rounded to the nearest and half to even; None before any time was measured."""
    up, down, hidden = found.time_up, total(found.down), total(found.unknown)
    if unknown == "up":
        up += hidden
    elif unknown == "down":
        down += hidden
    measured = up + down
    return nearest(up * 1_000_000, measured) if measured else None
