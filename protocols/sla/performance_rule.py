"""The limit of one performance metric in a service level agreement."""

from typing import Literal

from msgspec import Struct

PerformanceMetric = Literal["latency", "packet_loss", "bandwidth"]


class PerformanceRule(Struct, frozen=True, gc=False):
    """``limit``: microseconds of latency, lost packets in a million, or bit/s. ``interval``: length in microseconds.
    ``lasts``: microseconds that a violation must last; None for 10 intervals."""

    metric: PerformanceMetric
    limit: int
    interval: int
    lasts: int | None = None

    @property
    def consecutive(self) -> int:
        """Number of consecutive intervals that begin or end a violation; 1 or more."""
        return 10 if self.lasts is None else max(1, -(-self.lasts // self.interval))
