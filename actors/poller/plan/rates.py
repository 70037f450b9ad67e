"""Counters of octets to rates: what was counted between two reads, over a wrap and not over a reset.

A Counter32 that is lower than before has wrapped; a Counter64 cannot wrap in the life of a device, so it was reset. A counter
that was reset with its agent (its uptime fell) is not comparable with the read before: that interval has no rate.
"""

from typing import Final, NamedTuple

from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.value import decode_value

MODULUS_32: Final = 2**32
IMPOSSIBLE: Final = 1.25
"""A rate above so many times the speed is a reset that looks like a wrap."""


class CounterValue(NamedTuple):
    """``wide``: a Counter64."""

    value: int
    wide: bool


def counter_value(element: bytes | None) -> CounterValue | None:
    """The value of a Counter32 or Counter64; None for anything else."""
    if not element:
        return None
    try:
        found = decode_value(element)
    except SnmpRefusal:
        return None
    if found.type not in ("Counter32", "Counter64"):
        return None
    value: int = found.value
    wide = found.type == "Counter64"
    return CounterValue(value, wide) if wide or value < MODULUS_32 else None


def counted(before: CounterValue | None, after: CounterValue | None, *, restarted: bool) -> int | None:
    """Counted from one read to the next; None where the two cannot be compared. ``restarted``: the agent restarted between."""
    if before is None or after is None or restarted or before.wide != after.wide:
        return None
    if after.value >= before.value:
        return after.value - before.value
    return None if after.wide else after.value - before.value + MODULUS_32


def bit_rate(octets: int | None, seconds: float) -> float | None:
    """Bits a second; None without octets or time."""
    return octets * 8 / seconds if octets is not None and seconds > 0 else None


def utilisation(rate: float | None, speed: float | None) -> float | None:
    """A rate in percent of the speed, both in bit/s; None where one is missing, or the rate is impossible at this speed."""
    if rate is None or not speed or speed < 0 or rate > IMPOSSIBLE * speed:
        return None
    return 100.0 * rate / speed
