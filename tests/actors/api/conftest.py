"""An API to ask, with and without a database behind it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from trio.testing import MockClock
from vocabulary.api import RunningApi

from actors.postgres import Postgres
from actors.store.apply import apply
from actors.store.cursor import read_cursor
from protocols.ledger import RecordedBatch


@pytest.fixture
def lab(tmp_path: Path) -> RunningApi:
    return RunningApi(tmp_path)


@pytest.fixture
def make_lab(tmp_path: Path) -> Callable[..., RunningApi]:
    return lambda database=None, **settings: RunningApi(tmp_path, database, **settings)


@pytest.fixture
def virtual_clock() -> MockClock:
    """Virtual time. The kernel carries the bytes in real time, so the clock jumps only when nothing has moved for a while."""
    return MockClock(autojump_threshold=0.05)


@pytest.fixture
async def stored_lab(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> AsyncIterator[RunningApi]:
    """A lab whose reads come from a real PostgreSQL, filled by the store's own code as commands are answered."""
    async with Postgres.open(database_url) as database:
        lab = RunningApi(tmp_path, database, **getattr(request, "param", {}))
        lab.seq = (await database.run(read_cursor, "ledger")).seq

        async def store(batch: RecordedBatch) -> None:
            rejected = await database.run(apply, "ledger", batch.seq - 1, batch.seq, batch.changes, lab.months)
            assert rejected == []

        lab.store = store
        yield lab
