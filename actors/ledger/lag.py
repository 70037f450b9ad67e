"""The age of the oldest batch that a consumer has not acknowledged. Pure."""

from collections import deque

_OBSERVATIONS = 4_096


class Lag:
    """Times are of one monotonic clock, in seconds."""

    def __init__(self, applied: int = 0) -> None:
        """``applied`` is the consumer's cursor."""
        self._recorded: deque[tuple[int, float]] = deque()
        self._applied = applied

    def observe(self, last: int, now: float) -> None:
        """The newest batch is ``last``. The batches since the call before count as recorded at ``now``."""
        newest = self._recorded[-1][0] if self._recorded else self._applied
        if last > newest:
            if len(self._recorded) >= _OBSERVATIONS:
                # At the bound the two newest times become one. The age of the oldest batch stays exact.
                self._recorded.pop()
            self._recorded.append((last, now))

    def applied(self, seq: int) -> None:
        """The consumer has acknowledged everything up to ``seq``."""
        self._applied = seq
        while self._recorded and self._recorded[0][0] <= seq:
            self._recorded.popleft()

    def seconds(self, now: float) -> float:
        """The age at ``now`` of the oldest batch after the cursor; 0 when there is none."""
        return now - self._recorded[0][1] if self._recorded else 0.0
