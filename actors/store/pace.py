"""The size of one transaction. Close behind the ledger it has every batch that is there. Far behind it has as many Changes as
PostgreSQL applies in about a second: the more Changes at once, the more of them are of one alarm and become one row.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from actors.store.settings import StoreSettings
from protocols.change import Change, NodesChanged
from protocols.ledger import RecordedBatch

FIRST = 2_000


class TransactionPace:
    """``size`` is the number of Changes for the next transaction. It follows the time that transactions take, at most doubles
    from one to the next, and never exceeds the settings' ``group_changes``."""

    def __init__(self, settings: StoreSettings) -> None:
        self._most, self._seconds = settings.group_changes, settings.group_seconds
        self.size = min(FIRST, self._most)

    def took(self, changes: int, seconds: float) -> None:
        """A transaction of ``changes`` took ``seconds``. A small transaction lowers the size only when it took too long."""
        if changes >= self.size or seconds > self._seconds:
            fit = int(changes * self._seconds / seconds) if seconds > 0 else 2 * self.size
            self.size = max(1, min(fit, 2 * self.size, self._most))

    def failed(self) -> None:
        """A transaction was not applied. Its size may be the reason (a time limit), so the next one is half as large."""
        self.size = max(1, self.size // 2)


def weight(changes: Sequence[Change]) -> int:
    """The size of Changes: each counts 1, and one of many nodes as many as it has."""
    nodes = sum(len(each.puts) + len(each.removes) - 1 for each in changes if isinstance(each, NodesChanged))
    return len(changes) + nodes


class Pending:
    """The batches that were read and are not applied, in order."""

    def __init__(self) -> None:
        self._batches: deque[RecordedBatch] = deque()
        self.size = 0
        """The :func:`weight` of their Changes."""

    def __bool__(self) -> bool:
        return bool(self._batches)

    def extend(self, batches: Iterable[RecordedBatch]) -> None:
        """Add the batches that follow."""
        for batch in batches:
            self._batches.append(batch)
            self.size += weight(batch.changes)

    def last(self, seq: int) -> int:
        """The ``seq`` of the last batch; the given one when there is no batch."""
        return self._batches[-1].seq if self._batches else seq

    def take(self, size: int) -> tuple[RecordedBatch, list[Change]]:
        """Take whole batches, at least one, until their Changes have the weight ``size`` or no batch is left. Returns the last
        batch, and the Changes of all of them."""
        changes: list[Change] = []
        taken = 0
        while True:
            batch = self._batches.popleft()
            changes += batch.changes
            taken += weight(batch.changes)
            if taken >= size or not self._batches:
                self.size -= taken
                return batch, changes
