"""What leaves the ledger: the old and the too much, never what a restart or a consumer needs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel
from vocabulary.ledger import SettableClock, report, running_ledger, stamped_events

from actors.ledger.codec import encode_parts
from actors.ledger.database import LedgerFile
from actors.ledger.errors import NoUsableSnapshot
from actors.ledger.group import CommitGroup, SnapshotPiece
from actors.ledger.prune import PruneLimits
from actors.ledger.recovery import recover
from actors.ledger.settings import LedgerSettings
from actors.trusted_clock import micros
from protocols.change import AlarmForgotten
from protocols.event import NetworkEvent, Tick
from protocols.ledger import ChangeBatch

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAR = micros(NOW + timedelta(days=365))
HUGE = 1 << 40


def piece(through: int, number: int = 0, pieces: int = 1) -> SnapshotPiece:
    body = memoryview(encode_parts({"fold": str(through).encode()}))
    return SnapshotPiece(through, number, body, pieces)


def filled(path: Path, batches: int = 20, size: int = 0) -> LedgerFile:
    """A ledger of ``batches`` batches of 2 Events, a day apart, each with recorded Changes."""
    database = LedgerFile.open(path)
    event = NetworkEvent(type="device.up", tenant_id="t", resource_type="r", resource_id="i", description="x" * size)
    for n in range(1, batches + 1):
        group = CommitGroup(now=NOW + timedelta(days=n - 1), through=2 * n - 2, appends=[[event, Tick()]])
        database.write(group)
        database.write(CommitGroup(now=NOW, through=2 * n, folded=[ChangeBatch(2 * n, [AlarmForgotten(2 * n, "a" * size)])]))
    return database


def offsets(path: Path) -> list[int]:
    return [stamped.offset for stamped in stamped_events(path)]


def kept_changes(database: LedgerFile) -> list[int]:
    assert database._connection is not None
    return [seq for (seq,) in database._connection.execute("SELECT seq FROM changes ORDER BY seq")]


def test_without_a_snapshot_no_event_leaves(path: Path) -> None:
    database = filled(path)
    assert database.prune(PruneLimits(FAR, HUGE)).events == 0
    assert offsets(path) == list(range(1, 41))
    database.close()


def test_events_leave_after_their_retention_but_not_beyond_the_older_snapshot(path: Path) -> None:
    database = filled(path)
    for through in (8, 20, 36):
        database.write(CommitGroup(now=NOW, through=40, folded=[piece(through)]))
    assert database.prune(PruneLimits(micros(NOW + timedelta(days=5)), HUGE)).events == 10
    assert offsets(path) == list(range(11, 41))
    assert database.prune(PruneLimits(FAR, HUGE)).events == 10
    assert offsets(path) == list(range(21, 41))
    recovery = recover(database)
    assert recovery.snapshot is not None
    assert recovery.snapshot.through == 36
    older = recover(database, lambda snapshot: snapshot.through != 36)
    assert older.snapshot is not None
    assert older.snapshot.through == 20
    assert [batch.first for batch in older.replay] == list(range(21, 41, 2))
    with pytest.raises(NoUsableSnapshot, match="21"):
        recover(database, lambda snapshot: False)
    database.close()


def snapshots(database: LedgerFile) -> list[int]:
    assert database._connection is not None
    return [through for (through,) in database._connection.execute("SELECT through FROM snapshots ORDER BY through")]


def test_older_snapshots_stay_apart_as_long_as_their_events_do(path: Path) -> None:
    """A snapshot a day, and of 7 days' Events one every second day beside the two newest."""
    database = LedgerFile.open(path)
    day = micros(NOW + timedelta(days=1)) - micros(NOW)
    seen = []
    for n in range(1, 21):
        now = NOW + timedelta(days=n - 1)
        database.write(CommitGroup(now=now, through=2 * n - 2, appends=[[Tick(), Tick()]]))
        database.write(CommitGroup(now=now, through=2 * n, folded=[piece(2 * n)]))
        for _ in range(3):
            database.prune(PruneLimits(micros(now - timedelta(days=7)), HUGE, apart=2 * day))
        seen.append(snapshots(database))
    assert seen[4] == [2, 6, 8, 10]
    assert seen[9] == [6, 10, 14, 18, 20], "the Events behind the first have left, so it has too"
    assert seen[19] == [26, 30, 34, 38, 40]
    assert offsets(path)[0] == 25, "an older snapshot keeps no Event, and its own are all there"
    assert all(len(each) <= 6 for each in seen)
    recovery = recover(database, lambda snapshot: snapshot.through < 30)
    assert recovery.snapshot is not None
    assert recovery.snapshot.through == 26
    assert [batch.first for batch in recovery.replay] == list(range(27, 41, 2))
    database.close()


