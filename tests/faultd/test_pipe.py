"""The pipe with a second stage on a real ledger: quarantine, drain, crash and recovery, snapshot, and what consumers get."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
from vocabulary.counter import COUNTED, NAME, POISON, FailingCounter, TenantCounter

from actors.guarded_stage import GuardedStage
from actors.ledger.read import read_quarantine, read_snapshots
from actors.ledger.schema import connect_reader
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Append, Outcome, Reply
from actors.metrics import Metrics
from actors.stage import Stage
from actors.trusted_clock import TrustedClock, even
from faultd.pipe import Pipe, Stages
from faultd.restore import restore
from protocols.change import Answer, Change, DeviceEvent, Released
from protocols.command import Command, DiscardQuarantined, RetryQuarantined
from protocols.event import Event, NetworkEvent, Tick
from protocols.ledger import QuarantinedEvent
from protocols.principal import Principal

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Principal("ada", "admin")


def down(resource: str, tenant: str = "t") -> NetworkEvent:
    return NetworkEvent(type="device.down", tenant_id=tenant, resource_type="olt", resource_id=resource)


class Running:
    """A pipe with the counter, and the hands of a test on it."""

    def __init__(self, file: Path, now: datetime, settings: LedgerSettings, counter: Callable[[], Stage]) -> None:
        self.file, self.stages, self.seq = restore(file, [counter])
        self.kill: Callable[[], None]
        """End everything at once, as it is."""
        self.metrics = Metrics()
        self.pipe = Pipe(self.file, self.stages, TrustedClock(even(lambda: now)), self.metrics, settings)

    async def append(self, *events: Event) -> list[Change]:
        """The Changes that the Events came to."""
        reply: Reply[Outcome] = Reply()
        await self.pipe.appends.send(Append(events, answered=reply))
        return [change for changes in (await reply.wait()).changes for change in changes]

    async def quarantined(self) -> QuarantinedEvent:
        (kept,) = await self.pipe.ledger.feed.quarantined()
        return kept


@asynccontextmanager
async def running(
    file: Path, now: datetime = START, settings: LedgerSettings | None = None, counter: Callable[[], Stage] = TenantCounter
) -> AsyncIterator[Running]:
    """Until the block ends; then it drains."""
    it = Running(file, now, settings or LedgerSettings(), counter)
    async with trio.open_nursery() as nursery:
        it.kill = nursery.cancel_scope.cancel
        await it.pipe.start(nursery)
        yield it
        await it.pipe.appends.aclose()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def counter(stages: Stages) -> TenantCounter:
    guard = stages.all[1]
    assert isinstance(guard, GuardedStage)
    assert isinstance(guard.stage, TenantCounter)
    return guard.stage


def alarms(stages: Stages) -> set[str]:
    """The qualifiers of the open alarms about Events in quarantine."""
    return {
        alarm.qualifier
        for alarm in stages.state.alarms.values()
        if alarm.alarm_type == "event.quarantined" and alarm.cleared_at is None
    }


def restored(file: Path) -> Stages:
    database, stages, _ = restore(file, [TenantCounter])
    database.close()
    return stages


async def test_the_last_event_before_a_drain_is_quarantined_with_its_alarm(file: Path) -> None:
    async with running(file) as it:
        await it.append(down("a"))
        await it.pipe.appends.send(Append([down(POISON)]))
    assert alarms(it.stages) == {f"{NAME} 2"}, "the ledger's own Event was folded before the stages ended"
    with closing(connect_reader(file)) as connection:
        (snapshot,) = read_snapshots(connection)
        assert [(kept.offset, kept.stage) for kept in read_quarantine(connection, file)] == [(2, NAME)]
    assert snapshot.through == 3
    assert set(snapshot.parts) == {"correlator", NAME}
    again = restored(file)
    assert again.state.offset == 3
    assert again.save() == it.stages.save()


async def test_a_crash_loses_neither_the_quarantine_nor_its_alarm(file: Path) -> None:
    async with running(file) as it:
        await it.append(down("a"))
        await it.append(down(POISON))
        it.kill()
    async with running(file) as again:
        await again.append(Tick())
        assert alarms(again.stages) == {f"{NAME} 2"}
        kept = await again.quarantined()
        refused = await again.append(Command(ADA, RetryQuarantined(2, kept.event, kept.stage, kept.changes)))
        assert [change.refusals[0].reason for change in refused if isinstance(change, Answer)] == ["invalid"]
        counter(again.stages).mended = True
        folded = await again.append(Command(ADA, RetryQuarantined(2, kept.event, kept.stage, kept.changes)))
        assert [change.released for change in folded if isinstance(change, Released)] == [2]
        await again.append(Tick())
        assert alarms(again.stages) == set()
        assert list(await again.pipe.ledger.feed.quarantined()) == []
        assert counter(again.stages).counts.raised["t"] == 2
        assert again.metrics.value("faultd_quarantined_events") == 0


async def test_a_discard_through_the_pipe_clears_the_alarm_and_leaves_a_device_event(file: Path) -> None:
    async with running(file) as it:
        await it.append(down(POISON))
        await it.append(Command(ADA, DiscardQuarantined(1, "made by a test", NAME)))
        await it.append(Tick())
        assert alarms(it.stages) == set()
        recorded = [change for batch in await it.pipe.ledger.feed.after(0) for change in batch.changes]
        (discarded,) = [c for c in recorded if isinstance(c, DeviceEvent) and c.event_name == "event.discarded"]
        assert discarded.detail == {"offset": 1, "by": "ada", "reason": "made by a test", "stage": NAME}


@pytest.mark.parametrize("every", [1, 3])
async def test_a_deadline_of_the_second_stage_survives_a_restart(file: Path, every: int) -> None:
    settings = LedgerSettings(snapshot_every_events=every)
    async with running(file, settings=settings) as it:
        for number in range(5):
            await it.append(down(f"olt-{number}"))
    async with running(file, START.replace(minute=1), settings) as again:
        changes = await again.append(Tick())
    counted = [change for change in changes if isinstance(change, DeviceEvent) and change.event_name == COUNTED]
    assert [(change.tenant_id, change.detail) for change in counted] == [("t", {"count": 5})]
    assert restored(file).save() == again.stages.save()


async def test_snapshots_go_on_with_two_stages(file: Path) -> None:
    async with running(file, settings=LedgerSettings(snapshot_every_events=2)) as it:
        for number in range(12):
            await it.append(down(f"olt-{number}"))
        while (it.metrics.registry.get_sample_value("faultd_snapshot_seconds_count") or 0) < 2:
            await it.append(Tick())
    for name in ("correlator", NAME):
        encoded = it.metrics.registry.get_sample_value("faultd_snapshot_encoding_seconds_count", {"stage": name})
        assert encoded is not None
        assert encoded >= 2
    assert it.metrics.registry.get_sample_value("faultd_mailbox_depth", {"mailbox": NAME}) == 0


async def standing(it: Running, alarm_type: str, expected: set[str]) -> None:
    """Let Events pass until the open alarms of ``alarm_type`` have the qualifiers ``expected``."""

    def found() -> set[str]:
        every = it.stages.state.alarms.values()
        return {alarm.qualifier for alarm in every if alarm.alarm_type == alarm_type and alarm.cleared_at is None}

    with trio.fail_after(30):
        while found() != expected:
            await it.append(Tick())


@pytest.mark.parametrize("method", ["preparing", "prepared", "count", "report", "saving", "pieces"])
async def test_a_stage_that_fails_outside_its_fold_does_not_end_the_pipe(file: Path, method: str) -> None:
    failing = {method}
    settings = LedgerSettings(snapshot_every_events=2)
    saving = method in ("saving", "pieces")
    alarm = "snapshot.failed" if saving else "stage.failed"
    qualifier = NAME if saving else f"{NAME} {'preparing' if method == 'prepared' else method}"
    async with running(file, settings=settings, counter=lambda: FailingCounter(failing.__contains__)) as it:
        await it.append(down("a"))
        await standing(it, alarm, {qualifier})
        with closing(connect_reader(file)) as connection:
            assert not saving or list(read_snapshots(connection)) == [], "none without the counter's part"
        assert not saving or it.metrics.value("faultd_snapshot_seconds_count") == 0
        failing.clear()
        await it.append(down("b"))
        if saving:
            await standing(it, alarm, set())
        assert counter(it.stages).counts.raised["t"] == 2
    again = restored(file)
    assert again.save() == it.stages.save()
    with closing(connect_reader(file)) as connection:
        assert all(set(snapshot.parts) == {"correlator", NAME} for snapshot in read_snapshots(connection))


async def test_the_older_snapshot_stays_while_the_state_cannot_be_encoded(file: Path) -> None:
    async with running(file) as it:
        await it.append(down("a"))
    failing = {"saving"}
    async with running(file, counter=lambda: FailingCounter(failing.__contains__)) as again:
        await again.append(down("b"))
    with closing(connect_reader(file)) as connection:
        assert [(kept.through, set(kept.parts)) for kept in read_snapshots(connection)] == [(1, {"correlator", NAME})]
    assert counter(restored(file)).counts.raised == {"t": 2}


NEXT = NetworkEvent(type="device.up", tenant_id="t", resource_type="olt", resource_id="next slice")


class SlicedWork(Stage):
    """Has a backlog of ten slices for each ``device.down``. It works on a slice for each :data:`NEXT`, which it asks for."""

    name = "sliced"

    def __init__(self) -> None:
        self.backlog = self.asked = 0
        self.waiting = False
        """Whether a NEXT is on its way. Only in memory."""
        self.broken = False

    def load(self, octets: bytes) -> None:
        self.backlog = int(octets)

    def saving(self) -> Iterable[bytes]:
        return [str(self.backlog).encode()]

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        if event == NEXT:
            self.waiting = False
            if self.broken:
                raise ZeroDivisionError
            self.backlog = max(0, self.backlog - 1)
        elif isinstance(event, NetworkEvent):
            self.backlog += 10
        return []

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        if self.backlog and not self.waiting and append([NEXT]):
            self.waiting = True
            self.asked += 1


def sliced(stages: Stages) -> SlicedWork:
    guard = stages.all[1]
    assert isinstance(guard, GuardedStage)
    assert isinstance(guard.stage, SlicedWork)
    return guard.stage


async def done(it: Running) -> None:
    """Let Ticks pass until no slice is left."""
    with trio.fail_after(30):
        while sliced(it.stages).backlog:
            await it.append(Tick())


async def test_a_stage_works_through_a_backlog_in_slices_with_one_event_each(file: Path) -> None:
    async with running(file, counter=SlicedWork) as it:
        await it.append(down("a"))
        await done(it)
        assert sliced(it.stages).asked == 10


@pytest.mark.parametrize("every", [1, 50_000])
async def test_a_backlog_goes_on_after_a_crash_with_the_first_tick(file: Path, every: int) -> None:
    settings = LedgerSettings(snapshot_every_events=every)
    async with running(file, settings=settings, counter=SlicedWork) as it:
        await it.append(down("a"))
        it.kill()
    async with running(file, settings=settings, counter=SlicedWork) as again:
        assert sliced(again.stages).backlog > 0
        await done(again)


async def test_a_backlog_waits_for_the_next_process_when_faultd_stops(file: Path) -> None:
    async with running(file, counter=SlicedWork) as it:
        for _ in range(50):
            await it.append(down("a"))
    assert sliced(it.stages).backlog > 0, "a stop does not wait for it"
    async with running(file, counter=SlicedWork) as again:
        await done(again)


async def test_a_slice_that_cannot_be_folded_is_asked_for_once_and_not_after_every_batch(file: Path) -> None:
    async with running(file, counter=SlicedWork) as it:
        stage = sliced(it.stages)
        stage.broken = True
        for _ in range(5):
            await it.append(down("a"))
        for _ in range(20):
            await it.append(Tick())
        kept = await it.quarantined()
        assert (kept.stage, stage.asked, stage.backlog) == ("sliced", 1, 50)
        await it.append(Command(ADA, DiscardQuarantined(kept.offset, "try the next", kept.stage)))
        for _ in range(20):
            await it.append(Tick())
        kept = await it.quarantined()
        assert stage.asked == 2
        stage.broken = False
        await it.append(Command(ADA, RetryQuarantined(kept.offset, kept.event, kept.stage, kept.changes)))
        await done(it)
