"""Reading what was recorded: at the head, behind, far behind, pruned, and after the end."""

from pathlib import Path

import pytest
import trio
import trio.lowlevel
from trio.testing import wait_all_tasks_blocked
from vocabulary.ledger import forgotten, report, running_ledger
from vocabulary.typed import of_kind

from actors.ledger.consumers import ConsumerPolicy, Consumers
from actors.ledger.database import LedgerFile
from actors.ledger.errors import CursorAhead
from actors.ledger.feed import LedgerFeed
from actors.ledger.settings import LedgerSettings
from actors.mailbox import EndOfFeed, Feed, FeedPruned
from protocols.event import SystemReport
from protocols.ledger import RecordedBatch

FEW = LedgerSettings(feed_batches=3)


async def test_a_reader_at_the_head_waits_for_the_next(path: Path) -> None:
    async with running_ledger(path) as house:
        got: list[RecordedBatch] = []

        async def read(feed: Feed) -> None:
            got.extend(await feed.after(0))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read, house.feed)
            await wait_all_tasks_blocked()
            assert got == []
            await house.append(report("a"))
        assert [batch.seq for batch in got] == [1]


async def test_a_reader_far_behind_sees_every_batch_once(path: Path) -> None:
    async with running_ledger(path, FEW) as house:
        for n in range(20):
            await house.append(report(str(n)))
        seen: list[RecordedBatch] = []
        while len(seen) < 20:
            seen += await house.feed.after(seen[-1].seq if seen else 0, limit=4)
        assert [batch.seq for batch in seen] == list(range(1, 21))
        assert [forgotten(change).split("@")[0] for batch in seen for change in batch.changes] == [str(n) for n in range(20)]
        assert len(await house.feed.after(17, limit=2)) == 2


async def test_after_the_end_the_rest_is_read_and_then_the_end_is_told(path: Path) -> None:
    async with running_ledger(path, FEW) as house:
        for n in range(10):
            await house.append(report(str(n)))
    assert [batch.seq for batch in await house.feed.after(0)] == list(range(1, 11))
    assert [batch.seq for batch in await house.feed.after(8)] == [9, 10]
    with pytest.raises(EndOfFeed):
        await house.feed.after(10)


async def test_a_waiting_reader_is_told_the_end(path: Path) -> None:
    ended = trio.Event()

    async def read(feed: Feed) -> None:
        with pytest.raises(EndOfFeed):
            await feed.after(0)
        ended.set()

    async with trio.open_nursery() as nursery:
        async with running_ledger(path) as house:
            nursery.start_soon(read, house.feed)
            await wait_all_tasks_blocked()
        await ended.wait()


async def test_all_that_a_reader_waited_for_is_pruned_before_its_turn(path: Path) -> None:
    async with running_ledger(path) as house:
        for n in range(5):
            await house.append(report(str(n)))
    database = LedgerFile.open(path)
    assert database._connection is not None
    database._connection.execute("DELETE FROM changes WHERE seq <= 4")
    database.close()
    feed = LedgerFeed(path, 3, Consumers({}, {}, 0, 3), batches=1, size=1)
    with pytest.raises(FeedPruned) as error:
        await feed.after(2)
    assert error.value.oldest == 5


async def test_a_pruned_cursor_is_told_what_is_left(path: Path) -> None:
    async with running_ledger(path) as house:
        for n in range(5):
            await house.append(report(str(n)))
    database = LedgerFile.open(path)
    assert database._connection is not None
    database._connection.execute("DELETE FROM changes WHERE seq <= 3")
    database.close()
    async with running_ledger(path) as house:
        with pytest.raises(FeedPruned) as error:
            await house.feed.after(1)
        assert (error.value.seq, error.value.oldest) == (1, 4)
        assert [batch.seq for batch in await house.feed.after(3)] == [4, 5]


async def test_a_cursor_of_another_ledger_is_refused(path: Path) -> None:
    async with running_ledger(path) as house:
        await house.append(report("a"))
        with pytest.raises(CursorAhead, match="7"):
            await house.feed.after(7)
        with pytest.raises(CursorAhead, match="store"):
            await house.feed.acknowledge("store", 7)


async def test_cursors_are_durable_within_a_second_and_at_the_end(path: Path, mock_clock: trio.testing.MockClock) -> None:
    two = {name: ConsumerPolicy(begins="oldest") for name in ("store", "notifier")}
    async with running_ledger(path, consumers=two) as house:
        for n in range(3):
            await house.append(report(str(n)))
        await house.feed.acknowledge("store", 2)
        await house.feed.acknowledge("store", 1)
        assert house.ledger.consumers.dirty
        mock_clock.jump(1)
        while house.ledger.consumers.dirty:
            await trio.lowlevel.checkpoint()
        assert house.feed.lags()["store"].acknowledged == 2
        await house.feed.acknowledge("notifier", 3)
    async with running_ledger(path, consumers=two) as again:
        assert {name: lag.acknowledged for name, lag in again.feed.lags().items()} == {"store": 2, "notifier": 3}


async def test_single_events_are_read_by_their_offsets(path: Path) -> None:
    async with running_ledger(path, FEW) as house:
        for n in range(6):
            await house.append(report(f"{n}a"), report(f"{n}b"))
        last = 12
        found = await house.feed.events_at([last, 3, 3, 4, 1, last + 1, 0, 2**62])
        assert [stamped.offset for stamped in found] == [1, 3, 4, last]
        assert [of_kind(SystemReport, stamped.event).alarm_type for stamped in found] == ["0a", "1a", "1b", "5b"]
        assert await house.feed.events_at([]) == []
