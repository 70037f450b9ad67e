"""The ledger's trio shell: Appends in, durable batches on to the fold, what the fold decided recorded and published.

Two tasks take from the two channels, one loop writes. Nothing here blocks on the fold: Appends are taken only while fewer than
``pipe_batches`` batches are under way, and what the fold hands back is always taken, so ``to_fold`` never fills up when
it holds ``pipe_batches + 2`` messages.

While the disk refuses, Appends are refused at once; what the fold handed back stays in memory (bounded by the batches under
way) and is written when the disk takes it again.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar, TypeVarTuple, Unpack

import structlog
import trio

from actors.ledger.codec import micros
from actors.ledger.database import Database
from actors.ledger.errors import DiskRefused, FoldEnded
from actors.ledger.feed import LedgerFeed
from actors.ledger.group import Group, SnapshotPiece, Written, pieces_of, worth
from actors.ledger.pipeline import Pipeline
from actors.ledger.prune import Limits
from actors.ledger.ride import Ride
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Abandoned, Append, LedgerUnavailable
from actors.metrics import Metrics
from protocols.event import SystemReport, kind
from protocols.ledger import ChangeBatch, EventBatch, Snapshot, SnapshotMarker

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")

log = structlog.get_logger()

UNWRITABLE: Final = "ledger.unwritable"
"""Alarm type of the report that the disk refused commits for a while, on the ledger once it takes them again."""

_CURSORS_SECONDS, _PRUNE_SECONDS = 1.0, 30.0
_RETRY_FIRST, _RETRY_LAST = 0.1, 5.0


def wall_clock() -> datetime:
    """The time of day, UTC."""
    return datetime.now(UTC)


class Ledger:
    """Owns ``database`` and the channel ends it is given; :meth:`run` closes all of them.

    Not to be restarted on its own: the fold's state runs ahead of the file, and only a recovery of both makes them agree. If
    :meth:`run` raises, the process is to end.
    """

    def __init__(
        self,
        *,
        database: Database,
        inbox: trio.MemoryReceiveChannel[Append],
        folded: trio.MemoryReceiveChannel[ChangeBatch | Snapshot],
        to_fold: trio.MemorySendChannel[EventBatch | SnapshotMarker],
        metrics: Metrics,
        settings: LedgerSettings | None = None,
        clock: Callable[[], datetime] = wall_clock,
        consumers: Sequence[str] = ("store",),
        read: Callable[[], int] | None = None,
    ) -> None:
        """``consumers`` are those whose cursors bound what may be pruned; ``read`` gives the last batch that those have read
        who keep none. Reads the cursors; raises DiskRefused."""
        self._database = database
        self._inbox = inbox
        self._folded_in = folded
        self._to_fold = to_fold
        self._metrics = metrics
        self._settings = settings or LedgerSettings()
        self._clock = clock
        self._consumers = tuple(consumers)
        self._read = read
        self.feed = LedgerFeed(
            database.path,
            database.head.seq,
            database.cursors(),
            batches=self._settings.feed_batches,
            size=self._settings.feed_bytes,
            on_dirty=self._cursors_are_dirty,
        )
        self._pipeline = Pipeline(self._settings.pipe_batches, database.head.through)
        self._writer = trio.CapacityLimiter(1)
        self._wake = trio.Event()
        self._waiting: Append | None = None
        self._taken = trio.Event()
        self._own: list[Append] = []
        self._folded: deque[ChangeBatch] = deque()
        self._pieces: deque[SnapshotPiece] = deque()
        self._marked = database.snapshot_through()
        self._marked_at = 0.0
        self._markers = self._worth = 0
        self._snapshot_arrived = self._folded_at = 0.0
        self._ride = Ride()
        self._cursors_at = 0.0
        self._prune_at = 0.0
        self._failure: str | None = None
        self._attempts = 0
        self._retry_at = 0.0
        self._inbox_ended = self._draining = self._fold_ended = self._ran = False

    @property
    def failure(self) -> str | None:
        """Why the disk refuses commits at present, None when it takes them."""
        return self._failure

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until ``inbox`` has ended, everything is folded and recorded, and ``folded`` has ended.

        Reports started once the Events whose Changes are not on disk have been sent to the fold. Cancelled half-way, the
        file holds what was committed and whoever waits for a reply gets Abandoned.
        """
        if self._ran:
            raise RuntimeError("a ledger runs once: recover from its file instead")
        self._ran = True
        self._marked_at = trio.current_time()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._take_folded)
                await self._resend()
                nursery.start_soon(self._take_appends)
                self._metrics.quarantined.set(self._database.in_quarantine)
                self._metrics.ledger_offset.set(self._database.head.offset)
                task_status.started()
                await self._write()
                nursery.cancel_scope.cancel()
        finally:
            self._leave()
            with trio.CancelScope(shield=True):
                await self._in_writer(self._database.close)

    async def _resend(self) -> None:
        """Send what is on disk and has no Changes there."""
        last = self._database.head.offset
        while self._pipeline.sent < last:
            sent = self._pipeline.sent
            for batch in await self._in_writer(self._database.read_events, sent, last):
                self._pipeline.send(batch.through)
                await self._to_fold.send(batch)

    async def _take_appends(self) -> None:
        async for append in self._inbox:
            self._waiting, self._taken = append, trio.Event()
            self._wake.set()
            # Not receiving meanwhile: the loop takes what else is in the channel itself, and order is kept.
            await self._taken.wait()
        self._inbox_ended = True
        self._wake.set()

    async def _take_folded(self) -> None:
        async for item in self._folded_in:
            if isinstance(item, ChangeBatch):
                self._pipeline.arrive(item)
                if not self._folded:
                    self._folded_at = trio.current_time()
                self._folded.append(item)
            else:
                self._markers -= 1
                self._snapshot_arrived = trio.current_time()
                self._pieces.extend(pieces := pieces_of(item))
                self._worth = worth(pieces)
            self._wake.set()
        if not self._draining:
            raise FoldEnded("the fold closed its channel before the ledger closed the way to it")
        self._fold_ended = True
        self._wake.set()

    async def _write(self) -> None:
        """The loop: one commit after another, each with everything that waits."""
        while True:
            self._settle_empty()
            now = trio.current_time()
            if self._failure is not None and now < self._retry_at:
                self._refuse(self._take(limit=None), LedgerUnavailable(self._failure))
                await self._sleep()
                continue
            await self._mark_if_due(now)
            if now >= self._prune_at and not self._draining:
                await self._prune()
            appends = self._take(self._settings.max_batch) if self._pipeline.room else []
            if appends or now >= self._changes_at() or self._pieces or (self.feed.dirty and now >= self._cursors_at):
                await self._commit(appends)
            elif self._failure is not None:
                await self._probe()
            elif self._inbox_ended and not self._draining and self._waiting is None and not self._own:
                await self._drain()
            elif self._fold_ended and not self.feed.dirty:
                return
            elif self._fold_ended:
                self._cursors_at = now
            else:
                await self._sleep()

    def _changes_at(self) -> float:
        """When the Changes that wait are due."""
        if not self._folded:
            return float("inf")
        if self._pipeline.asked or self._draining or not self._pipeline.room:
            return float("-inf")
        return self._ride.until(self._folded_at)

    def _take(self, limit: int | None) -> list[Append]:
        """Requests that wait, up to ``limit`` Events; each is whole, so the last may exceed it."""
        appends, self._own = self._own, []
        if self._waiting is None:
            return appends
        appends.append(self._waiting)
        self._waiting = None
        self._taken.set()
        events = sum(len(append.events) for append in appends)
        try:
            while limit is None or events < limit:
                append = self._inbox.receive_nowait()
                appends.append(append)
                events += len(append.events)
        except (trio.WouldBlock, trio.EndOfChannel):
            pass
        return appends

    def _settle_empty(self) -> None:
        """Batches that came to nothing need no commit."""
        while self._folded and not self._folded[0].changes:
            self._pipeline.settle(self._folded.popleft().through, 0, ())

    async def _commit(self, appends: Sequence[Append]) -> None:
        folded = list(self._folded)
        pieces = [self._pieces[0]] if self._pieces else []
        cursors = self.feed.unwritten()
        group = Group(
            now=self._clock(),
            through=folded[-1].through if folded else self._pipeline.through,
            appends=[append.events for append in appends],
            folded=[*folded, *pieces],
            cursors=cursors,
        )
        try:
            written = await self._in_writer(self._database.write, group)
        except DiskRefused as error:
            self._failed(error)
            self._refuse(appends, LedgerUnavailable(str(error)))
            return
        self._succeeded()
        if appends:
            self._ride.committed(trio.current_time())
        self._metrics.ledger_commit.observe(written.seconds)
        self.feed.written(cursors)
        for _ in folded:
            self._folded.popleft()
        for piece in pieces:
            self._pieces.popleft()
            if piece.last:
                self._metrics.snapshot.observe(trio.current_time() - self._snapshot_arrived)
        await self._committed(appends, written)
        self.feed.publish(zip(written.recorded, written.sizes, strict=True))
        recorded = {batch.through: batch.seq for batch in written.recorded}
        for batch in folded:
            self._pipeline.settle(batch.through, recorded.get(batch.through, 0), batch.changes)
        if written.quarantined is not None:
            self._metrics.quarantined.set(written.quarantined)

    async def _committed(self, appends: Sequence[Append], written: Written) -> None:
        """Answer that the Events are on disk, and send them on."""
        for index, (append, first) in enumerate(zip(appends, written.firsts, strict=True)):
            if first is None:
                log.error("events refused", error=str(written.refused[index]), events=len(append.events))
                self._refuse([append], written.refused[index])
                continue
            if append.committed is not None:
                append.committed.give(first)
            if append.answered is not None:
                self._pipeline.ask(first, first + len(append.events) - 1, append.answered)
        if written.batch is None:
            return
        samples = {type(event): event for event in written.batch.events}
        for event_type, count in Counter(map(type, written.batch.events)).items():
            self._metrics.events.labels(kind(samples[event_type])).inc(count)
        self._metrics.ledger_offset.set(written.batch.through)
        self._pipeline.send(written.batch.through)
        try:
            self._to_fold.send_nowait(written.batch)
        except trio.WouldBlock:
            await self._to_fold.send(written.batch)

    async def _mark_if_due(self, now: float) -> None:
        since = self._pipeline.sent - self._marked
        if self._markers or self._draining or not since:
            return
        enough = since >= max(self._settings.snapshot_every_events, self._worth)
        if enough or now >= self._marked_at + self._settings.snapshot_every_seconds:
            await self._mark()

    async def _mark(self) -> None:
        """Send a snapshot marker behind the newest Event sent."""
        self._marked, self._marked_at = self._pipeline.sent, trio.current_time()
        self._markers += 1
        await self._to_fold.send(SnapshotMarker(self._marked))

    async def _drain(self) -> None:
        """No more Events will come: have the folds' last state, then let them end."""
        if self._pipeline.sent > self._marked:
            await self._mark()
        self._draining = True
        await self._to_fold.aclose()

    async def _prune(self) -> None:
        cutoff = self._clock() - timedelta(days=self._settings.retention_days)
        read = self.feed.last if self._read is None else self._read()
        limits = Limits(micros(cutoff), self._settings.max_bytes, self._consumers, read)
        try:
            pruned = await self._in_writer(self._database.prune, limits)
        except DiskRefused as error:
            self._failed(error)
            return
        self._metrics.ledger_pruned.inc(pruned.events)
        self._metrics.ledger_bytes.set(self._database.size())
        self._prune_at = trio.current_time() + (0 if pruned.more else _PRUNE_SECONDS)

    async def _probe(self) -> None:
        try:
            await self._in_writer(self._database.probe)
        except DiskRefused as error:
            self._failed(error)
        else:
            self._succeeded()

    def _failed(self, error: DiskRefused) -> None:
        if self._failure is None:
            log.error("the disk refuses commits; Events are refused until it takes them", error=str(error))
        self._metrics.ledger_failures.inc()
        self._failure = str(error)
        now = trio.current_time()
        self._retry_at = now + min(_RETRY_LAST, _RETRY_FIRST * 2**self._attempts)
        self._prune_at = max(self._prune_at, self._retry_at)
        self._attempts += 1

    def _succeeded(self) -> None:
        if self._failure is None:
            return
        log.info("the disk takes commits again", attempts=self._attempts, refused_with=self._failure)
        if not self._draining:
            raised = SystemReport(
                alarm_type=UNWRITABLE,
                active=True,
                severity="critical",
                title="The ledger could not write",
                description=self._failure,
            )
            self._own = [Append([raised, SystemReport(alarm_type=UNWRITABLE, active=False)])]
        self._failure, self._attempts = None, 0

    def _refuse(self, appends: Sequence[Append], error: LedgerUnavailable) -> None:
        for append in appends:
            self._metrics.ledger_refused.inc(len(append.events))
            for reply in (append.committed, append.answered):
                if reply is not None:
                    reply.fail(error)

    def _cursors_are_dirty(self) -> None:
        self._cursors_at = trio.current_time() + _CURSORS_SECONDS
        self._wake.set()

    async def _sleep(self) -> None:
        """Until something arrives or is due."""
        if self._failure is not None:
            due = self._retry_at
        else:
            due = self._prune_at if not self._draining else float("inf")
            due = min(due, self._changes_at())
            if self.feed.dirty:
                due = min(due, self._cursors_at)
            if self._pipeline.sent > self._marked and not self._markers:
                due = min(due, self._marked_at + self._settings.snapshot_every_seconds)
        with trio.move_on_at(due):
            await self._wake.wait()
        self._wake = trio.Event()

    async def _in_writer(self, call: Callable[[Unpack[_Arguments]], _Result], *arguments: *_Arguments) -> _Result:
        """``call`` in a thread, one such call at a time. Not cancelled half-way: its result is always seen."""
        return await trio.to_thread.run_sync(call, *arguments, limiter=self._writer)

    def _leave(self) -> None:
        """Nobody is left waiting for a reply that will not come."""
        left = self._own + ([self._waiting] if self._waiting else [])
        try:
            while True:
                left.append(self._inbox.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
            pass
        for append in left:
            for reply in (append.committed, append.answered):
                if reply is not None:
                    reply.fail(Abandoned("the ledger ended before it took the request"))
        self._pipeline.abandon()
        self._inbox.close()
        self._folded_in.close()
        self._to_fold.close()
        self.feed.close()
