"""How far PostgreSQL is behind the ledger, and for how long."""

from collections import deque

_OBSERVATIONS = 4_096


class Lag:
    """Times are those of one monotonic clock, in seconds; the caller says what time it is."""

    def __init__(self) -> None:
        self._recorded: deque[tuple[int, float]] = deque()
        self._applied = 0

    def observe(self, last: int, now: float) -> None:
        """The ledger's newest batch is ``last``. Those not seen before count as recorded now."""
        newest = self._recorded[-1][0] if self._recorded else self._applied
        if last > newest:
            if len(self._recorded) >= _OBSERVATIONS:
                # Beyond this many the later half is told apart no more; the age of the oldest stays exact.
                self._recorded.pop()
            self._recorded.append((last, now))

    def applied(self, seq: int) -> None:
        """PostgreSQL has everything up to ``seq``."""
        self._applied = seq
        while self._recorded and self._recorded[0][0] <= seq:
            self._recorded.popleft()

    def seconds(self, now: float) -> float:
        """Age of the oldest batch not applied; 0 when there is none."""
        return now - self._recorded[0][1] if self._recorded else 0.0
