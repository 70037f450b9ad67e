"""Any life of the plant, straight or through any number of crashes, comes to the same alarms and the same PostgreSQL rows.

The real ledger on its real file, the real fold, the real store on a real PostgreSQL. A crash is the end of every actor at once,
wherever each of them is, with nothing drained; what comes next starts from the files.
"""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vocabulary.lives import SETUP, events
from vocabulary.world import START

from actors.ledger.database import LedgerFile as LedgerFile
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Append, Progress, Reply
from actors.metrics import Metrics
from actors.postgres import Postgres
from actors.store.actor import Store
from actors.trusted_clock import TrustedClock, even
from faultd.pipe import Pipe
from faultd.restore import restore
from protocols.event import Event

pytestmark = pytest.mark.acceptance

TABLES = {
    "alarms": "id",
    "alarm_timeline": '"offset", number',
    "device_events": '"offset", number',
    "unknown_traps": '"offset"',
    "unknown_trap_counts": "tenant_id, trap_oid",
    "quarantine": '"offset"',
    "store_rejects": "id",
}
SNAPSHOT_OFTEN = LedgerSettings(snapshot_every_events=7)

Step = tuple[datetime, Event]
crashes = st.dictionaries(st.integers(0, 42), st.integers(0, 60), max_size=4)
"""After which step, and how many turns of the scheduler after its commit: that is how far the others have come."""


class Pipeline:
    """Ledger, fold and store on their files; the time is the step's."""

    def __init__(self, file: Path, database: Postgres) -> None:
        self.file, self.database = file, database
        self.now = START

    async def live(self, steps: list[Step], first: int, crashes: dict[int, int]) -> int:
        """Run from step ``first`` until a crash or the end; the number of the step to go on with."""
        ledger_file, stages, _seq = await trio.to_thread.run_sync(restore, self.file)
        metrics = Metrics()
        pipe = Pipe(ledger_file, stages, TrustedClock(even(lambda: self.now)), metrics, SNAPSHOT_OFTEN)
        appends = pipe.appends
        store = Store(self.database, pipe.ledger.feed, ledger_file.ledger_id, Progress(), metrics)
        async with trio.open_nursery() as nursery:
            await pipe.start(nursery)
            await nursery.start(store.run)
            for number in range(first, len(steps)):
                self.now, event = steps[number]
                committed: Reply[int] = Reply()
                await appends.send(Append((event,), committed=committed))
                await committed.wait()
                if number in crashes:
                    for _ in range(crashes.pop(number)):
                        await trio.lowlevel.checkpoint()
                    nursery.cancel_scope.cancel()
                    return number + 1
            await appends.aclose()
        return len(steps)


async def rows(database: Postgres) -> dict[str, list[Any]]:
    found = {}
    for table, order in TABLES.items():
        found[table] = [dict(row) for row in await database.fetch(f"SELECT * FROM {table} ORDER BY {order}")]
    return found


async def life(url: str, empty: Path, steps: list[Step], crashes: dict[int, int]) -> dict[str, list[Any]]:
    """Live through ``steps`` on a copy of the empty ledger and an empty database; what PostgreSQL holds at the end."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(shutil.copy(empty, Path(folder) / "ledger.sqlite"))
        async with Postgres.open(url, size=2) as database:
            await database.execute(f"TRUNCATE {', '.join(TABLES)}, faultd_cursor RESTART IDENTITY")
            pipeline = Pipeline(file, database)
            at = 0
            while at < len(steps):
                at = await pipeline.live(steps, at, crashes)
            await pipeline.live(steps, at, {})
            return await rows(database)


@pytest.fixture
def empty_ledger(tmp_path: Path) -> Path:
    file = tmp_path / "empty.sqlite"
    LedgerFile.open(file).close()
    return file


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life_=events, crashes=crashes)
def test_crashes_change_neither_alarms_nor_rows(
    database_url: str, empty_ledger: Path, life_: list[tuple[int, Event]], crashes: dict[int, int]
) -> None:
    now, steps = START, [(START, event) for event in SETUP]
    for seconds, event in life_:
        now += timedelta(seconds=seconds)
        steps.append((now, event))
    straight = trio.run(life, database_url, empty_ledger, steps, {})
    broken = trio.run(life, database_url, empty_ledger, steps, dict(crashes))
    for table in TABLES:
        assert broken[table] == straight[table], table
