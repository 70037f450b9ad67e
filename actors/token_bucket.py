"""A token bucket: a burst, then a rate per second. Events beyond them are only counted."""


class TokenBucket:
    """``rate`` tokens a second up to ``burst``. Times are seconds of any one monotonic clock."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.refused = 0
        """Number of refusals by :meth:`take` since it last granted."""
        self._tokens = burst
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Take one token if there is one. A yes leaves :attr:`refused` for the caller to read and reset."""
        if self._at is not None:
            self._tokens = min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        return True

    def forget_refused(self) -> int:
        """:attr:`refused`, which starts again at zero."""
        refused, self.refused = self.refused, 0
        return refused
