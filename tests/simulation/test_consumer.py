"""The simulated consumer takes as long as it is allowed to, and no longer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, cast

import pytest
import trio
import trio.testing
from simulation.consumer import Effects, consume
from simulation.world import QUIET_SECONDS, World

from actors.mailbox import EndOfFeed, Feed
from protocols.ledger import RecordedBatch

BATCHES = 4_000
"""More than a jump of the clock by 400 days leaves, examined one instance an Event."""


class LongFeed:
    """So many batches, and then the end."""

    @contextmanager
    def reading(self, name: str) -> Iterator[int]:
        yield 0

    async def after(self, seq: int, most: int) -> Sequence[RecordedBatch]:
        if seq == BATCHES:
            raise EndOfFeed
        return [RecordedBatch(each, each, ()) for each in range(seq + 1, min(seq + most, BATCHES) + 1)]

    async def acknowledge(self, name: str, seq: int) -> None:
        pass


@pytest.mark.parametrize("lively", [True, False])
def test_a_consumer_is_done_within_the_time_in_which_the_world_comes_to_rest(tmp_path: Any, lively: bool) -> None:
    world = World(1, tmp_path)
    world.lively = lively
    effects = Effects("mirror", world.violate)

    async def main() -> float:
        feed = cast(Feed, LongFeed())
        await consume(feed, effects, cast(Any, None), Random(1), (1, BATCHES), lambda: False, world.pause)
        return trio.current_time()

    clock = trio.testing.MockClock(autojump_threshold=0)
    began = clock.current_time()
    lasted = trio.run(main, clock=clock) - began
    effects.drained(BATCHES)
    assert world.violation is None
    assert (lasted < QUIET_SECONDS) == (not lively)
