"""Changes wait a little for Events, so that both share a commit: under load each commit saved is a sync saved. Pure."""

import math

COMMIT_DELAY_SECONDS = 0.085
"""Changes wait this long for Events at most. It is a little longer than the listener gathers traps."""


class CommitDelay:
    """Follows the times of commits with Events. Times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._last = self._before = -math.inf

    def committed(self, now: float) -> None:
        """A commit had Events."""
        self._before, self._last = self._last, now

    def until(self, arrived: float) -> float:
        """The time at which Changes that arrived at ``arrived`` are committed at the latest: at once while Events are few."""
        busy = self._last - self._before <= COMMIT_DELAY_SECONDS
        return arrived + COMMIT_DELAY_SECONDS if busy else -math.inf
