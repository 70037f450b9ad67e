"""The ledger's actor with a real file: order, replies, the bound on batches under way, shutdown and restart."""

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from vocabulary.ledger import EPOCH, RunningLedger, SettableClock, forgotten, report, running_ledger, stamped_events

from actors.ledger.errors import FoldEnded, FoldOutOfStep
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Abandoned, Append, EndOfFeed, EventRefused, LedgerUnavailable, Outcome, Reply
from protocols.event import NetworkEvent, Stamped, Tick
from protocols.ledger import EventBatch, SnapshotMarker


def offsets_of(outcome: Outcome) -> list[list[int]]:
    return [[change.offset for change in changes] for changes in outcome.changes]


async def test_events_get_offsets_and_their_changes_come_back(path: Path) -> None:
    async with running_ledger(path) as house:
        first = await house.append(report("a"), report("b"))
        second = await house.append(report("c"))
        assert (first.first, first.seq, offsets_of(first)) == (1, 1, [[1], [2]])
        assert (second.first, second.seq, offsets_of(second)) == (3, 2, [[3]])
        assert house.feed.last == 2
        assert [batch.through for batch in await house.feed.after(0)] == [2, 3]
        assert house.metric("faultd_events_total", kind="system") == 3
        assert house.metric("faultd_ledger_offset") == 3


async def test_what_comes_to_nothing_is_answered_with_seq_0(path: Path) -> None:
    async with running_ledger(path) as house:
        assert await house.append(Tick()) == Outcome(1, 0, ((),))
        assert await house.append() == Outcome(2, 0, ())
        assert (await house.append(report("a"))).seq == 1


async def test_an_answer_has_only_its_own_changes(path: Path) -> None:
    async with running_ledger(path) as house:
        appends = [Append([report(str(n)), Tick()], Reply[int](), Reply[Outcome]()) for n in range(20)]
        for append in appends:
            house.send.send_nowait(append)
        for n, append in enumerate(appends):
            assert append.committed is not None
            assert append.answered is not None
            assert await append.committed.wait() == 2 * n + 1
            outcome = await append.answered.wait()
            assert offsets_of(outcome) == [[2 * n + 1], []]
            recorded = (await house.feed.after(outcome.seq - 1, 1))[0]
            assert outcome.changes[0][0] in recorded.changes


async def test_committed_comes_before_the_fold_and_answered_after_the_record(path: Path) -> None:
    async with running_ledger(path, folding=False) as house:
        append = Append([report("a")], Reply[int](), Reply[Outcome]())
        house.send.send_nowait(append)
        assert append.committed is not None
        assert append.answered is not None
        assert await append.committed.wait() == 1
        batch = await house.next_batch()
        assert [stamped.event for stamped in stamped_events(path)] == list(batch.events)
        await wait_all_tasks_blocked()
        assert not append.answered.done
        await house.folded.send(house.fold.fold(batch))
        assert (await append.answered.wait()).seq == house.feed.last == 1
        house.send.close()
        await house.run_fold()


async def test_a_stuck_fold_stops_appends_but_not_changes(path: Path) -> None:
    settings = LedgerSettings(pipe_batches=2, max_batch=1)
    async with running_ledger(path, settings, folding=False) as house:
        appends = [Append([report(str(n))], Reply[int]()) for n in range(5)]
        for append in appends:
            house.send.send_nowait(append)
        assert appends[1].committed is not None
        assert await appends[1].committed.wait() == 2
        await wait_all_tasks_blocked(0.01)
        assert [append.committed.done for append in appends if append.committed] == [True, True, False, False, False]
        await house.folded.send(house.fold.fold(await house.next_batch()))
        assert (await house.feed.after(0))[0].through == 1
        assert appends[2].committed is not None
        assert await appends[2].committed.wait() == 3
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.run_fold)
            assert appends[4].committed is not None
            assert await appends[4].committed.wait() == 5
            house.send.close()
    assert len(house.fold.seen) == 5


