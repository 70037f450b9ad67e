"""The file against a simple model, under random commits, refusals, pruning, clean and unclean ends."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from vocabulary.ledger import RunningLedger, SettableClock, forgotten, report, running_ledger

from actors.ledger.codec import encode_parts
from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused
from actors.ledger.group import CommitGroup, SnapshotPiece
from actors.ledger.prune import PruneLimits
from actors.ledger.read import read_changes, read_cursors
from actors.ledger.recovery import recover
from actors.ledger.schema import connect_reader
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Append
from actors.trusted_clock import instant, micros
from protocols.change import AlarmForgotten
from protocols.event import SystemReport
from protocols.ledger import ChangeBatch, EventBatch, RecordedBatch

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FileAndModel(RuleBasedStateMachine):
    """``batches``, ``recorded`` and ``cursors`` are what the file must hold; ``through`` what the fold is settled through."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.path = self.home / "0" / "ledger.sqlite"
        self.database = LedgerFile.open(self.path)
        self.now = NOW
        self.last_at = 0
        self.batches: list[tuple[int, int, list[SystemReport]]] = []
        self.recorded: list[RecordedBatch] = []
        self.cursors: dict[str, int] = {}
        self.snapshots: set[int] = set()
        self.last = self.through = self.durable = 0
        self.pruned_events = self.pruned_changes = 0
        self.opened = 0

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.home)

    @rule(
        sizes=st.lists(st.integers(0, 3), max_size=3),
        fold=st.lists(st.booleans(), max_size=3),
        snapshot=st.booleans(),
        ack=st.integers(0, 5),
        step=st.integers(-5, 100),
    )
    def commit(self, sizes: list[int], fold: list[bool], snapshot: bool, ack: int, step: int) -> None:
        self.now += timedelta(hours=step)
        group, through, recorded = self._group(sizes, fold, snapshot, ack)
        written = self.database.write(group)
        first = self.last + 1
        assert written.firsts == [first + sum(sizes[:index]) for index in range(len(sizes))]
        events = [event for append in group.appends for event in append]
        self.last_at = max(self.last_at, micros(self.now)) if events else self.last_at
        if events:
            self.batches.append((first, self.last_at, events))  # type: ignore[arg-type]
            self.last += len(events)
        assert list(written.recorded) == recorded
        self.recorded += recorded
        self.through = through
        if snapshot:
            self.snapshots.add(through)
        if events or snapshot:
            self.durable = through
        elif recorded:
            self.durable = recorded[-1].through
        self.cursors |= group.cursors

    @rule(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3), fold=st.lists(st.booleans(), max_size=3))
    def refused(self, sizes: list[int], fold: list[bool]) -> None:
        """The disk fills in the middle of the transaction."""
        group, _, _ = self._group(sizes, fold, True, 0)
        piece = SnapshotPiece(self.through, 0, memoryview(bytes(3_000_000)), 1)
        assert self.database._connection is not None
        self.database._connection.execute("PRAGMA max_page_count=1")
        full = CommitGroup(now=group.now, through=group.through, appends=group.appends, folded=[*group.folded, piece])
        try:
            self.database.write(full)
        except DiskRefused:
            return
        raise AssertionError("nothing was refused")

    @rule(days=st.integers(-3, 30), small=st.booleans())
    def prune(self, days: int, small: bool) -> None:
        cutoff = micros(self.now - timedelta(days=days))
        pruned = self.database.prune(PruneLimits(cutoff, 1 if small else 1 << 40, self.database.cursors().get("store", 0)))
        self.pruned_events += pruned.events
        self.pruned_changes += pruned.batches
        kept = sorted(self.snapshots)[-2:]
        self.snapshots = set(kept)
        assert self.pruned_events <= (kept[0] if kept else 0)
        assert self.pruned_changes <= self.cursors.get("store", 0)

    @rule()
    def reopened(self) -> None:
        self.database.close()
        self._open()

    @rule()
    def killed(self) -> None:
        """What a killed process leaves: the files as they are, nothing closed."""
        self.opened += 1
        copy = self.home / str(self.opened) / self.path.name
        copy.parent.mkdir()
        for suffix in ("", "-wal"):
            if Path(f"{self.path}{suffix}").exists():
                shutil.copy(f"{self.path}{suffix}", f"{copy}{suffix}")
        self.database.close()
        self.path = copy
        self._open()

    @invariant()
    def file_is_as_the_model(self) -> None:
        after = self.pruned_events
        batches = self.database.read_events(after, self.last, 10_000)
        assert [(batch.first, micros(batch.at), batch.events) for batch in batches] == [
            batch for batch in self.batches if batch[0] > after
        ]
        connection = connect_reader(self.path)
        kept = read_changes(connection, self.path, 0, 1 << 60, 10_000, 1 << 60)
        assert kept == self.recorded[self.pruned_changes :]
        assert read_cursors(connection, self.path) == self.cursors
        connection.close()
        recovery = recover(self.database)
        assert (recovery.snapshot.through if recovery.snapshot else None) == max(self.snapshots, default=None)
        assert (recovery.last_offset, recovery.last_seq) == (self.last, len(self.recorded))
        start = recovery.snapshot.through if recovery.snapshot else 0
        replayed = [event for batch in recovery.replay for event in batch.events]
        assert len(replayed) == recovery.events_through - start

    def _open(self) -> None:
        self.database = LedgerFile.open(self.path)
        head = self.database.head
        assert self.durable <= head.through <= self.through
        # The fold goes on from what the file says; what it had settled without a trace is folded again.
        self.through = self.durable = head.through

    def _group(
        self, sizes: list[int], fold: list[bool], snapshot: bool, ack: int
    ) -> tuple[CommitGroup, int, list[RecordedBatch]]:
        appends, number = [], self.last
        for size in sizes:
            appends.append([SystemReport(alarm_type=str(number + n), active=True) for n in range(size)])
            number += size
        folded: list[ChangeBatch | SnapshotPiece] = []
        recorded: list[RecordedBatch] = []
        through = self.through
        for changes in fold[: self.last - self.through]:
            through += 1
            batch = ChangeBatch(through, [AlarmForgotten(through, "a")] if changes else [])
            folded.append(batch)
            if changes:
                at = instant(max(self.last_at, micros(self.now)))
                recorded.append(RecordedBatch(len(self.recorded) + len(recorded) + 1, through, batch.changes, at))
        if snapshot:
            folded.append(SnapshotPiece(through, 0, memoryview(encode_parts({"n": b"1"})), 1))
        cursors = {"store": max(self.cursors.get("store", 0), len(self.recorded) - ack)} if ack <= len(self.recorded) else {}
        return CommitGroup(now=self.now, through=through, appends=appends, folded=folded, cursors=cursors), through, recorded


