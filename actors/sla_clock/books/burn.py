"""Burn rates: how many times faster than allowed the budget is used, within the last hours. Pure.

A rate of 1 over the whole period uses the budget exactly. A rate of 14.4 within an hour uses 2 % of the budget of 30 days.
"""

from typing import Final

from actors.sla_clock.availability import BILLION
from protocols.sla.definition import BurnWindow, SlaTerms
from protocols.sla.intervals import Timeline, clip, total
from protocols.sla.local_time import SECOND

WINDOWS: Final[dict[BurnWindow, int]] = {"1h": 3600 * SECOND, "6h": 6 * 3600 * SECOND, "3d": 3 * 86_400 * SECOND}
"""Windows by their names, in microseconds."""


def burn_rate(down: Timeline, now: int, window: int, target: int) -> int | None:
    """The rate in thousandths, rounded down, within the ``window`` before ``now``. ``target`` is in parts of a billion; None
    when it allows no downtime at all."""
    if target >= BILLION:
        return None
    used = total(clip(down, (now - window, now)))
    return used * BILLION * 1000 // (window * (BILLION - target))


def burns_at(down: Timeline, now: int, window: int, target: int, limit: int) -> int | None:
    """The first instant from ``now`` on at which the rate is ``limit`` thousandths or more, if the outage under way at ``now``
    lasts; None when it never is. ``down`` may reach into the future."""
    if target >= BILLION:
        return None

    def burns(at: int) -> bool:
        found = burn_rate(down, at, window, target)
        return found is not None and found >= limit

    if burns(now):
        return now
    if not down or not down[-1][0] <= now < down[-1][1]:
        return None
    # While the outage lasts the downtime within the window never becomes less.
    low, high = now, min(now + window, down[-1][1])
    if not burns(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if burns(middle) else (middle, high)
    return high


def burnt_down_at(terms: SlaTerms, down: Timeline, lasts: bool, now: int) -> int | None:
    """When the last downtime leaves the next window: until then the instance may be at risk because of it. ``lasts``: an outage
    is under way."""
    if not terms.at_risk_burn_rates or lasts or not down:
        return None
    last = down[-1][1]
    return min((at for each in terms.at_risk_burn_rates if (at := last + WINDOWS[each]) > now), default=None)