async def test_the_clock_going_back_does_not_take_the_stamps_with_it(path: Path) -> None:
    clock = SettableClock()
    async with running_ledger(path, clock=clock) as house:
        await house.append(Tick())
        clock.advance(seconds=-3600)
        await house.append(Tick())
        clock.advance(seconds=7200, microseconds=1)
        await house.append(Tick())
    clock.advance(days=-1)
    async with running_ledger(path, clock=clock) as house:
        await house.append(Tick())
    stamps = [(stamped.at - EPOCH).total_seconds() for stamped in stamped_events(path)]
    assert stamps == [0.0, 0.0, 3600.000001, 3600.000001]


async def test_a_graceful_end_leaves_a_snapshot_of_everything(path: Path) -> None:
    async with running_ledger(path) as house:
        for n in range(10):
            house.send.send_nowait(Append([report(str(n))]))
    with pytest.raises(EndOfFeed):
        await house.feed.after(house.feed.last)
    async with running_ledger(path) as again:
        assert again.recovery.snapshot is not None
        assert again.recovery.snapshot.through == again.recovery.events_through == again.recovery.last_offset == 10
        assert again.recovery.last_seq == house.feed.last
        assert again.fold.seen == [str(n) for n in range(10)]
        assert again.ledger.failure is None
    assert again.database.ledger_id == house.database.ledger_id


async def test_events_without_changes_on_disk_are_folded_first_after_a_restart(path: Path) -> None:
    house = RunningLedger(path, LedgerSettings(), SettableClock(), None)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: house.ledger.run(task_status=task_status))
        for n in range(3):
            append = Append([report(str(n))], Reply[int](), Reply[Outcome]())
            await house.send.send(append)
            assert append.committed is not None
            await append.committed.wait()
        batches = [await house.next_batch() for _ in range(3)]
        await house.folded.send(house.fold.fold(batches[0]))
        await house.feed.after(0)
        nursery.cancel_scope.cancel()
    assert append.answered is not None
    with pytest.raises(Abandoned):
        await append.answered.wait()
    async with running_ledger(path) as again:
        assert (again.recovery.events_through, again.recovery.last_offset) == (1, 3)
        outcome = await again.append(report("3"))
        assert (outcome.first, outcome.seq) == (4, 4)
        recorded = await again.feed.after(0)
        assert [forgotten(change).split("@")[0] for batch in recorded for change in batch.changes] == ["0", "1", "2", "3"]
        assert again.fold.seen == ["0", "1", "2", "3"]


async def test_an_event_that_cannot_be_encoded_is_refused_alone(path: Path) -> None:
    odd = NetworkEvent(type="device.up", tenant_id="t", resource_type="r", resource_id="i", metadata={"n": 1 << 70})
    async with running_ledger(path) as house:
        appends = [Append([event], Reply[int](), Reply[Outcome]()) for event in (report("a"), odd, report("b"))]
        for append in appends:
            house.send.send_nowait(append)
        firsts: list[int | None] = []
        for append in appends:
            assert append.committed is not None
            try:
                firsts.append(await append.committed.wait())
            except EventRefused:
                firsts.append(None)
        assert firsts == [1, None, 2]
        assert appends[1].answered is not None
        with pytest.raises(LedgerUnavailable):
            await appends[1].answered.wait()
        assert house.metric("faultd_ledger_refused_events_total") == 1
    assert [stamped.offset for stamped in stamped_events(path)] == [1, 2]


async def test_snapshots_are_taken_every_so_many_events(path: Path) -> None:
    async with running_ledger(path, LedgerSettings(snapshot_every_events=3), folding=False) as house:
        marked: list[int] = []
        for n in range(7):
            house.send.send_nowait(Append([report(str(n))]))
            item = await house.from_ledger.receive()
            if isinstance(item, SnapshotMarker):
                marked.append(item.through)
                await house.folded.send(house.fold.part(item.through))
                item = await house.from_ledger.receive()
            assert isinstance(item, EventBatch)
            await house.folded.send(house.fold.fold(item))
        assert marked == [3, 6]
        house.send.close()
        await house.run_fold()


