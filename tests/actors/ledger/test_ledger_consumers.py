"""The consumers of the feed: where each begins, what is kept for it, and what it is told when its Changes are gone."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import structlog
import trio
import trio.testing
from trio.testing import MockClock
from vocabulary.ledger import RunningLedger, SettableClock, report, running_ledger

from actors.ledger.consumers import ConsumerPolicy, Consumers
from actors.ledger.database import LedgerFile
from actors.ledger.errors import CursorAhead, UnknownConsumer
from actors.ledger.prune import PruneLimits
from actors.ledger.settings import LedgerSettings
from actors.mailbox import EndOfFeed, Feed, FeedPruned
from protocols.ledger import ConsumerLag, RecordedBatch

OLDEST, NEWEST = ConsumerPolicy(begins="oldest"), ConsumerPolicy(begins="newest")
IN_MEMORY = ConsumerPolicy(begins="newest", durable=False)
UNBOUND = ConsumerPolicy(begins="oldest", bounds_pruning=False)
ALL = 2**63 - 1
FAR = 2**62


@pytest.mark.parametrize(
    ("policy", "on_disk", "oldest", "last", "cursor", "writes"),
    [
        (OLDEST, {}, 0, 0, 0, True),
        (OLDEST, {}, 1, 9, 0, True),
        (OLDEST, {}, 5, 9, 4, True),
        (OLDEST, {"c": 7}, 5, 9, 7, False),
        (OLDEST, {"c": 2}, 5, 9, 2, False),
        (NEWEST, {}, 0, 0, 0, True),
        (NEWEST, {}, 5, 9, 9, True),
        (NEWEST, {"c": 7}, 5, 9, 7, False),
        (IN_MEMORY, {}, 5, 9, 9, False),
        (IN_MEMORY, {"c": 7}, 5, 9, 9, False),
        (ConsumerPolicy(begins="oldest", durable=False), {"c": 7}, 5, 9, 4, False),
    ],
)
def test_where_a_consumer_begins(
    policy: ConsumerPolicy, on_disk: dict[str, int], oldest: int, last: int, cursor: int, writes: bool
) -> None:
    consumers = Consumers({"c": policy}, on_disk, oldest, last)
    assert consumers.cursor("c") == cursor
    assert consumers.unwritten() == ({"c": cursor} if writes else {})


@pytest.mark.parametrize(
    ("policies", "on_disk", "through"),
    [
        ({}, {"gone": 1}, ALL),
        ({"a": OLDEST, "b": OLDEST}, {"a": 12, "b": 7, "gone": 1}, 7),
        ({"a": OLDEST, "b": UNBOUND}, {"a": 12, "b": 7}, 12),
        ({"b": UNBOUND}, {"b": 7}, ALL),
        ({"a": OLDEST}, {}, 3),
        ({"a": NEWEST}, {}, 20),
        ({"a": OLDEST, "m": IN_MEMORY}, {"a": 20, "m": 2}, 20),
    ],
)
def test_the_slowest_registered_consumer_bounds_pruning(
    policies: Mapping[str, ConsumerPolicy], on_disk: dict[str, int], through: int
) -> None:
    assert Consumers(policies, on_disk, 4, 20).prunable_through() == through


def test_an_acknowledgement_lets_changes_go_once_it_is_on_disk() -> None:
    consumers = Consumers({"a": OLDEST}, {"a": 3}, 4, 20)
    consumers.acknowledge("a", 9)
    writing = consumers.unwritten()
    consumers.acknowledge("a", 12)
    assert (consumers.cursor("a"), consumers.prunable_through()) == (12, 3)
    consumers.written(writing)
    assert (consumers.unwritten(), consumers.prunable_through()) == ({"a": 12}, 9)
    consumers.written(consumers.unwritten())
    assert (consumers.dirty, consumers.prunable_through()) == (False, 12)


def test_a_cursor_in_memory_bounds_pruning_until_its_actor_is_parked() -> None:
    consumers = Consumers({"a": OLDEST, "m": IN_MEMORY}, {"a": 20}, 1, 20)
    consumers.recorded(30, 0.0)
    consumers.acknowledge("a", 30)
    consumers.written(consumers.unwritten())
    assert consumers.prunable_through() == 20
    consumers.acknowledge("m", 25)
    assert (consumers.prunable_through(), consumers.dirty) == (25, False)
    consumers.park("m")
    consumers.park("api")
    assert consumers.prunable_through() == 30
    consumers.park("a")
    assert consumers.prunable_through() == 30


def test_what_nobody_registered_or_the_ledger_has_not_reached_is_refused() -> None:
    consumers = Consumers({"a": OLDEST}, {}, 1, 20)
    with pytest.raises(UnknownConsumer, match=r"'b' is registered.*registered are a"):
        consumers.acknowledge("b", 1)
    with pytest.raises(UnknownConsumer):
        consumers.cursor("b")
    with pytest.raises(CursorAhead):
        consumers.acknowledge("a", 21)


def test_the_lag_of_one_consumer_is_not_that_of_another() -> None:
    consumers = Consumers({"a": OLDEST, "b": OLDEST}, {"a": 20, "b": 17}, 1, 20)
    consumers.start(100.0, {"b": 60.0})
    assert [consumers.lag(name, 101.0) for name in "ab"] == [ConsumerLag(20, 0, 0.0), ConsumerLag(17, 3, 61.0)]
    consumers.recorded(22, 102.0)
    assert [consumers.lag(name, 103.0) for name in "ab"] == [ConsumerLag(20, 2, 1.0), ConsumerLag(17, 5, 63.0)]
    consumers.acknowledge("b", 20)
    consumers.acknowledge("a", 22)
    assert [consumers.lag(name, 103.0) for name in "ab"] == [ConsumerLag(22, 0, 0.0), ConsumerLag(20, 2, 1.0)]


# --- on the real file ---------------------------------------------------------------------------------------------------


class Reader:
    """A durable consumer: it takes what follows its cursor, and acknowledges what it has taken."""

    def __init__(self, name: str, feed: Feed) -> None:
        self.name, self.feed = name, feed
        self.taken: list[int] = []

    async def drain(self) -> list[int]:
        """Everything that is there now, by its ``seq``."""
        with self.feed.reading(self.name) as seq:
            while seq < self.feed.last:
                for batch in await self.feed.after(seq, 3):
                    self.taken.append(batch.seq)
                    seq = batch.seq
                await self.feed.acknowledge(self.name, seq)
        return self.taken


async def record(house: RunningLedger, count: int) -> None:
    for n in range(count):
        await house.append(report(str(n)))


def prune(path: Path, through: int) -> None:
    """Remove the Changes up to ``through``, as after their retention."""
    database = LedgerFile.open(path)
    database.prune(PruneLimits(FAR, FAR, through))
    database.close()


def on_disk(path: Path) -> dict[str, int]:
    database = LedgerFile.open(path)
    found = database.cursors()
    database.close()
    return found


async def test_acknowledging_goes_on_across_a_restart(path: Path) -> None:
    for life in range(3):
        async with running_ledger(path, consumers={"pager": OLDEST}) as house:
            await record(house, 4)
            assert await Reader("pager", house.feed).drain() == [4 * life + n for n in (1, 2, 3, 4)]
    assert on_disk(path) == {"pager": 12}


async def test_after_a_kill_what_was_not_written_comes_again(path: Path) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="killed"), flatten_subgroups=True):
        async with running_ledger(path, consumers={"pager": OLDEST}) as house:
            await record(house, 4)
            await house.feed.acknowledge("pager", 2)
            await record(house, 1)
            await house.feed.acknowledge("pager", 4)
            raise RuntimeError("killed")
    async with running_ledger(path, consumers={"pager": OLDEST}) as house:
        assert await Reader("pager", house.feed).drain() == [3, 4, 5]


async def test_new_consumers_begin_where_their_policy_says(path: Path) -> None:
    async with running_ledger(path, consumers={}) as house:
        await record(house, 9)
    prune(path, 4)
    new = {"ticketer": OLDEST, "poller": NEWEST}
    with structlog.testing.capture_logs() as logs:
        async with running_ledger(path, consumers=new) as house:
            await record(house, 2)
            assert await Reader("ticketer", house.feed).drain() == [5, 6, 7, 8, 9, 10, 11]
            assert await Reader("poller", house.feed).drain() == [10, 11]
    begun = [(line["consumer"], line["cursor"]) for line in logs if line["event"] == "consumer begins"]
    assert begun == [("ticketer", 4), ("poller", 9)]
    assert on_disk(path) == {"ticketer": 11, "poller": 11}


async def test_a_beginning_at_the_newest_is_kept_with_the_first_commit(path: Path) -> None:
    """Else what is recorded before the first acknowledgement would be skipped by a start after a crash."""
    async with running_ledger(path, consumers={}) as house:
        await record(house, 3)
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="killed"), flatten_subgroups=True):
        async with running_ledger(path, consumers={"poller": NEWEST}) as house:
            await record(house, 2)
            raise RuntimeError("killed")
    async with running_ledger(path, consumers={"poller": NEWEST}) as house:
        assert await Reader("poller", house.feed).drain() == [4, 5]


async def test_a_consumer_removed_from_the_configuration_keeps_nothing(path: Path) -> None:
    async with running_ledger(path, consumers={"store": OLDEST, "pager": OLDEST}) as house:
        await record(house, 6)
        await Reader("store", house.feed).drain()
        await house.feed.acknowledge("pager", 2)
        assert house.ledger.consumers.prunable_through() <= 2
    with structlog.testing.capture_logs() as logs:
        async with running_ledger(path, consumers={"store": OLDEST}) as house:
            assert house.ledger.consumers.prunable_through() == 6
            with pytest.raises(UnknownConsumer):
                await house.feed.acknowledge("pager", 3)
    (line,) = [line for line in logs if "not configured any more" in line["event"]]
    assert (line["consumer"], line["cursor"]) == ("pager", 2)
    assert on_disk(path) == {"store": 6, "pager": 2}, "it goes on from there should it come back soon"
    async with running_ledger(path, consumers={"store": OLDEST, "pager": NEWEST}) as house:
        assert await Reader("pager", house.feed).drain() == [3, 4, 5, 6]


async def test_a_consumer_that_was_away_past_the_retention_is_told_and_begins_from_a_seed(path: Path) -> None:
    two = {"store": OLDEST, "pager": UNBOUND}
    async with running_ledger(path, consumers=two) as house:
        await record(house, 8)
        await Reader("store", house.feed).drain()
        await house.feed.acknowledge("pager", 2)
    prune(path, 5)
    with structlog.testing.capture_logs() as logs:
        async with running_ledger(path, consumers=two) as house:
            with pytest.raises(FeedPruned) as gap:
                await Reader("pager", house.feed).drain()
            assert (gap.value.seq, gap.value.oldest) == (2, 6)
            # What a seed stands for: the State as of a batch not before the gap's end.
            await house.feed.acknowledge("pager", gap.value.oldest - 1)
            assert await Reader("pager", house.feed).drain() == [6, 7, 8]
    (line,) = [line for line in logs if "away past the retention" in line["event"]]
    assert (line["consumer"], line["cursor"], line["log_level"]) == ("pager", 2, "warning")
    assert on_disk(path) == {"store": 8, "pager": 8}


async def test_a_waiting_consumer_that_bounds_nothing_is_told_of_a_gap_while_it_runs(path: Path) -> None:
    settings = LedgerSettings(feed_batches=1)
    async with running_ledger(path, settings, consumers={"pager": UNBOUND}) as house:
        await record(house, 8)
        assert house.ledger.consumers.prunable_through() == ALL
        await trio.to_thread.run_sync(house.database.prune, PruneLimits(FAR, FAR, house.ledger.consumers.prunable_through()))
        with pytest.raises(FeedPruned):
            await Reader("pager", house.feed).drain()


async def test_lags_are_exported_by_consumer_and_remember_their_age_across_a_restart(path: Path, mock_clock: MockClock) -> None:
    clock = SettableClock()
    two = {"store": OLDEST, "stream": IN_MEMORY}
    async with running_ledger(path, clock=clock, consumers=two) as house:
        await record(house, 3)
        await house.feed.acknowledge("stream", 3)
        mock_clock.jump(5)
        assert house.metric("faultd_consumer_lag_batches", consumer="store") == 3
        assert house.metric("faultd_consumer_lag_seconds", consumer="store") == 5
        assert house.metric("faultd_consumer_lag_batches", consumer="stream") == 0
        assert house.metric("faultd_consumer_lag_seconds", consumer="stream") == 0
    clock.advance(hours=2)
    async with running_ledger(path, clock=clock, consumers=two) as house:
        assert house.feed.lags() == {"store": ConsumerLag(0, 3, 7200.0), "stream": ConsumerLag(3, 0, 0.0)}
        mock_clock.jump(5)
        assert house.metric("faultd_consumer_lag_seconds", consumer="store") == 7205
        await Reader("store", house.feed).drain()
        assert house.feed.lags()["store"] == ConsumerLag(3, 0, 0.0)


async def test_a_ledger_that_stops_keeps_what_its_consumers_acknowledge_of_the_rest(
    path: Path, autojump_clock: MockClock
) -> None:
    taken: list[RecordedBatch] = []

    async def follow(feed: Feed) -> None:
        with feed.reading("pager") as seq:
            while True:
                try:
                    batches = await feed.after(seq, 2)
                except EndOfFeed:
                    return
                await trio.sleep(10)
                taken.extend(batches)
                seq = batches[-1].seq
                await feed.acknowledge("pager", seq)

    async with trio.open_nursery() as nursery, running_ledger(path, consumers={"pager": OLDEST}) as house:
        nursery.start_soon(follow, house.feed)
        await record(house, 5)
    assert [batch.seq for batch in taken] == [1, 2, 3, 4, 5]
    assert on_disk(path) == {"pager": 5}


async def test_a_consumer_that_hangs_at_the_end_costs_no_other_its_cursor(path: Path, autojump_clock: MockClock) -> None:
    async def hang(feed: Feed) -> None:
        with feed.reading("store"):
            await trio.sleep_forever()

    async def acknowledge_at_the_end(house: RunningLedger, drain: trio.CancelScope) -> None:
        with house.feed.reading("pager"):
            with pytest.raises(EndOfFeed):
                await house.feed.after(3)
            await house.feed.acknowledge("pager", 3)
            while house.ledger.consumers.dirty:  # noqa: ASYNC110 - virtual time costs nothing
                await trio.sleep(1)
            drain.cancel()
            await trio.sleep_forever()

    two = {"store": OLDEST, "pager": OLDEST}
    with trio.CancelScope() as drain:
        async with trio.open_nursery() as nursery, running_ledger(path, consumers=two) as house:
            await record(house, 3)
            nursery.start_soon(hang, house.feed)
            nursery.start_soon(acknowledge_at_the_end, house, drain)
            await trio.testing.wait_all_tasks_blocked()
    assert drain.cancelled_caught
    assert on_disk(path) == {"store": 0, "pager": 3}