def test_older_snapshots_take_a_quarter_of_the_bytes_at_most_and_the_newest_of_them_stay(path: Path) -> None:
    database = LedgerFile.open(path)
    body = memoryview(encode_parts({"fold": bytes(100_000)}))
    for n in range(1, 7):
        now = NOW + timedelta(days=n - 1)
        database.write(CommitGroup(now=now, through=n - 1, appends=[[Tick()]]))
        database.write(CommitGroup(now=now, through=n, folded=[SnapshotPiece(n, 0, body, 1)]))
    for max_bytes, left in ((HUGE, [1, 2, 3, 4, 5, 6]), (1_000_000, [3, 4, 5, 6]), (500_000, [4, 5, 6]), (10, [5, 6])):
        database.prune(PruneLimits(0, max_bytes, apart=1))
        assert snapshots(database) == left
    database.close()


def test_a_single_snapshot_may_be_unusable_so_with_it_no_event_leaves(path: Path) -> None:
    database = filled(path)
    database.write(CommitGroup(now=NOW, through=40, folded=[piece(20)]))
    assert database.prune(PruneLimits(FAR, 0)).events == 0
    recovery = recover(database, lambda snapshot: False)
    assert recovery.snapshot is None
    assert [batch.first for batch in recovery.replay] == list(range(1, 41, 2))
    database.write(CommitGroup(now=NOW, through=40, folded=[piece(36)]))
    assert database.prune(PruneLimits(FAR, 0)).events == 20
    assert offsets(path) == list(range(21, 41))
    database.close()


def test_changes_stay_while_a_consumer_needs_them(path: Path) -> None:
    database = filled(path)
    database.prune(PruneLimits(FAR, HUGE, 0))
    assert kept_changes(database)[0] == 1
    database.prune(PruneLimits(FAR, HUGE, 7))
    assert kept_changes(database) == list(range(8, 21))
    database.prune(PruneLimits(FAR, HUGE, 20))
    assert kept_changes(database) == [20]
    database.close()
    again = LedgerFile.open(path)
    assert (again.head.offset, again.head.seq) == (40, 20)
    again.close()


def test_too_many_bytes_push_the_oldest_out_in_bounded_steps(path: Path) -> None:
    database = filled(path, batches=30, size=500_000)
    database.write(CommitGroup(now=NOW, through=60, folded=[piece(58), piece(60)]))
    limits = PruneLimits(0, 12_000_000, 30)
    steps = [database.prune(limits)]
    while steps[-1].more:
        steps.append(database.prune(limits))
    assert len(steps) > 1
    assert all(step.events <= 20 for step in steps)
    left = offsets(path)
    assert left == list(range(left[0], 61))
    assert 1 < left[0] < 60
    assert database.prune(limits).events == 0
    database.close()


def test_replaced_snapshots_leave_piece_by_piece_and_an_unfinished_one_never_counts(path: Path) -> None:
    database = filled(path, batches=5)
    for through in (2, 4, 6):
        body = memoryview(encode_parts({"fold": b"z" * 100}))
        for number in range(3):
            part = SnapshotPiece(through, number, body[number * 40 : (number + 1) * 40], 3)
            database.write(CommitGroup(now=NOW, through=10, folded=[part]))
    database.write(CommitGroup(now=NOW, through=10, folded=[piece(8, 0, 2)]))
    limits = PruneLimits(0, HUGE)
    steps = 1
    while database.prune(limits).more:
        steps += 1
    assert steps == 3
    assert database._connection is not None
    kept = database._connection.execute("SELECT DISTINCT through FROM snapshot_pieces ORDER BY 1").fetchall()
    assert kept == [(4,), (6,), (8,)]
    recovery = recover(database)
    assert recovery.snapshot is not None
    assert (recovery.snapshot.through, recovery.snapshot.parts) == (6, {"fold": b"z" * 100})
    database.write(CommitGroup(now=NOW, through=10, folded=[piece(10)]))
    while database.prune(limits).more:
        pass
    kept = database._connection.execute("SELECT DISTINCT through FROM snapshot_pieces ORDER BY 1").fetchall()
    assert kept == [(6,), (10,)]
    database.close()


async def until_pruned(house: Any, mock_clock: trio.testing.MockClock) -> None:
    """Wait until a pruning has ended: the one that was under way, else the next, half a minute later."""
    ended, measured = trio.Event(), house.metrics.ledger_bytes.set

    def told(size: float) -> None:
        measured(size)
        ended.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.metrics.ledger_bytes, "set", told)
        mock_clock.jump(31)
        await ended.wait()


async def test_the_actor_prunes_while_it_runs(path: Path, mock_clock: trio.testing.MockClock) -> None:
    clock = SettableClock()
    settings = LedgerSettings(snapshot_every_events=2, retention_days=1)
    async with running_ledger(path, settings, clock) as house:
        for n in range(6):
            outcome = await house.append(report(str(n)))
        while house.metric("faultd_snapshot_seconds_count") < 3:
            await house.append(report("x"))
        await house.feed.acknowledge("store", outcome.seq)
        clock.advance(days=2)
        await house.append(report("new"))
        while house.metric("faultd_ledger_pruned_events_total") == 0:
            await until_pruned(house, mock_clock)
        assert house.metric("faultd_ledger_bytes") > 0
    left = offsets(path)
    assert left[0] > 1
    assert left == list(range(left[0], left[-1] + 1))
    async with running_ledger(path, settings, clock) as again:
        assert again.fold.seen == house.fold.seen
