"""The pipe: ledger, stages in series, and the channels between them. The only place where they are put together.

    Append ──▶ ledger ──EventBatch, SnapshotMarker──▶ correlator ──▶ further stages ──and SnapshotParts──▶ ledger ──feed──▶

The daemon and the simulation run it with trio (:class:`Pipe`). Recovery, back-test, evaluation, replay and tests fold an Event
through all stages in one call (:class:`Stages`); both come to the same Changes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import trio

from actors.correlator.operator_tables import operator_data
from actors.correlator.stage import Correlator
from actors.correlator.state import State
from actors.dispatcher.stage import Dispatcher
from actors.dispatcher.state import DispatchState
from actors.guarded_stage import GuardedStage
from actors.ledger.actor import Ledger
from actors.ledger.consumers import ConsumerPolicy
from actors.ledger.database import LedgerFile
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Append
from actors.metrics import Metrics
from actors.sla_clock.stage import SlaClock
from actors.sla_clock.state import SlaState
from actors.stage import Stage, fold_batch
from actors.stage_actor import StageActor
from actors.state_encoding import encode_with_pauses
from actors.supervisor import Runnable
from actors.trusted_clock import TrustedClock
from protocols.change import Change
from protocols.event import Event
from protocols.ledger import EventBatch, PipeMessage

APPENDS_WAITING = 256
CONSUMERS = {
    # PostgreSQL has its own cursor too, in the transaction that applies the Changes.
    "store": ConsumerPolicy(begins="oldest"),
    # The board is in memory, begins with the recovered state, and cannot go on behind a gap.
    "stream": ConsumerPolicy(begins="newest", durable=False),
    # What waits is in the dispatcher's state: a channel or a desk that hangs for an hour holds back no pruning.
    "notifier": ConsumerPolicy(begins="newest", durable=False),
    "ticketer": ConsumerPolicy(begins="newest", durable=False),
    # A start reads everything, so a request of before it is void.
    "poller": ConsumerPolicy(begins="newest", bounds_pruning=False, durable=False),
}
"""Everybody who reads the recorded Changes. Each acknowledges by its name, which is that of its actor too."""
OTHERS: tuple[Callable[[], Stage], ...] = (SlaClock, Dispatcher)
"""Makers of the stages behind the correlator, in their order: what the daemon and everything else fold through."""
_SPARE = 2
"""Messages for which a channel between stages has room beyond ``[ledger] pipe_batches``: the markers of two snapshots."""


class Stages:
    """The stages of one ledger in their order, folded in this thread. Those behind the correlator have a quarantine each."""

    def __init__(self, ledger_id: str, others: Sequence[Callable[[], Stage]] = OTHERS) -> None:
        """All of them empty. ``others`` make the stages behind the correlator."""
        self.correlator = Correlator(ledger_id)
        self.all: tuple[Stage, ...] = (self.correlator, *(GuardedStage(make()) for make in others))
        self.absent: set[str] = set()
        """Stages that have not begun: a snapshot was loaded that has no part of them."""

    @property
    def state(self) -> State:
        """The correlator's state."""
        return self.correlator.state

    @property
    def sla(self) -> SlaState:
        """The state of the SLA clock, which a start replaces; an empty one where there is no such stage."""
        for guard in self.all[1:]:
            if isinstance(guard, GuardedStage) and isinstance(guard.stage, SlaClock):
                return guard.stage.state
        return SlaState()

    @property
    def dispatch(self) -> DispatchState:
        """The state of the dispatcher, which a start replaces; an empty one where there is no such stage."""
        for guard in self.all[1:]:
            if isinstance(guard, GuardedStage) and isinstance(guard.stage, Dispatcher):
                return guard.stage.state
        return DispatchState()

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the stages."""
        return tuple(stage.name for stage in self.all)

    def load(self, parts: Mapping[str, bytes]) -> None:
        """Take the states of a snapshot. A stage behind the correlator whose part is missing is absent until :meth:`begin`.

        Raises KeyError when the correlator's part is missing, ``msgspec.MsgspecError`` when one cannot be read; some stages may
        have taken theirs by then.
        """
        self.correlator.load(parts[self.correlator.name])
        for stage in self.all[1:]:
            if stage.name in parts:
                stage.load(parts[stage.name])
            else:
                self.absent.add(stage.name)

    def begin(self) -> list[str]:
        """Begin the absent stages from what the stages before each hold now; their names. Raises StageFailed."""
        held: list[Change] = []
        begun = []
        for stage in self.all:
            if stage.name in self.absent:
                stage.begin(self.state.offset, self.state.at, held)
                begun.append(stage.name)
                self.absent.discard(stage.name)
            if self.absent:
                held += stage.held()
        return begun

    def made(self) -> Iterator[Change]:
        """Everything of which PostgreSQL has rows, but for alarms, as Changes with offset 0. Begin it between two
        Events. The fold may go on between two Changes. Raises StageFailed."""
        yield from operator_data(self.state)
        for stage in self.all[1:]:
            if stage.name not in self.absent:
                yield from stage.held()

    def save(self) -> dict[str, bytes]:
        """The states as a snapshot has them. Raises StageFailed."""
        return {stage.name: encode_with_pauses(stage.saving()) for stage in self.all if stage.name not in self.absent}

    def fold(self, offset: int, at: datetime, event: Event) -> list[Change]:
        """The Changes that all stages make of one Event."""
        changes = self.correlator.fold(offset, at, event, ())
        for stage in self.all[1:]:
            if stage.name not in self.absent:
                changes += stage.fold(offset, at, event, changes)
        return changes

    def fold_batch(self, batch: EventBatch) -> list[Change]:
        """The Changes that all stages make of the Events of ``batch``, Event by Event."""
        changes: Sequence[Change] = batch.changes
        for stage in self.all:
            if stage.name not in self.absent:
                changes = fold_batch(stage, EventBatch(batch.first, batch.at, batch.events, changes))
        return list(changes)

    def forget_counts(self) -> None:
        """Drop what the stages counted: an earlier run has counted it."""
        for stage in self.all:
            stage.count(None)


class Pipe:
    """Owns the channels between ``ledger`` and the stages; ``appends`` is the way in. Close it, and each actor drains to the
    end of its channel and leaves, the ledger last."""

    def __init__(
        self,
        file: LedgerFile,
        stages: Stages,
        clock: TrustedClock,
        metrics: Metrics,
        settings: LedgerSettings | None = None,
        *,
        consumers: Mapping[str, ConsumerPolicy] = CONSUMERS,
        appends_waiting: int = APPENDS_WAITING,
    ) -> None:
        """``file`` and ``stages`` are as :func:`faultd.restore.restore` gives them. Raises DiskRefused."""
        settings = settings or LedgerSettings()
        self.appends, appended = trio.open_memory_channel[Append](appends_waiting)
        room = settings.pipe_batches + _SPARE
        to_fold, inbox = trio.open_memory_channel[PipeMessage](room)
        actors: dict[str, Runnable] = {}
        depth = {"ledger": appended.statistics}
        for stage in stages.all:
            outbox, behind = trio.open_memory_channel[PipeMessage](room)
            depth[stage.name] = inbox.statistics
            actors[stage.name] = StageActor(stage, inbox, outbox, metrics, self._report, file.head.offset)
            inbox = behind
        depth["folded"] = inbox.statistics
        self.ledger = Ledger(
            database=file,
            inbox=appended,
            folded=inbox,
            to_fold=to_fold,
            stages=stages.names,
            metrics=metrics,
            settings=settings,
            clock=clock,
            consumers=consumers,
        )
        self.actors: dict[str, Runnable] = {"ledger": self.ledger, **actors}
        """By name, in the order in which they are to be started."""
        for name, statistics in depth.items():
            metrics.mailbox_depth.labels(name).set_function(partial(_waiting, statistics))

    async def start(self, nursery: trio.Nursery) -> None:
        """Run all of it in ``nursery``; returns once the Events whose Changes are not on disk have been sent to the stages."""
        for actor in self.actors.values():
            await nursery.start(actor.run)

    def _report(self, events: list[Event]) -> bool:
        """Hand Events to the ledger without waiting, since it waits for the stage that asks; False when it has no room, or when
        faultd stops. Events that it takes are folded, unless the process ends before they are on disk."""
        try:
            self.appends.send_nowait(Append(events, keep=True))
        except (trio.WouldBlock, trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        return True


def _waiting(statistics: Callable[[], trio.MemoryChannelStatistics]) -> float:
    return statistics().current_buffer_used
