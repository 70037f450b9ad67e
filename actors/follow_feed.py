"""Following the feed, for an actor whose work waits in a stage's state: a Change is only a bell."""

from collections.abc import Callable

from actors.mailbox import EndOfFeed, Feed
from protocols.change import Change


async def follow_feed(feed: Feed, consumer: str, seq: int, ring: Callable[[Change], None]) -> None:
    """Call ``ring`` for each Change behind the batch ``seq``, and acknowledge the batches as ``consumer``. Returns when the
    feed has ended."""
    while True:
        try:
            batches = await feed.after(seq)
        except EndOfFeed:
            return
        for batch in batches:
            for change in batch.changes:
                ring(change)
            seq = batch.seq
        await feed.acknowledge(consumer, seq)
