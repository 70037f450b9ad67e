"""The ledger's trio shell: it commits Appends, sends their Events to the stages, and records and publishes the Changes.

Two tasks receive from the two channels, one loop writes. The loop never waits for a stage: it takes Appends only while fewer
than ``pipe_batches`` batches are under way, and it always takes the Changes that come back. So ``to_fold`` never fills up when
it holds ``pipe_batches + 2`` messages.

While the disk refuses commits, Appends are refused at once. The Changes that come back stay in memory (bounded by the batches
under way) and are written when the disk takes commits again.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar, TypeVarTuple, Unpack

import structlog
import trio

from actors.ledger.commit_delay import CommitDelay
from actors.ledger.consumers import ConsumerPolicy, Consumers
from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused, FoldEnded
from actors.ledger.feed import LedgerFeed
from actors.ledger.group import CommitGroup, Written
from actors.ledger.outage import Outage
from actors.ledger.pipeline import Pipeline
from actors.ledger.prune import PruneLimits
from actors.ledger.requests import Requests
from actors.ledger.settings import LedgerSettings
from actors.ledger.snapshots import SnapshotSchedule
from actors.ledger.stamps import Stamps
from actors.mailbox import Append, EventRefused, LedgerUnavailable
from actors.metrics import Metrics
from actors.trusted_clock import TrustedClock, instant, micros
from actors.trusted_time import Jump
from protocols.event import ClockJumped, kind
from protocols.ledger import ChangeBatch, EventBatch, PipeMessage, SnapshotMarker, SnapshotPart

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")

log = structlog.get_logger()

_CURSORS_SECONDS, _PRUNE_SECONDS = 1.0, 30.0
_OLDER_SNAPSHOTS = 7
"""Older snapshots within the retention of Events, for back-tests."""


class Ledger:
    """Owns ``database`` and the channel ends that it is given; :meth:`run` closes all of them.

    A ledger cannot be restarted on its own: the stages' states are ahead of the file, and only a recovery makes them agree. If
    :meth:`run` raises, the process has to end.
    """

    def __init__(
        self,
        *,
        database: LedgerFile,
        inbox: trio.MemoryReceiveChannel[Append],
        folded: trio.MemoryReceiveChannel[PipeMessage],
        to_fold: trio.MemorySendChannel[PipeMessage],
        stages: Collection[str],
        metrics: Metrics,
        settings: LedgerSettings | None = None,
        clock: TrustedClock,
        consumers: Mapping[str, ConsumerPolicy],
    ) -> None:
        """``to_fold`` leads to the first of ``stages``; ``folded`` comes from the last one. ``clock`` stamps the Events; the
        ledger alone lets it step, once the jump is on disk. ``consumers`` has a policy for each consumer of the feed, by name.
        Raises DiskRefused when the cursors cannot be read."""
        self._database = database
        self._requests = Requests(inbox, self._rouse)
        self._folded_in = folded
        self._to_fold = to_fold
        self._metrics = metrics
        self._settings = settings or LedgerSettings()
        self._stamps = Stamps(clock, database.time)
        self.consumers = Consumers(consumers, database.cursors(), database.oldest_batch(), database.head.seq)
        self.feed = LedgerFeed(
            database.path,
            database.head.seq,
            self.consumers,
            batches=self._settings.feed_batches,
            size=self._settings.feed_bytes,
            on_dirty=self._cursors_are_dirty,
        )
        self._ages = {
            name: max(0.0, (clock() - recorded).total_seconds())
            for name in self.consumers
            if (recorded := database.recorded_after(self.consumers.cursor(name))) is not None
        }
        """For each consumer that is behind: the seconds since its next batch was recorded."""
        self._pipeline = Pipeline(self._settings.pipe_batches, database.head.through)
        self._writer = trio.CapacityLimiter(1)
        self._wake = trio.Event()
        self._folded: deque[ChangeBatch] = deque()
        self._folded_at = 0.0
        self._snapshots = SnapshotSchedule(self._settings, database.snapshot_through(), stages)
        self._commit_delay = CommitDelay()
        self._outage = Outage()
        self._cursors_at = 0.0
        self._prune_at = 0.0
        self._draining = self._fold_ended = self._ran = False

    @property
    def failure(self) -> str | None:
        """The reason why the disk refuses commits now; None when it takes them."""
        return self._outage.reason

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until ``inbox`` has ended, every Event is folded and recorded, ``folded`` has ended, and no consumer reads any
        more.

        Reports started once the Events whose Changes are not on disk have been sent to the stages. When cancelled, the file
        holds every commit that was made, and the replies that are still open fail with Abandoned.
        """
        if self._ran:
            raise RuntimeError("a ledger runs once: recover from its file instead")
        self._ran = True
        self._snapshots.start(trio.current_time())
        self.feed.start(self._metrics, self._ages)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._take_folded)
                await self._resend()
                nursery.start_soon(self._requests.receive)
                self._metrics.quarantined.set(self._database.in_quarantine)
                self._metrics.ledger_offset.set(self._database.head.offset)
                task_status.started()
                await self._write()
                await self._let_consumers_end()
                nursery.cancel_scope.cancel()
        finally:
            self._leave()
            with trio.CancelScope(shield=True):
                await self._in_writer(self._database.close)

    async def _let_consumers_end(self) -> None:
        """Nothing more is recorded: let the consumers read the rest, and write their cursors, each within a second."""
        self.feed.close()
        while True:
            with trio.move_on_after(_CURSORS_SECONDS) as waiting:
                await self.feed.until_left()
            if self.consumers.dirty:
                await self._commit([])
            if not waiting.cancelled_caught:
                return

    async def _resend(self) -> None:
        """Send the Events that are on disk without their Changes."""
        last = self._database.head.offset
        while self._pipeline.sent < last:
            sent = self._pipeline.sent
            for batch in await self._in_writer(self._database.read_events, sent, last):
                self._pipeline.send(batch.through)
                await self._to_fold.send(batch)

    async def _take_folded(self) -> None:
        async for item in self._folded_in:
            if isinstance(item, EventBatch):
                self._pipeline.arrive(item.through)
                if not self._folded:
                    self._folded_at = trio.current_time()
                self._folded.append(ChangeBatch(item.through, item.changes))
            elif isinstance(item, SnapshotPart):
                reports = self._snapshots.arrive(item, trio.current_time())
                if reports and not self._draining:
                    self._requests.put_first(Append(reports, keep=True))
            # A marker that comes back has passed every stage; its parts came before it.
            self._rouse()
        if not self._draining:
            raise FoldEnded("the last stage closed its channel before the ledger closed the channel to the first")
        self._fold_ended = True
        self._rouse()

    async def _write(self) -> None:
        """Commit again and again, each time everything that waits."""
        while True:
            self._settle_empty()
            now = trio.current_time()
            if self._outage.reason is not None and now < self._outage.retry_at:
                self._refuse(self._requests.take_others(limit=None), LedgerUnavailable(self._outage.reason))
                await self._sleep()
                continue
            if now >= self._snapshots.due(self._pipeline.sent) and not self._draining:
                await self._mark()
            if now >= self._prune_at and not self._draining:
                await self._prune()
            if self._pipeline.room and not self._draining and (jump := self._stamps.due()) is not None:
                await self._step(jump)
                continue
            appends = self._requests.take(self._settings.max_batch) if self._pipeline.room else []
            cursors_due = self.consumers.dirty and now >= self._cursors_at
            if appends or cursors_due or now >= self._changes_at() or self._snapshots.piece:
                await self._commit(appends)
            elif self._outage.reason is not None:
                await self._probe()
            elif self._requests.ended and self._pipeline.idle and not self._draining:
                await self._drain()
            elif self._fold_ended and not self.consumers.dirty:
                return
            elif self._fold_ended:
                self._cursors_at = now
            else:
                await self._sleep()

    def _changes_at(self) -> float:
        """The time at which the Changes that wait are to be committed."""
        if not self._folded:
            return float("inf")
        if self._pipeline.asked or self._requests.ended or not self._pipeline.room:
            return float("-inf")
        return self._commit_delay.until(self._folded_at)

    def _settle_empty(self) -> None:
        """Settle the batches without Changes: they need no commit."""
        while self._folded and not self._folded[0].changes:
            self._pipeline.settle(self._folded.popleft().through, 0, ())

    async def _step(self, jump: Jump) -> None:
        """Record the jump of the wall clock, and step by it. When the disk refuses, the jump stays due."""
        event = ClockJumped(instant(jump.before), instant(jump.after))
        log.warning("the wall clock is believed", before=event.before.isoformat(), after=event.after.isoformat())
        await self._commit([Append((event,))], jump)

    async def _commit(self, appends: Sequence[Append], jump: Jump | None = None) -> None:
        """Commit everything that waits. With ``jump``, ``appends`` has the ClockJumped that records it and nothing else; a
        StageQuarantine may follow it."""
        folded = list(self._folded)
        piece = self._snapshots.piece
        cursors = self.consumers.unwritten()
        group = CommitGroup(
            now=self._stamps.now(jump),
            through=folded[-1].through if folded else self._pipeline.through,
            appends=[append.events for append in appends],
            folded=folded if piece is None else [*folded, piece],
            cursors=cursors,
            step=jump is not None,
            time=self._stamps.to_write(self._database.time, jump),
        )
        try:
            written = await self._in_writer(self._database.write, group)
        except DiskRefused as error:
            self._failed(error)
            self._refuse(appends, LedgerUnavailable(str(error)))
            return
        self._requests.committed(appends)
        self._succeeded()
        if jump is not None and group.time is not None:
            self._stamps.step(jump, group.time)
        if appends:
            self._commit_delay.committed(trio.current_time())
        self._metrics.ledger_commit.observe(written.seconds)
        self.consumers.written(cursors)
        for _ in folded:
            self._folded.popleft()
        if piece is not None and (took := self._snapshots.written(trio.current_time())) is not None:
            self._metrics.snapshot.observe(took)
        await self._committed(appends, written)
        self.feed.publish(zip(written.recorded, written.sizes, strict=True), trio.current_time())
        recorded = {batch.through: batch.seq for batch in written.recorded}
        for batch in folded:
            self._pipeline.settle(batch.through, recorded.get(batch.through, 0), batch.changes)
        if written.quarantined is not None:
            self._metrics.quarantined.set(written.quarantined)

    async def _committed(self, appends: Sequence[Append], written: Written) -> None:
        """Answer that the Events are on disk, and send them to the stages."""
        for refused in range(len(appends), len(written.firsts)):
            # The ledger's own Events, the last of the commit: StageQuarantine.
            if written.firsts[refused] is None:
                log.error("no alarm about a quarantined Event", error=str(written.refused[refused]))
                self._metrics.ledger_refused.inc()
        for index, (append, first) in enumerate(zip(appends, written.firsts, strict=False)):
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

    async def _mark(self) -> None:
        """Send a snapshot marker after the newest Event that was sent."""
        self._snapshots.mark(self._pipeline.sent, trio.current_time())
        await self._to_fold.send(SnapshotMarker(self._snapshots.marked))

    async def _drain(self) -> None:
        """No more Events come: ask the stages for a last snapshot, then let them end."""
        if self._pipeline.sent > self._snapshots.marked:
            await self._mark()
        self._draining = True
        await self._to_fold.aclose()

    async def _prune(self) -> None:
        oldest = self._stamps.oldest(self._settings.retention_days)
        apart = round(self._settings.retention_days * 86_400_000_000) // _OLDER_SNAPSHOTS
        limits = PruneLimits(micros(oldest), self._settings.max_bytes, self.consumers.prunable_through(), apart)
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
        if self._outage.reason is None:
            log.error("the disk refuses commits; Events are refused until it takes them", error=str(error))
        self._metrics.ledger_failures.inc()
        self._outage.refused(error, trio.current_time())
        self._prune_at = max(self._prune_at, self._outage.retry_at)

    def _succeeded(self) -> None:
        if self._outage.reason is None:
            return
        log.info("the disk takes commits again", attempts=self._outage.attempts, refused_with=self._outage.reason)
        reports = self._outage.end()
        if not self._draining:
            self._requests.put_first(Append(reports, keep=True))

    def _refuse(self, appends: Sequence[Append], error: LedgerUnavailable) -> None:
        for append in appends:
            if append.keep and not isinstance(error, EventRefused):
                self._requests.keep(append)
                continue
            self._metrics.ledger_refused.inc(len(append.events))
            for reply in (append.committed, append.answered):
                if reply is not None:
                    reply.fail(error)

    def _cursors_are_dirty(self) -> None:
        self._cursors_at = trio.current_time() + _CURSORS_SECONDS
        self._rouse()

    def _rouse(self) -> None:
        self._wake.set()

    async def _sleep(self) -> None:
        """Sleep until a message arrives or work is due."""
        if self._outage.reason is not None:
            due = self._outage.retry_at
        else:
            due = self._prune_at if not self._draining else float("inf")
            due = min(due, self._changes_at(), self._snapshots.due(self._pipeline.sent))
            if self.consumers.dirty:
                due = min(due, self._cursors_at)
        with trio.move_on_at(due):
            await self._wake.wait()
        self._wake = trio.Event()

    async def _in_writer(self, call: Callable[[Unpack[_Arguments]], _Result], *arguments: *_Arguments) -> _Result:
        """Run ``call`` in a thread, one call at a time. Cannot be cancelled half-way, so its result is never lost."""
        return await trio.to_thread.run_sync(call, *arguments, limiter=self._writer)

    def _leave(self) -> None:
        """Close the channels, and fail every reply that is still open."""
        self._requests.abandon()
        self._pipeline.abandon()
        self._folded_in.close()
        self._to_fold.close()
        self.feed.close()