async def test_a_quiet_ledger_takes_a_snapshot_by_time_once(path: Path, mock_clock: trio.testing.MockClock) -> None:
    async with running_ledger(path, LedgerSettings(snapshot_every_seconds=600), folding=False) as house:
        house.send.send_nowait(Append([report("a")]))
        batch = await house.next_batch()
        await house.folded.send(house.fold.fold(batch))
        await house.feed.after(0)
        mock_clock.jump(599)
        await wait_all_tasks_blocked(0.01)
        with pytest.raises(trio.WouldBlock):
            house.from_ledger.receive_nowait()
        mock_clock.jump(1)
        assert await house.from_ledger.receive() == SnapshotMarker(1)
        await house.folded.send(house.fold.part(1))
        mock_clock.jump(6000)
        await wait_all_tasks_blocked(0.01)
        with pytest.raises(trio.WouldBlock):
            house.from_ledger.receive_nowait()
        house.send.close()
        await house.run_fold()


@pytest.mark.parametrize("through", [0, 2])
async def test_changes_for_offsets_that_were_not_sent_end_the_ledger(path: Path, through: int) -> None:
    with pytest.RaisesGroup(FoldOutOfStep, flatten_subgroups=True, allow_unwrapped=True):
        async with running_ledger(path, folding=False) as house:
            house.send.send_nowait(Append([Tick()]))
            await house.from_ledger.receive()
            await house.folded.send(EventBatch(1, EPOCH, [Tick()] * through))
            await trio.sleep_forever()


async def test_a_batch_that_comes_back_twice_ends_the_ledger(path: Path) -> None:
    with pytest.RaisesGroup(FoldOutOfStep, flatten_subgroups=True, allow_unwrapped=True):
        async with running_ledger(path, folding=False) as house:
            house.send.send_nowait(Append([report("a")]))
            folded = house.fold.fold(await house.next_batch())
            for _ in range(2):
                await house.folded.send(folded)
            await trio.sleep_forever()


async def test_a_fold_that_leaves_ends_the_ledger(path: Path) -> None:
    with pytest.RaisesGroup(FoldEnded, flatten_subgroups=True, allow_unwrapped=True):
        async with running_ledger(path, folding=False) as house:
            append = Append([Tick()], None, Reply[Outcome]())
            house.send.send_nowait(append)
            await house.from_ledger.receive()
            house.folded.close()
            await trio.sleep_forever()
    assert append.answered is not None
    with pytest.raises(Abandoned):
        await append.answered.wait()


async def test_a_batch_may_come_back_in_parts(path: Path) -> None:
    async with running_ledger(path, folding=False) as house:
        append = Append([report("a"), report("b"), report("c")], None, Reply[Outcome]())
        house.send.send_nowait(append)
        batch = await house.next_batch()
        whole = house.fold.fold(batch)
        await house.folded.send(EventBatch(1, batch.at, batch.events[:1], whole.changes[:1]))
        await house.feed.after(0)
        await house.folded.send(EventBatch(2, batch.at, batch.events[1:], whole.changes[1:]))
        assert append.answered is not None
        outcome = await append.answered.wait()
        assert (outcome.seq, [change for (change,) in outcome.changes]) == (2, list(whole.changes))
        house.send.close()
        await house.run_fold()


async def test_stamped_events_are_read_while_the_daemon_writes(path: Path) -> None:
    async with running_ledger(path) as house:
        await house.append(report("a"), report("b"))
        await house.append(report("c"))
        assert list(stamped_events(path, after=1)) == [
            Stamped(2, EPOCH, report("b")),
            Stamped(3, EPOCH, report("c")),
        ]
        assert [stamped.offset for stamped in stamped_events(path, through=2)] == [1, 2]
