"""How many datagrams a second each source may send: a storming one is shed alone.

A token bucket of each source, kept as one number: the time at which it will be full again (the virtual scheduling form of the
generic cell rate algorithm, ITU-T I.371 annex A). A source whose time has passed is as good as one never heard of.
"""

from heapq import nsmallest

SOURCES = 65_536
"""Sources remembered at most."""
_MAKE_ROOM = 16
"""At least so manieth part of the table is freed at once, so that a flood of forged addresses pays little for each."""
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
        """Whether one more from ``source`` is within its limit; it counts only then."""
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
        """Forget the idle sources, and if those are few, the ones closest to idle: whoever storms stays known."""
        self._full_at = {source: at for source, at in self._full_at.items() if at > now}
        surplus = len(self._full_at) - (self._sources - max(1, self._sources // _MAKE_ROOM))
        if surplus > 0:
            for source in nsmallest(surplus, self._full_at, key=self._full_at.__getitem__):
                del self._full_at[source]
