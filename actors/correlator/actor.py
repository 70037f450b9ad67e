"""The correlator's shell: batches of Events in, batches of Changes out, a snapshot of where a marker passed."""

from collections.abc import Callable, Iterator
from time import perf_counter

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.correlator.fold import fold
from actors.correlator.plant.prepared import PREPARED, first_nodes, prepare
from actors.correlator.rules.plugins import installed
from actors.correlator.saved import Piece, at_leisure
from actors.correlator.state import State
from actors.metrics import Metrics
from protocols.change import Change
from protocols.event import Event
from protocols.ledger import ChangeBatch, EventBatch, Snapshot, SnapshotMarker

NAME = "correlator"
"""Under this name the state stands in a snapshot."""


def fold_batch(state: State, batch: EventBatch) -> list[Change]:
    """Fold a batch's Events in order. Never raises: see :func:`actors.correlator.fold.fold`."""
    changes: list[Change] = []
    for offset, event in enumerate(batch.events, batch.first):
        changes += fold(state, offset, batch.at, event)
    return changes


class Correlator:
    """Owns the alarm state. It ends when its inbox does; a state that it leaves half-way is lost, and recovery folds anew."""

    def __init__(
        self,
        state: State,
        inbox: trio.MemoryReceiveChannel[EventBatch | SnapshotMarker],
        outbox: trio.MemorySendChannel[ChangeBatch | Snapshot],
        metrics: Metrics,
        report: Callable[[list[Event]], bool] | None = None,
    ) -> None:
        """``report`` takes Events that the actor has to tell of itself; it never waits, and says whether it took them."""
        self._state, self._inbox, self._outbox, self._metrics = state, inbox, outbox, metrics
        self._report = report

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Fold until the inbox ends, then close the outbox."""
        task_status.started()
        async with self._outbox, trio.open_nursery() as encoding:
            async for message in self._inbox:
                if isinstance(message, SnapshotMarker):
                    encoding.start_soon(self._save, message.through, self._state.saving())
                    continue
                await self._prepare(message)
                started = perf_counter()
                changes = fold_batch(self._state, message)
                self._metrics.correlation.observe(perf_counter() - started)
                self._count()
                self._tell()
                await self._outbox.send(ChangeBatch(message.through, changes))

    async def _prepare(self, batch: EventBatch) -> None:
        """Have a first large plant made in a thread, so that traps are read and recorded meanwhile."""
        if self._state.plant.nodes:
            return
        nodes = next((found for event in batch.events if (found := first_nodes(event))), ())
        if nodes:
            self._state.derived[PREPARED] = await trio.to_thread.run_sync(prepare, nodes, abandon_on_cancel=True)

    async def _save(self, through: int, pieces: Iterator[Piece]) -> None:
        """Encode the state as it was at ``through``, beside the fold."""
        with self._metrics.snapshot.time():
            octets = await trio.to_thread.run_sync(at_leisure, pieces, abandon_on_cancel=True)
        await self._outbox.send(Snapshot(through, {NAME: octets}))

    def _tell(self) -> None:
        """What was measured of plugins, as Events: the fold itself must not see a clock."""
        host = installed()
        news = host.take_reports() if self._report is not None else []
        if news and self._report is not None and not self._report(news):
            host.put_back(news)

    def _count(self) -> None:
        """Move the fold's tally of what it let pass into the metrics."""
        tally = self._state.tally
        if not tally:
            return
        metrics = self._metrics
        for name, count in tally.items():
            match name.partition(":"):
                case ("unknown", _, _):
                    metrics.traps_unknown.inc(count)
                case ("informs_repeated", _, _):
                    metrics.informs_merged.inc(count)
                case ("repeated_by_design", _, _):
                    metrics.traps_merged.inc(count)
                case ("sequence_missing", _, _):
                    metrics.sequence_gaps.inc(count)
                case ("refused", _, limit):
                    metrics.alarms_refused.labels(limit).inc(count)
                case ("plugin_failed", _, plugin):
                    metrics.plugin_failures.labels(plugin).inc(count)
                case ("rule_overflow" | "flapping_overflow", _, _):
                    metrics.rules_overflow.inc(count)
                case ("noise", _, rule):
                    metrics.traps_noise.labels(rule).inc(count)
        tally.clear()
