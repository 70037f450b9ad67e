"""A disk that refuses: real SQLITE_FULL by a page limit, and real write errors by a limit on file size."""

import resource
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.lowlevel
from vocabulary.ledger import EPOCH, RunningLedger, report, running_ledger, stamped_events

from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused
from actors.ledger.group import CommitGroup
from actors.ledger.read import read_changes
from actors.ledger.schema import connect_reader
from actors.mailbox import Append, LedgerUnavailable, Outcome, Reply
from protocols.change import AlarmForgotten
from protocols.event import Event, NetworkEvent, SystemReport
from protocols.ledger import ChangeBatch, EventBatch


class SmallDisk(LedgerFile):
    """A database whose file may have ``pages`` pages."""

    pages = 1 << 30

    def _connect_writer(self) -> sqlite3.Connection:
        connection = super()._connect_writer()
        connection.execute(f"PRAGMA max_page_count={self.pages}").fetchone()
        return connection

    def limit(self, pages: int) -> None:
        self.pages = pages
        if self._connection is not None:
            self._connection.execute(f"PRAGMA max_page_count={pages}").fetchone()


def big(name: str) -> NetworkEvent:
    """An Event of several pages."""
    return NetworkEvent(type="device.up", tenant_id="t", resource_type="r", resource_id=name, description="x" * 20_000)


async def refusals(house: RunningLedger) -> tuple[int, LedgerUnavailable]:
    """Append large Events until one is refused: how many were taken, and the refusal."""
    for taken in range(1000):
        append = Append([big(str(taken))], Reply[int](), Reply[Outcome]())
        await house.send.send(append)
        assert append.committed is not None
        try:
            await append.committed.wait()
        except LedgerUnavailable as error:
            assert append.answered is not None
            with pytest.raises(LedgerUnavailable):
                await append.answered.wait()
            return taken, error
    raise AssertionError("the disk never was full")


async def accepted(house: RunningLedger, event: Event) -> Outcome:
    """Append until the ledger takes it."""
    while True:
        try:
            return await house.append(event)
        except LedgerUnavailable:
            await trio.lowlevel.checkpoint()


async def test_a_full_disk_refuses_events_and_recovers(path: Path) -> None:
    database = SmallDisk.open(path)
    assert isinstance(database, SmallDisk)
    async with running_ledger(path, database=database) as house:
        await house.append(report("before"))
        database.limit(60)
        taken, error = await refusals(house)
        assert "full" in str(error)
        assert house.ledger.failure is not None
        assert house.metric("faultd_ledger_failures_total") >= 1
        assert house.metric("faultd_ledger_refused_events_total") >= 1
        database.limit(1 << 30)
        outcome = await accepted(house, report("after"))
        assert house.ledger.failure is None
        assert outcome.seq == house.feed.last
    events = [stamped.event for stamped in stamped_events(path)]
    assert [stamped.offset for stamped in stamped_events(path)] == list(range(1, len(events) + 1))
    assert [event.resource_id for event in events if isinstance(event, NetworkEvent)] == [str(n) for n in range(taken)]
    names = [name for name in house.fold.seen if name != "-"]
    assert names[0] == "before"
    assert sorted(names[1:]) == ["after", "ledger.unwritable", "ledger.unwritable"]


async def test_a_report_that_is_to_be_kept_is_on_disk_once_after_the_outage(path: Path) -> None:
    database = SmallDisk.open(path)
    assert isinstance(database, SmallDisk)
    async with running_ledger(path, database=database) as house:
        database.limit(60)
        await refusals(house)
        for name in ("kept first", "kept second"):
            await house.send.send(Append([report(name)], keep=True))
        lost = Append([report("lost")], Reply[int]())
        await house.send.send(lost)
        assert lost.committed is not None
        with pytest.raises(LedgerUnavailable):
            await lost.committed.wait()
        database.limit(1 << 30)
        await accepted(house, report("after"))
    names = [stamped.event.alarm_type for stamped in stamped_events(path) if isinstance(stamped.event, SystemReport)]
    assert names.index("kept first") < names.index("kept second")
    assert sorted(names) == ["after", "kept first", "kept second", "ledger.unwritable", "ledger.unwritable"]


