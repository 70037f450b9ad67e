"""Instants of polls: a grid for each device, shifted by a hash of its id, so that ten thousand never poll in one instant. Pure.

Instants are seconds of any one monotonic clock. A device's phase is the same in each run.
"""

from hashlib import blake2b
from math import ceil, floor
from typing import Final

LATE_SECONDS: Final = 10.0
"""A poll that begins later than this, or than a quarter of its interval, is skipped."""
PUNCTUAL_SECONDS: Final = 1.0
"""A poll that begins within this time is never late: instants are rounded up, and the loop may be busy."""
EARLIEST_SHARE: Final = 0.5
"""Share of an interval that lies between a device's first poll and its second one at least."""


def phase(name: str) -> float:
    """The place of ``name`` within an interval, from 0 up to but without 1."""
    return int.from_bytes(blake2b(name.encode(), digest_size=6).digest()) / 2.0**48


def next_on_grid(after: float, interval: float, share: float) -> float:
    """The first instant behind ``after`` of a grid of ``interval`` seconds that is shifted by ``share`` of it."""
    shift = share * interval
    return (floor((after - shift) / interval) + 1) * interval + shift


def first_poll(now: float, share: float, devices: int, start_seconds: float, interval: float) -> float:
    """The instant of the first poll of one of ``devices`` that begin together: spread over ``start_seconds`` at most, and over
    less where they are few."""
    spread = min(start_seconds, interval, devices / MOST_A_SECOND)
    return now + share * spread


MOST_A_SECOND: Final = 200
"""First polls a second where few devices begin together."""


def is_late(due: float, now: float, interval: float) -> bool:
    """True when a poll that was due at ``due`` is skipped: the machine was busy or stopped, and the next one is near."""
    return now - due > min(LATE_SECONDS, max(PUNCTUAL_SECONDS, interval / 4))


MOST_INTERVALS: Final = 20
"""Intervals from one poll to the next at most: a slow device is still looked at."""


def stretch(duration: float, interval: float) -> int:
    """Intervals from one poll to the next for a device whose polls take ``duration`` seconds: one, or as many as leave the
    device half of its time."""
    if duration <= interval:
        return 1
    return min(ceil(2 * duration / interval), MOST_INTERVALS)


def smoothed(before: float | None, value: float, share: float = 0.3) -> float:
    """The moving average ``before`` with another ``value`` of this ``share``."""
    return value if before is None else before + share * (value - before)
