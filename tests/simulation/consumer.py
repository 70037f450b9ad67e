"""Durable consumers of the feed, as a mirror of the alarms is, and a record of their effects outside of the daemon.

An effect outside outlasts a crash of the daemon, and so does :class:`Effects`. Each batch comes at least once and in order, and
a consumer is told of every batch that it does not get.
"""

from collections.abc import Awaitable, Callable
from random import Random

import trio

from actors.ledger.consumers import ConsumerPolicy
from actors.mailbox import EndOfFeed, Feed, FeedPruned
from protocols.ledger import RecordedBatch, Seed

POLICIES = {
    "mirror": ConsumerPolicy(begins="oldest"),
    "probe": ConsumerPolicy(begins="newest", bounds_pruning=False),
}


class Effects:
    """The effects of one consumer, over all processes. ``violate`` takes the first thing that is wrong."""

    def __init__(self, name: str, violate: Callable[[str], None]) -> None:
        self.name, self._violate = name, violate
        self.policy = POLICIES[name]
        self._done: int | None = None
        """The newest batch that it has handled or was told to leave out; None before the first."""
        self._at = 0
        self._was_away = False
        self._told = 0
        """The last batch of the newest gap of which it was told."""

    def away(self) -> None:
        """A process starts without this consumer: the ledger keeps nothing for it."""
        self._was_away = True

    def begins(self, cursor: int, oldest: int, newest: int) -> None:
        """A process starts it at ``cursor``. ``oldest`` and ``newest`` are the batches on the ledger when it was opened."""
        if self._done is None:
            expected = newest if self.policy.begins == "newest" else max(0, oldest - 1)
            # A process that was killed before the first batch may have left an older cursor.
            if cursor > expected:
                self._violate(f"{self.name} begins at {cursor}, and its policy says {expected}")
        elif cursor > self._done:
            self._violate(f"{self.name} begins at {cursor}, and has handled the batches up to {self._done}")
        self._at = cursor

    def handles(self, batch: RecordedBatch) -> None:
        """It acts on a batch."""
        if batch.seq != self._at + 1:
            self._violate(f"{self.name} is given batch {batch.seq} after {self._at}")
        self._at = batch.seq
        self._done = max(self._done or 0, batch.seq)

    def leaves_out(self, gap: FeedPruned, seed: int) -> None:
        """It is told that batches are gone, and goes on behind them from a seed as of batch ``seed``."""
        # After a crash it may be told again of a gap of which it was told before.
        if self.policy.bounds_pruning and not self._was_away and gap.oldest - 1 > self._told:
            self._violate(f"{self.name} bounds pruning, and {gap}")
        if gap.seq != self._at or gap.oldest <= self._at + 1:
            self._violate(f"{self.name} is at {self._at}, and {gap}")
        if seed < gap.oldest - 1:
            self._violate(f"{self.name} is given the state as of batch {seed}, and {gap}")
        self._was_away = False
        self._at = self._told = gap.oldest - 1
        self._done = max(self._done or 0, self._at)

    def drained(self, newest: int) -> None:
        """The process has ended in order."""
        if self._at != newest:
            self._violate(f"{self.name} ended at batch {self._at} of {newest}")


async def consume(
    feed: Feed,
    effects: Effects,
    seed: Callable[[], Awaitable[Seed]],
    rng: Random,
    kept: tuple[int, int],
    dead: Callable[[], bool],
    pause: Callable[[], float],
) -> None:
    """Handle every batch until the feed ends. ``kept`` are the oldest and the newest batch when the ledger was opened. After a
    crash ``dead`` is true, and there are no more effects. ``pause``: the longest pause after a batch, in seconds."""
    with feed.reading(effects.name) as seq:
        effects.begins(seq, *kept)
        while not dead():
            try:
                batches = await feed.after(seq, rng.randint(1, 8))
            except EndOfFeed:
                return
            except FeedPruned as gap:
                state = await seed()
                if dead():
                    return
                effects.leaves_out(gap, state.seq)
                seq = gap.oldest - 1
                await feed.acknowledge(effects.name, seq)
                continue
            for batch in batches:
                if rng.random() < 0.3:
                    await trio.sleep(rng.uniform(0, pause()))
                if dead():
                    return
                effects.handles(batch)
                seq = batch.seq
                if rng.random() < 0.7:
                    await feed.acknowledge(effects.name, seq)
            await feed.acknowledge(effects.name, seq)