async def test_a_report_that_can_never_be_encoded_is_not_kept(path: Path) -> None:
    async with running_ledger(path) as house:
        await house.send.send(Append([SystemReport(alarm_type="\ud800", active=True)], keep=True))
        await house.append(report("after"))
        assert house.metric("faultd_ledger_refused_events_total") == 1


async def test_changes_are_kept_and_written_when_the_disk_is_back(path: Path) -> None:
    database = SmallDisk.open(path)
    assert isinstance(database, SmallDisk)
    async with running_ledger(path, database=database, folding=False) as house:
        append = Append([report("a")], Reply[int](), Reply[Outcome]())
        house.send.send_nowait(append)
        await house.from_ledger.receive()
        second = Append([report("b")], None, Reply[Outcome]())
        house.send.send_nowait(second)
        await house.from_ledger.receive()
        house.fold.seen += ["a", "b"]
        database.limit(1)
        many = [AlarmForgotten(1, "y" * 30_000)]
        await house.folded.send(EventBatch(1, EPOCH, append.events, many))
        while house.ledger.failure is None:
            await trio.lowlevel.checkpoint()
        await house.folded.send(EventBatch(2, EPOCH, second.events, [AlarmForgotten(2, "z")]))
        assert append.answered is not None
        assert second.answered is not None
        assert not append.answered.done
        assert house.feed.last == 0
        database.limit(1 << 30)
        outcome = await append.answered.wait()
        assert (outcome.seq, list(outcome.changes[0])) == (1, many)
        assert (await second.answered.wait()).seq == 2
        assert [list(batch.changes) for batch in await house.feed.after(0)] == [many, [AlarmForgotten(2, "z")]]
        house.send.close()
        await house.run_fold()


@pytest.fixture
def file_limit() -> Iterator[None]:
    """Puts the process's limit on file size back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("file_limit")
def test_a_write_error_in_the_log_keeps_nothing_of_the_commit(path: Path) -> None:
    database = LedgerFile.open(path)
    group = CommitGroup(now=EPOCH, through=0, appends=[[big("a")]])
    assert database.write(group).firsts == [1]
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in range(0, 30_000, 2_500):
        resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{path}-wal").stat().st_size + room, hard))
        refused = CommitGroup(now=EPOCH, through=0, appends=[[big("refused")] * 2])
        with pytest.raises(DiskRefused):
            database.write(refused)
        with pytest.raises(DiskRefused):
            database.write(refused)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        before = database.head.offset
        assert database.write(group).firsts == [before + 1]
    head = database.head
    database.close()
    again = LedgerFile.open(path)
    assert again.head == head
    again.close()
    events = [stamped.event for stamped in stamped_events(path)]
    assert all(isinstance(event, NetworkEvent) and event.resource_id == "a" for event in events)


def test_what_survived_of_a_refused_commit_is_removed(path: Path) -> None:
    """A commit record may be in the log although its sync failed: the file then has more than was acknowledged."""
    database = LedgerFile.open(path)
    group = CommitGroup(now=EPOCH, through=0, appends=[[big("a")]])
    database.write(group)
    known = database.head
    database.write(CommitGroup(now=EPOCH, through=1, appends=[[big("b")]], folded=[ChangeBatch(1, [AlarmForgotten(1, "c")])]))
    database._disconnect()
    database.head = known
    written = database.write(CommitGroup(now=EPOCH, through=0, appends=[[big("c")]]))
    assert written.firsts == [2]
    assert [getattr(stamped.event, "resource_id", "") for stamped in stamped_events(path)] == ["a", "c"]
    written = database.write(CommitGroup(now=EPOCH, through=1, folded=[ChangeBatch(1, [AlarmForgotten(1, "d")])]))
    assert [batch.seq for batch in written.recorded] == [1]
    database.close()
    connection = connect_reader(path)
    assert read_changes(connection, path, 0, 9, 9, 1 << 20) == list(written.recorded)
    connection.close()
