"""The times between two attempts at one notification. Pure."""

from random import Random

FIRST_SECONDS, LONGEST_SECONDS = 2.0, 300.0
LONGEST_RETRY_AFTER = 3_600.0
"""A far end that asks for more is asked again after this time all the same."""


def back_off(attempts: int, random: Random) -> float:
    """Seconds until the next attempt after ``attempts`` failed ones (from 1): doubling from 2 s to 300 s, between half and all
    of it."""
    full = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 20))
    return full * (0.5 + 0.5 * random.random())


def as_asked(seconds: float, random: Random) -> float:
    """Seconds until the next attempt where the far end asked for ``seconds`` (Retry-After): up to a tenth later, so that not
    all who were told the same come back together."""
    asked = min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
    return asked * (1.0 + 0.1 * random.random())
