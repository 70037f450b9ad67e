"""The trio shell of a stage: batches in, the same batches with its Changes out, and its part of each snapshot."""

from collections.abc import Callable, Iterable
from time import perf_counter

import structlog
import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.metrics import Metrics
from actors.stage import Stage, StageFailed, fold_batch
from actors.state_encoding import Piece, encode_with_pauses
from protocols.event import Event
from protocols.ledger import EventBatch, PipeMessage, SnapshotMarker, SnapshotPart

log = structlog.get_logger()


class StageActor:
    """Owns ``stage`` and the channel ends it is given, and ends when ``inbox`` does.

    Not to be restarted: a state that a crash leaves half-way is lost, and a recovery folds anew.
    """

    def __init__(
        self,
        stage: Stage,
        inbox: trio.MemoryReceiveChannel[PipeMessage],
        outbox: trio.MemorySendChannel[PipeMessage],
        metrics: Metrics,
        report: Callable[[list[Event]], bool] | None = None,
        reports_from: int = 0,
    ) -> None:
        """``outbox`` leads to the next stage, or from the last one to the ledger. ``report`` appends Events to the ledger; it
        never waits, and says whether they were taken. The stage is asked for reports when it has folded the Event at the offset
        ``reports_from``, the last that an earlier run left: what that run reported may be among them."""
        self._stage, self._inbox, self._outbox = stage, inbox, outbox
        self._metrics, self._report, self._reports_from = metrics, report, reports_from
        self._seconds = metrics.fold.labels(stage.name)

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Fold until ``inbox`` ends, then close ``outbox`` once every part is encoded. Cancelled half-way, the batch in hand
        is lost to this process; the ledger has its Events. When the actor behind ``outbox`` has failed, this one ends without
        an error of its own: the failure names the one to blame."""
        task_status.started()
        async with self._outbox, trio.open_nursery() as encoding:
            async for message in self._inbox:
                if isinstance(message, SnapshotMarker):
                    encoding.start_soon(self._save, message.through, self._stage.saving())
                elif isinstance(message, EventBatch):
                    message = await self._fold(message)
                if not await self._send(message):
                    encoding.cancel_scope.cancel()
                    return

    async def _send(self, message: PipeMessage) -> bool:
        """False when nobody reads any more."""
        try:
            await self._outbox.send(message)
        except trio.BrokenResourceError:
            return False
        return True

    async def _fold(self, batch: EventBatch) -> EventBatch:
        stage = self._stage
        if (prepare := stage.preparing(batch)) is not None:
            await trio.to_thread.run_sync(prepare, abandon_on_cancel=True)
        started = perf_counter()
        changes = fold_batch(stage, batch)
        self._seconds.observe(perf_counter() - started)
        stage.count(self._metrics)
        if self._report is not None and batch.through >= self._reports_from:
            stage.report(self._report)
        return EventBatch(batch.first, batch.at, batch.events, changes)

    async def _save(self, through: int, pieces: Iterable[Piece]) -> None:
        """Encode the state as it was at ``through``, beside the fold. A part that cannot be encoded says so to the ledger."""
        name = self._stage.name
        try:
            with self._metrics.snapshot_encoding.labels(name).time():
                octets = await trio.to_thread.run_sync(encode_with_pauses, pieces, abandon_on_cancel=True)
            part = SnapshotPart(through, name, octets)
        except StageFailed as error:
            log.error("a stage could not encode its state", stage=name, through=through, exc_info=error)
            self._metrics.stage_failures.labels(name, error.method).inc()
            part = SnapshotPart(through, name, b"", error.error)
        await self._send(part)
