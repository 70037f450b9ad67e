"""A ledger with a real file, and a fold that is small and deterministic, so that what it should come to is known."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trio

from actors.ledger.actor import Ledger
from actors.ledger.consumers import ConsumerPolicy
from actors.ledger.database import LedgerFile
from actors.ledger.read import iterate_events, oldest_offset, read_head
from actors.ledger.recovery import recover
from actors.ledger.schema import connect_reader, translated
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Append, Outcome, Reply
from actors.metrics import Metrics
from actors.trusted_clock import TrustedClock, even
from protocols.change import AlarmForgotten, Change
from protocols.event import Event, Stamped, SystemReport
from protocols.ledger import EventBatch, PipeMessage, Snapshot, SnapshotMarker, SnapshotPart

STORE = {"store": ConsumerPolicy(begins="oldest")}
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def report(name: str) -> SystemReport:
    """An Event that comes to one Change naming it."""
    return SystemReport(alarm_type=name, active=True)


class NameFold:
    """One AlarmForgotten per SystemReport, none for a Tick; its state is every offset and name that it folded."""

    def __init__(self, seen: Sequence[str] = ()) -> None:
        self.seen = list(seen)

    def fold(self, batch: EventBatch) -> EventBatch:
        changes: list[Change] = []
        for offset, event in enumerate(batch.events, batch.first):
            assert offset == len(self.seen) + 1, "every Event once, in order"
            name = event.alarm_type if isinstance(event, SystemReport) else "-"
            self.seen.append(name)
            if name != "-":
                changes.append(AlarmForgotten(offset, f"{name}@{batch.at.isoformat()}"))
        return EventBatch(batch.first, batch.at, batch.events, changes)

    def part(self, through: int) -> SnapshotPart:
        assert through == len(self.seen)
        return SnapshotPart(through, "fold", "\n".join(self.seen).encode())

    @classmethod
    def restore(cls, snapshot: Snapshot | None) -> "NameFold":
        if snapshot is None:
            return cls()
        text = snapshot.parts["fold"].decode()
        return cls(text.split("\n") if text else [])


class RunningLedger:
    """A running ledger with a small fold on its channels."""

    def __init__(
        self,
        path: Path,
        settings: LedgerSettings,
        clock: Callable[[], datetime],
        database: LedgerFile | None,
        consumers: Mapping[str, ConsumerPolicy] = STORE,
    ) -> None:
        self.database = database or LedgerFile.open(path)
        self.recovery = recover(self.database)
        self.fold = NameFold.restore(self.recovery.snapshot)
        for batch in self.recovery.replay:
            self.fold.fold(batch)
        self.metrics = Metrics()
        self.send, inbox = trio.open_memory_channel[Append](1000)
        self.to_fold, self.from_ledger = trio.open_memory_channel[PipeMessage](settings.pipe_batches + 2)
        self.folded, folded = trio.open_memory_channel[PipeMessage](0)
        self.ledger = Ledger(
            database=self.database,
            inbox=inbox,
            folded=folded,
            to_fold=self.to_fold,
            stages=("fold",),
            metrics=self.metrics,
            settings=settings,
            clock=clock if isinstance(clock, TrustedClock) else TrustedClock(even(clock)),
            consumers=consumers,
        )
        self.feed = self.ledger.feed

    async def run_fold(self) -> None:
        async with self.folded:
            async for item in self.from_ledger:
                if isinstance(item, SnapshotMarker):
                    await self.folded.send(item)
                    await self.folded.send(self.fold.part(item.through))
                elif isinstance(item, EventBatch):
                    await self.folded.send(self.fold.fold(item))

    async def next_batch(self) -> EventBatch:
        """What the ledger sends to the fold next, where nothing folds by itself."""
        batch = await self.from_ledger.receive()
        assert isinstance(batch, EventBatch)
        return batch

    async def append(self, *events: Event) -> Outcome:
        """Append and wait for what it came to."""
        append = Append(events, Reply[int](), Reply[Outcome]())
        await self.send.send(append)
        assert append.committed is not None
        assert append.answered is not None
        first = await append.committed.wait()
        outcome = await append.answered.wait()
        assert outcome.first == first
        return outcome

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


class SettableClock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@asynccontextmanager
async def running_ledger(
    path: Path,
    settings: LedgerSettings | None = None,
    clock: Callable[[], datetime] | None = None,
    *,
    folding: bool = True,
    database: LedgerFile | None = None,
    consumers: Mapping[str, ConsumerPolicy] = STORE,
) -> AsyncIterator[RunningLedger]:
    """Runs until the block ends, then drains."""
    ledger = RunningLedger(path, settings or LedgerSettings(), clock or SettableClock(), database, consumers)
    async with trio.open_nursery() as nursery:
        if folding:
            nursery.start_soon(ledger.run_fold)
        await nursery.start(lambda task_status: ledger.ledger.run(task_status=task_status))
        yield ledger
        ledger.send.close()


def forgotten(change: Change) -> str:
    """The text that :class:`NameFold` made of an Event: its name and its stamp."""
    assert isinstance(change, AlarmForgotten)
    return change.id


def stamped_events(path: Path, after: int = 0, through: int | None = None) -> Iterator[Stamped]:
    """The Events of a ledger file in (``after``, ``through``], oldest kept first, also while a daemon writes to it.

    ``through`` None means up to the newest at the start. Raises FileNotFoundError and LedgerError.
    """
    with closing(connect_reader(path)) as connection, translated(path):
        last = read_head(connection, path).offset
        last = last if through is None else min(through, last)
        start = max(after, oldest_offset(connection) - 1)
        for batch in iterate_events(connection, path, start, last):
            for offset, event in enumerate(batch.events, batch.first):
                yield Stamped(offset, batch.at, event)
