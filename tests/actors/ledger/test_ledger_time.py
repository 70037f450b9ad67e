"""The ledger's time: a jump is an Event of its own, a restart goes on from what was kept, and retention counts elapsed time."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trio
import trio.testing
from vocabulary.ledger import RunningLedger, report, running_ledger, stamped_events

from actors.clock.settings import ClockSettings
from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused, LedgerCorrupt
from actors.ledger.group import CommitGroup, Written
from actors.ledger.settings import LedgerSettings
from actors.mailbox import LedgerUnavailable
from actors.trusted_clock import TrustedClock, instant, micros
from actors.trusted_time import DAY, SECOND, ClockReading
from faultd.start_clock import started_clock
from protocols.event import ClockJumped, Stamped, SystemReport, Tick

START = datetime(2026, 1, 1, tzinfo=instant(0).tzinfo)


class SmallDisk(LedgerFile):
    """A disk that is full while ``full``."""

    full = False
    refused = 0

    def write(self, group: CommitGroup) -> Written:
        if self.full and group.step:
            self.refused += 1
            raise DiskRefused(self.path, "full")
        if self._connection is None:
            self._connect()
        assert self._connection is not None
        pages = 1 if self.full else 1 << 30
        self._connection.execute(f"PRAGMA max_page_count={pages}").fetchone()
        return super().write(group)


class Host:
    """``boot`` runs, ``ahead`` is by how much the wall is wrong, in microseconds."""

    def __init__(self) -> None:
        self.boot, self.ahead, self.name = 1_000 * SECOND, 0, "first start"

    def read(self) -> ClockReading:
        return ClockReading(self.boot, micros(START) + self.boot + self.ahead)

    def clock(self, database: LedgerFile) -> TrustedClock:
        return started_clock(self.read, self.name, database, ClockSettings())

    def error(self, at: datetime) -> float:
        """Seconds by which a stamp is off, now."""
        return (micros(at) - micros(START) - self.boot) / SECOND


@pytest.fixture
def host() -> Host:
    return Host()


def stamped(path: Path) -> list[Stamped]:
    return list(stamped_events(path))


async def believed(host: Host, house: RunningLedger, ahead: int) -> None:
    """The wall goes there and stays."""
    host.ahead = ahead
    for _ in range(7):
        host.boot += 10 * SECOND
        await house.append(Tick())


@pytest.mark.parametrize("ahead", [400 * DAY, -400 * DAY, 3600 * SECOND, -30 * SECOND])
async def test_a_jump_is_alone_in_its_batch_and_only_there_the_stamps_step(path: Path, host: Host, ahead: int) -> None:
    database = LedgerFile.open(path)
    async with running_ledger(path, clock=host.clock(database), database=database) as house:
        await house.append(Tick())
        await believed(host, house, ahead)
        first = await house.append(report("after"))
    found = stamped(path)
    jumps = [each for each in found if isinstance(each.event, ClockJumped)]
    (jump,) = jumps
    assert isinstance(jump.event, ClockJumped)
    assert jump.event.after - jump.event.before == timedelta(microseconds=ahead)
    assert jump.at == jump.event.after
    before = [each.at for each in found if each.offset < jump.offset]
    after = [each.at for each in found if each.offset > jump.offset]
    assert before == sorted(before)
    assert before[-1] <= jump.event.before
    assert after == sorted(after)
    assert after[0] >= jump.event.after
    assert host.error(found[first.first - 1].at) == ahead / SECOND
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT first, through FROM events WHERE ? BETWEEN first AND through", (jump.offset,)
        ).fetchall()
    assert rows == [(jump.offset, jump.offset)]


async def test_a_glitch_leaves_no_trace(path: Path, host: Host) -> None:
    database = LedgerFile.open(path)
    async with running_ledger(path, clock=host.clock(database), database=database) as house:
        for ahead in (0, 400 * DAY, 400 * DAY, 0, -DAY, 0):
            host.ahead = ahead
            host.boot += 5 * SECOND
            await house.append(Tick())
    assert [each.event for each in stamped(path)] == [Tick()] * 6
    assert host.error(stamped(path)[-1].at) == 0


async def test_while_the_disk_refuses_the_clock_does_not_step(
    path: Path, host: Host, mock_clock: trio.testing.MockClock
) -> None:
    database = SmallDisk.open(path)
    assert isinstance(database, SmallDisk)
    clock = host.clock(database)
    async with running_ledger(path, clock=clock, database=database) as house:
        await house.append(Tick())
        database.full = True
        host.ahead = DAY
        clock()
        host.boot += 100 * SECOND
        for attempt in range(1, 4):
            assert clock.due() is not None
            with pytest.raises(LedgerUnavailable):
                await house.append(Tick())
            assert host.error(clock()) == 0
            assert database.refused == attempt
            mock_clock.jump(10)
        database.full = False
        await house.append(Tick())
        assert host.error(clock()) == DAY / SECOND
    assert [type(each.event) for each in stamped(path)].count(ClockJumped) == 1


@pytest.mark.parametrize(
    ("passed", "ahead", "restarted", "error"),
    [
        # The host ran on: what has passed is known, whatever the wall says.
        (3600, 0, False, 0),
        (3600, 3600 * SECOND, False, 0),
        (3600, 400 * DAY, False, 0),
        (3600, -400 * DAY, False, 0),
        # It was restarted: only a wall that says something possible is believed at once.
        (3600, 0, True, 0),
        (3600, 400 * DAY, True, -3600),
        (3600, -400 * DAY, True, -3600),
    ],
)
async def test_a_restart_goes_on_after_the_time_that_has_passed(
    path: Path, host: Host, passed: int, ahead: int, restarted: bool, error: float
) -> None:
    database = LedgerFile.open(path)
    async with running_ledger(path, clock=host.clock(database), database=database) as house:
        await house.append(Tick())
    host.boot += passed * SECOND
    host.ahead = ahead
    read = host.read
    if restarted:
        host.name, started = "second start", host.boot

        def reread() -> ClockReading:
            return ClockReading(host.boot - started, micros(START) + host.boot + host.ahead)

        read = reread
    database = LedgerFile.open(path)
    clock = started_clock(read, host.name, database, ClockSettings())
    async with running_ledger(path, clock=clock, database=database) as house:
        await house.append(Tick())
        assert host.error(stamped(path)[-1].at) == error
        assert (clock.away is None) == (ahead == 0)
        host.ahead = 0
        for _ in range(7):
            host.boot += 10 * SECOND
            await house.append(Tick())
        assert host.error(stamped(path)[-1].at) == 0, "a minute after the wall is right"


async def test_a_ledger_from_the_future_comes_back(path: Path, host: Host) -> None:
    """As an earlier version left it: stamped by whatever the wall said, and with no time kept."""
    database = LedgerFile.open(path)
    database.write(CommitGroup(now=START + timedelta(days=700), through=0, appends=[[Tick()]]))
    database.close()
    database = LedgerFile.open(path)
    assert database.time is None
    async with running_ledger(path, clock=host.clock(database), database=database) as house:
        await believed(host, house, 0)
        await house.append(Tick())
    assert host.error(stamped(path)[-1].at) == 0


async def test_what_is_kept_for_days_is_kept_that_long_whatever_the_clock_says(
    path: Path, host: Host, mock_clock: trio.testing.MockClock
) -> None:
    settings = LedgerSettings(snapshot_every_events=2, retention_days=1)

    async def prune(house: RunningLedger) -> float:
        for _ in range(40):
            mock_clock.jump(31)
            await house.feed.acknowledge("store", house.feed.last)
            await house.append(report("x"))
        return float(house.metric("faultd_ledger_pruned_events_total"))

    database = LedgerFile.open(path)
    async with running_ledger(path, settings, host.clock(database), database=database) as house:
        await house.append(report("old"))
        await believed(host, house, 400 * DAY)
        assert await prune(house) == 0
    database = LedgerFile.open(path)
    async with running_ledger(path, settings, host.clock(database), database=database) as house:
        assert await prune(house) == 0, "nor after a restart"
        await believed(host, house, 0)
        assert await prune(house) == 0
        host.boot += 2 * DAY
        assert await prune(house) > 0
    assert not any(isinstance(each.event, SystemReport) and each.event.alarm_type == "old" for each in stamped(path))


# --- the row ----------------------------------------------------------------------------------------------------------------


async def keep_some_time(path: Path, host: Host) -> None:
    database = LedgerFile.open(path)
    async with running_ledger(path, clock=host.clock(database), database=database) as house:
        await house.append(Tick())


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE meta SET value = value || ' ' WHERE key = 'time'", "the checksum of its time is wrong"),
        ("UPDATE meta SET value = '1' WHERE key = 'time_seal'", "the checksum of its time is wrong"),
        ("DELETE FROM meta WHERE key = 'time_seal'", "the checksum of its time is wrong"),
    ],
)
async def test_a_time_that_was_altered_is_not_believed(path: Path, host: Host, statement: str, says: str) -> None:
    await keep_some_time(path, host)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)
    with pytest.raises(LedgerCorrupt, match=says):
        LedgerFile.open(path)


async def test_the_time_is_that_of_the_last_commit_that_the_disk_took(path: Path, host: Host) -> None:
    await keep_some_time(path, host)
    database = SmallDisk.open(path)
    assert isinstance(database, SmallDisk)
    kept = database.time
    assert kept is not None
    database.full = True
    other = type(kept)(type(kept.anchor)("another", 5))
    with pytest.raises(DiskRefused):
        database.write(
            CommitGroup(now=START, through=0, appends=[[SystemReport(alarm_type="x" * 50_000, active=True)]], time=other)
        )
    database.full = False
    assert database.time == kept
    database.probe()
    database.close()
    again = LedgerFile.open(path)
    assert again.time == kept
    again.close()
