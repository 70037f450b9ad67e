"""The recorded Changes for their consumers: from memory for one that is close behind, from the file for the others."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import structlog
import trio

from actors.ledger.consumers import Consumers
from actors.ledger.errors import CursorAhead, LedgerCorrupt
from actors.ledger.read import events_at, read_changes, read_quarantine
from actors.ledger.schema import connect_reader, translated
from actors.mailbox import EndOfFeed, FeedPruned
from actors.metrics import Metrics
from protocols.event import Stamped
from protocols.ledger import ConsumerLag, QuarantinedEvent, RecordedBatch

log = structlog.get_logger()

_READ_BYTES = 8 * 1024 * 1024
_READERS = 4
_NEWEST = 2**63 - 1


class LedgerFeed:
    """Implements ``actors.mailbox.Feed``. The ledger publishes batches; any number of consumers read them, each at its own
    pace.

    Reading goes on after :meth:`close`, until everything is read.
    """

    def __init__(
        self,
        path: Path,
        last: int,
        consumers: Consumers,
        *,
        batches: int,
        size: int,
        on_dirty: Callable[[], None] = lambda: None,
    ) -> None:
        """``last`` is the newest recorded batch. Memory holds at most ``batches`` batches of at most ``size`` encoded bytes
        together, and always the newest one. ``on_dirty`` is called when there are cursors to write."""
        self._path = path
        self._last = last
        self._consumers = consumers
        self._recent: deque[tuple[RecordedBatch, int]] = deque()
        self._recent_bytes = 0
        self._max_batches, self._max_bytes = batches, size
        self._moved = trio.Event()
        self._on_dirty = on_dirty
        self._closed = False
        self._present = 0
        self._left = trio.Event()
        self._readers = trio.CapacityLimiter(_READERS)

    @property
    def last(self) -> int:
        """``seq`` of the newest recorded batch, 0 when there is none."""
        return self._last

    @contextmanager
    def reading(self, consumer: str) -> Iterator[int]:
        """See ``Feed.reading``. Raises UnknownConsumer."""
        cursor = self._consumers.cursor(consumer)
        self._present += 1
        try:
            yield cursor
        finally:
            self._present -= 1
            left, self._left = self._left, trio.Event()
            left.set()

    async def until_left(self) -> None:
        """Wait until no consumer is :meth:`reading`. The ledger alone calls this."""
        while self._present:
            await self._left.wait()

    async def after(self, seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
        """See ``Feed.after``. Raises CursorAhead for a ``seq`` that this ledger has not reached, LedgerError when the file
        cannot be read. Can be cancelled."""
        if seq > self._last:
            raise CursorAhead("a reader", seq, self._last)
        while seq == self._last:
            if self._closed:
                raise EndOfFeed
            await self._moved.wait()
        if self._recent and self._recent[0][0].seq <= seq + 1:
            await trio.lowlevel.checkpoint()
            return self._from_memory(seq, limit)
        batches = await trio.to_thread.run_sync(self._from_file, seq, self._last, limit, limiter=self._readers)
        if not batches or batches[0].seq != seq + 1:
            raise FeedPruned(seq, batches[0].seq if batches else self._last)
        return batches

    def start(self, metrics: Metrics, ages: Mapping[str, float]) -> None:
        """Log the consumers that do not simply go on where they were, and export the lags. ``ages`` has, for each consumer that
        is behind, the seconds since its next batch was recorded. The ledger alone calls this."""
        consumers = self._consumers
        for name, seq in consumers.removed.items():
            log.warning("consumer is not configured any more; its cursor keeps no Changes", consumer=name, cursor=seq)
        for name, seq in consumers.begun.items():
            log.info("consumer begins", consumer=name, cursor=seq, newest=self._last)
        for name, seq in consumers.overdue.items():
            log.warning("consumer was away past the retention; its next Changes are gone", consumer=name, cursor=seq)
        consumers.start(trio.current_time(), ages)
        for name in consumers:
            metrics.consumer_lag.labels(name).set_function(partial(self._exported, name, "lag_batches"))
            metrics.consumer_lag_seconds.labels(name).set_function(partial(self._exported, name, "lag_seconds"))

    def lags(self) -> dict[str, ConsumerLag]:
        """How far each consumer is behind the newest batch, now."""
        now = trio.current_time()
        return {name: self._consumers.lag(name, now) for name in self._consumers}

    async def acknowledge(self, consumer: str, seq: int) -> None:
        """See ``Feed.acknowledge``. The ledger writes the cursor with its next commit, within a second. Going back is ignored.

        Raises UnknownConsumer, and CursorAhead beyond the newest batch.
        """
        dirty = self._consumers.dirty
        self._consumers.acknowledge(consumer, seq)
        if self._consumers.dirty and not dirty:
            self._on_dirty()
        await trio.lowlevel.checkpoint()

    async def quarantined(self) -> Sequence[QuarantinedEvent]:
        """Every Event in quarantine, oldest first."""
        return await trio.to_thread.run_sync(self._quarantine, limiter=self._readers)

    async def events_at(self, offsets: Collection[int]) -> Sequence[Stamped]:
        """The Events at these offsets, in the order of offsets, without those that were pruned. Raises LedgerError. Can be
        cancelled."""
        return await trio.to_thread.run_sync(self._events_at, offsets, limiter=self._readers)

    def publish(self, batches: Iterable[tuple[RecordedBatch, int]], now: float) -> None:
        """Newly recorded batches with their encoded bytes, in order, at the monotonic time ``now`` in seconds. The ledger alone
        calls this."""
        for batch, size in batches:
            self._recent.append((batch, size))
            self._recent_bytes += size
            self._last = batch.seq
        while len(self._recent) > 1 and (len(self._recent) > self._max_batches or self._recent_bytes > self._max_bytes):
            self._recent_bytes -= self._recent.popleft()[1]
        self._consumers.recorded(self._last, now)
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    def close(self) -> None:
        """No batch will follow. The ledger alone calls this."""
        self._closed = True
        self._moved.set()

    def _exported(self, consumer: str, field: str) -> float:
        return float(getattr(self._consumers.lag(consumer, trio.current_time()), field))

    def _from_memory(self, seq: int, limit: int) -> list[RecordedBatch]:
        start = seq + 1 - self._recent[0][0].seq
        return [self._recent[index][0] for index in range(start, min(start + limit, len(self._recent)))]

    def _from_file(self, seq: int, through: int, limit: int) -> list[RecordedBatch]:
        # A connection for each read: a consumer that is far behind reads much at once, and a read leaves nothing open.
        with closing(connect_reader(self._path)) as connection, translated(self._path):
            batches = read_changes(connection, self._path, seq, through, limit, _READ_BYTES)
            # While this read waited for its turn, all batches up to ``through`` may have been pruned, after newer ones came.
            batches = batches or read_changes(connection, self._path, 0, _NEWEST, 1, 0)
        if not batches or batches[0].seq <= seq:
            raise LedgerCorrupt(self._path, f"Changes {seq + 1} are missing, and {through} is the newest")
        return batches

    def _events_at(self, offsets: Collection[int]) -> list[Stamped]:
        with closing(connect_reader(self._path)) as connection, translated(self._path):
            return events_at(connection, self._path, offsets)

    def _quarantine(self) -> list[QuarantinedEvent]:
        with closing(connect_reader(self._path)) as connection, translated(self._path):
            return read_quarantine(connection, self._path)
