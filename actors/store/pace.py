"""How much one transaction takes. Close behind, that is whatever has come in; far behind, as much as PostgreSQL applies in
about a second: the more Changes at once, the more of them are of the same alarm and come to one row.
"""

from collections import deque
from collections.abc import Iterable

from actors.store.settings import StoreSettings
from protocols.change import Change
from protocols.ledger import RecordedBatch

FIRST = 2_000


class TransactionPace:
    """The number of Changes to aim at. It follows what transactions took, at most doubles from one to the next, and is never
    more than the settings' ``group_changes``."""

    def __init__(self, settings: StoreSettings) -> None:
        self._most, self._seconds = settings.group_changes, settings.group_seconds
        self.size = min(FIRST, self._most)

    def took(self, changes: int, seconds: float) -> None:
        """A transaction of ``changes`` took ``seconds``. A small one says little about large ones: it never lowers the size
        unless it took too long."""
        if changes >= self.size or seconds > self._seconds:
            fit = int(changes * self._seconds / seconds) if seconds > 0 else 2 * self.size
            self.size = max(1, min(fit, 2 * self.size, self._most))

    def failed(self) -> None:
        """A transaction was not applied. Should that be its size (a time limit), half of it may pass."""
        self.size = max(1, self.size // 2)


class Pending:
    """Batches that have been read and not applied, in order."""

    def __init__(self) -> None:
        self._batches: deque[RecordedBatch] = deque()
        self.changes = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    def extend(self, batches: Iterable[RecordedBatch]) -> None:
        """Those that follow."""
        for batch in batches:
            self._batches.append(batch)
            self.changes += len(batch.changes)

    def last(self, seq: int) -> int:
        """``seq`` of the last batch; the one given when there is none."""
        return self._batches[-1].seq if self._batches else seq

    def take(self, size: int) -> tuple[RecordedBatch, list[Change]]:
        """Whole batches, at least one, until there are ``size`` Changes or no more batches: the last of them, and all their
        Changes."""
        changes: list[Change] = []
        while True:
            batch = self._batches.popleft()
            changes += batch.changes
            if len(changes) >= size or not self._batches:
                self.changes -= len(changes)
                return batch, changes
