"""When Changes wait for Events to share a commit with: each commit saved under load is a sync saved. Pure."""

import math

COMMIT_DELAY_SECONDS = 0.085
"""How long Changes wait for Events at most: a little longer than the listener lets traps gather."""


class CommitDelay:
    """Follows how Events come. Times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._last = self._before = -math.inf

    def committed(self, now: float) -> None:
        """Events were committed."""
        self._before, self._last = self._last, now

    def until(self, arrived: float) -> float:
        """When Changes that arrived then are to be committed, Events or no Events: at once where Events are few."""
        busy = self._last - self._before <= COMMIT_DELAY_SECONDS
        return arrived + COMMIT_DELAY_SECONDS if busy else -math.inf