def test_the_file_holds_what_the_model_holds() -> None:
    run_state_machine_as_test(
        FileAndModel,
        settings=settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)),
    )


STEP = st.one_of(st.integers(0, 4), st.sampled_from(["killed", "stopped"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12), every=st.integers(1, 6), hold=st.integers(0, 3))
def test_folding_through_restarts_comes_to_the_same(steps: list[int | str], every: int, hold: int) -> None:
    """Whatever the restarts, and however many batches were under way (``hold``), each Event is folded and recorded once."""
    with tempfile.TemporaryDirectory() as home:
        trio.run(_through_restarts, Path(home) / "ledger.sqlite", steps, every, hold)


async def _through_restarts(path: Path, steps: list[int | str], every: int, hold: int) -> None:
    sent: list[str] = []
    configured = LedgerSettings(snapshot_every_events=every, pipe_batches=4, max_batch=2)
    rest = list(steps)
    while rest:
        house = RunningLedger(path, configured, SettableClock(), None)
        async with trio.open_nursery() as nursery:
            await nursery.start(lambda task_status, house=house: house.ledger.run(task_status=task_status))
            folding = nursery.start_soon
            if not hold:
                folding(house.run_fold)
            ended = "stopped"
            while rest:
                step = rest.pop(0)
                if isinstance(step, str):
                    ended = step
                    break
                names = [f"{len(sent) + n}" for n in range(step)]
                sent += names
                append = Append([report(name) for name in names])
                await house.send.send(append)
                if hold and house.from_ledger.statistics().current_buffer_used > hold:
                    item = await house.from_ledger.receive()
                    answer = house.fold.fold(item) if isinstance(item, EventBatch) else house.fold.part(item.through)
                    await house.folded.send(answer)
            if ended == "killed":
                # An Append that was not committed may be gone: nobody was told that it was kept.
                nursery.cancel_scope.cancel()
            else:
                house.send.close()
                if hold:
                    folding(house.run_fold)
        sent = sent[: house.database.head.offset]
    async with running_ledger(path, configured) as house:
        await house.append(report("end"))
        sent.append("end")
        recorded: list[RecordedBatch] = []
        while not recorded or recorded[-1].seq < house.feed.last:
            recorded += await house.feed.after(recorded[-1].seq if recorded else 0)
    assert house.fold.seen == sent
    assert [forgotten(change).split("@")[0] for batch in recorded for change in batch.changes] == sent
