"""A limit on the datagrams a second of each source, so that a storm of one device costs only that device its datagrams.

Each source has a token bucket, stored as one number: the time at which it will be full again (the virtual scheduling form of
the generic cell rate algorithm, ITU-T I.371 annex A). A source whose time has passed needs no entry.
"""

from heapq import nsmallest

SOURCES = 65_536
"""Sources remembered at most."""
_MAKE_ROOM = 16
"""At least the 16th part of the table is freed at once, so that each address of a flood of forged ones costs little."""
_ROUNDING = 1e-9


class SourceLimit:
    """``rate`` datagrams a second of each source (above 0), ``burst`` of them at once (1 or more). Times are seconds of any one
    monotonic clock."""

    def __init__(self, rate: float, burst: int, sources: int = SOURCES) -> None:
        self.rate, self.burst = rate, burst
        self._sources = sources
        self._interval = 1 / rate
        self._tolerance = (burst - 1) / rate + _ROUNDING
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def admits(self, source: str, now: float) -> bool:
        """True when one more datagram from ``source`` is within its limit; only such a datagram counts."""
        full_at = self._full_at.get(source)
        if full_at is None:
            if len(self._full_at) >= self._sources:
                self._make_room(now)
            full_at = now
        elif full_at < now:
            full_at = now
        elif full_at - now > self._tolerance:
            return False
        self._full_at[source] = full_at + self._interval
        return True

    def _make_room(self, now: float) -> None:
        """Forget the idle sources, and when those are few, the ones closest to idle: a storming source stays known."""
        self._full_at = {source: at for source, at in self._full_at.items() if at > now}
        surplus = len(self._full_at) - (self._sources - max(1, self._sources // _MAKE_ROOM))
        if surplus > 0:
            for source in nsmallest(surplus, self._full_at, key=self._full_at.__getitem__):
                del self._full_at[source]
