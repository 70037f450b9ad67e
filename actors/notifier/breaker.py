"""A circuit breaker: a channel that fails again and again is left alone for a while, then one message tries it. Pure."""

from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]
FAILURES = 5
"""In a row, of any message, until the breaker opens."""
FIRST_SECONDS, LONGEST_SECONDS = 30.0, 300.0


class Breaker:
    """``closed``: the channel is used. ``open``: it is not, until :attr:`until`. ``half_open``: one message is under way to see
    whether it works again. Times are trio's clock, in seconds."""

    def __init__(self) -> None:
        self.state: BreakerState = "closed"
        self.until = 0.0
        self._failures = 0
        self._opened = 0

    def admits(self, now: float) -> bool:
        """True when a message may be tried now. Of an open breaker that is due, the one who asks tries it."""
        if self.state == "closed":
            return True
        if self.state == "open" and now >= self.until:
            self.state = "half_open"
            return True
        return False

    def worked(self) -> None:
        """The far end answered, be it that it refused this message for good."""
        self.state, self._failures, self._opened = "closed", 0, 0

    def failed(self, now: float) -> None:
        """An attempt failed in a way that another message would meet too."""
        self._failures += 1
        if self.state == "half_open" or (self.state == "closed" and self._failures >= FAILURES):
            self.until = now + min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._opened, 10))
            self._opened += 1
            self.state = "open"

    def undecided(self, now: float) -> None:
        """The attempt that was to tell ended without saying anything about the channel: the next message tells."""
        if self.state == "half_open":
            self.state, self.until = "open", now
