"""Stages in series: what each is given, what comes out, and its part of a snapshot."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors.metrics import Metrics
from actors.stage import Stage, fold_batch
from actors.stage_actor import StageActor
from protocols.change import AlarmForgotten, Change
from protocols.event import Event, SystemReport, Tick
from protocols.ledger import EventBatch, PipeMessage, SnapshotMarker, SnapshotPart

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


class Naming(Stage):
    """Makes as many Changes of an Event as its alarm type is long, and remembers what it was given."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.given: list[tuple[int, tuple[str, ...]]] = []
        self.reports: list[list[Event]] = []

    def load(self, octets: bytes) -> None:
        raise NotImplementedError

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        self.given.append((offset, tuple(change.id for change in changes_before if isinstance(change, AlarmForgotten))))
        count = len(event.alarm_type) if isinstance(event, SystemReport) else 0
        return [AlarmForgotten(offset, f"{self.name}{offset}.{number}") for number in range(count)]

    def saving(self) -> Iterable[bytes]:
        return [self.name.encode(), str(len(self.given)).encode()]

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        if not append([Tick()]):
            self.reports.append([Tick()])


def event(count: int) -> Event:
    return SystemReport(alarm_type="x" * count, active=True)


def ids(changes: Iterable[Change]) -> list[str]:
    return [change.id for change in changes if isinstance(change, AlarmForgotten)]


@given(st.lists(st.integers(0, 3), max_size=8), st.integers(1, 1000))
def test_each_stage_is_given_the_changes_of_the_same_event_and_adds_its_own(counts: list[int], first: int) -> None:
    a, b, c = Naming("a"), Naming("b"), Naming("c")
    batch = EventBatch(first, NOW, [event(count) for count in counts])
    for stage in (a, b, c):
        batch = EventBatch(batch.first, batch.at, batch.events, fold_batch(stage, batch))
    expected: list[str] = []
    for offset, count in enumerate(counts, first):
        of = {name: [f"{name}{offset}.{number}" for number in range(count)] for name in "abc"}
        assert a.given[offset - first] == (offset, ())
        assert b.given[offset - first] == (offset, tuple(of["a"]))
        assert c.given[offset - first] == (offset, (*of["a"], *of["b"]))
        expected += [*of["a"], *of["b"], *of["c"]]
    assert ids(batch.changes) == expected


@pytest.mark.parametrize("offsets", [(2, 1), (1, 9), (0,)])
def test_changes_that_are_no_events_of_the_batch_are_not_lost_silently(offsets: tuple[int, ...]) -> None:
    changes = [AlarmForgotten(offset, "") for offset in offsets]
    with pytest.raises(ValueError, match="out of order"):
        fold_batch(Naming("a"), EventBatch(1, NOW, [event(0), event(0)], changes))


async def test_batches_markers_and_parts_pass_two_stages_in_order_and_the_end_is_passed_on() -> None:
    to_fold, inbox = trio.open_memory_channel[PipeMessage](8)
    between, middle = trio.open_memory_channel[PipeMessage](8)
    outbox, folded = trio.open_memory_channel[PipeMessage](8)
    metrics = Metrics()
    async with to_fold, trio.open_nursery() as nursery:
        await nursery.start(StageActor(Naming("a"), inbox, between, metrics).run)
        await nursery.start(StageActor(Naming("b"), middle, outbox, metrics).run)
        await to_fold.send(EventBatch(1, NOW, [event(1), event(0)]))
        await to_fold.send(SnapshotMarker(2))
        await to_fold.send(EventBatch(3, NOW, [event(1)]))
        await to_fold.aclose()
        messages = [message async for message in folded]
    in_order = [message for message in messages if not isinstance(message, SnapshotPart)]
    assert [(type(message), message.through) for message in in_order] == [
        (EventBatch, 2),
        (SnapshotMarker, 2),
        (EventBatch, 3),
    ]
    assert [ids(message.changes) for message in in_order if isinstance(message, EventBatch)] == [
        ["a1.0", "b1.0"],
        ["a3.0", "b3.0"],
    ]
    parts = {message for message in messages if isinstance(message, SnapshotPart)}
    assert parts == {SnapshotPart(2, "a", b"a2"), SnapshotPart(2, "b", b"b2")}
    for name in "ab":
        assert metrics.registry.get_sample_value("faultd_fold_seconds_count", {"stage": name}) == 2
        assert metrics.registry.get_sample_value("faultd_snapshot_encoding_seconds_count", {"stage": name}) == 1


@pytest.mark.parametrize("taken", [True, False])
async def test_a_report_of_a_stage_is_offered_after_each_batch(taken: bool) -> None:
    to_fold, inbox = trio.open_memory_channel[PipeMessage](8)
    outbox, folded = trio.open_memory_channel[PipeMessage](8)
    stage, offered = Naming("a"), []

    def append(events: list[Event]) -> bool:
        offered.append(events)
        return taken

    async with to_fold:
        await to_fold.send(EventBatch(1, NOW, [event(1)]))
    await StageActor(stage, inbox, outbox, Metrics(), append).run()
    assert offered == [[Tick()]]
    assert stage.reports == ([] if taken else [[Tick()]])
    folded.close()


async def test_nothing_is_reported_before_what_an_earlier_run_left_is_folded() -> None:
    to_fold, inbox = trio.open_memory_channel[PipeMessage](8)
    outbox, folded = trio.open_memory_channel[PipeMessage](8)
    stage = Naming("a")
    offered_at: list[int] = []

    def append(events: list[Event]) -> bool:
        offered_at.append(stage.given[-1][0])
        return True

    async with to_fold:
        for offset in (1, 2, 3, 4):
            await to_fold.send(EventBatch(offset, NOW, [event(1)]))
    await StageActor(stage, inbox, outbox, Metrics(), append, reports_from=3).run()
    assert offered_at == [3, 4]
    folded.close()
