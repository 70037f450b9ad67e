"""The board and its frames, without a socket."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked
from vocabulary.alarms import T0, make_alarm
from vocabulary.at_once import at_once

from actors.stream import change_window
from actors.stream import snapshots as snapshots_module
from actors.stream.board import BatchMissing, Board
from actors.stream.frames import Frames, Text
from actors.stream.hub import Hub
from actors.stream.request import Filter
from actors.stream.settings import StreamSettings
from actors.stream.shown import MOST_CUSTOMERS
from actors.stream.snapshots import BoardSnapshots, StreamedSnapshot
from protocols.address import split_bind
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmForgotten, AlarmRepeated, Answer, Change
from protocols.customer import Customer
from protocols.ledger import RecordedBatch
from protocols.query import AlarmFilter, Place

IDS = "abcd"
FURTHER: tuple[dict[str, Any], ...] = (
    {},
    {"parent_alarm_id": "d"},
    {"tags": ("vip", "x"), "assigned_to": "ada"},
    {"affected_customers": ("c1",), "affected_services": ("s1",), "acknowledged_at": datetime(2026, 3, 1, tzinfo=UTC)},
    {"is_root_cause": True, "ticket_id": "T1", "correlation_id": "k", "device_id": "olt-1"},
)
FILTERS = (
    Filter(),
    Filter(severities=("critical",)),
    Filter(statuses=("active",), tenant="t1"),
    *(
        Filter(further=AlarmFilter(**fields))
        for fields in (
            {"view": "causes"},
            {"parent_alarm_id": "d"},
            {"tag": ("vip",)},
            {"assigned_to": "ada"},
            {"customer_id": "c1"},
            {"service_id": "s1"},
            {"acknowledged": True},
            {"acknowledged": False},
            {"is_root_cause": True},
            {"ticket_id": "T1"},
            {"correlation_id": "k"},
            {"places": (Place(frozenset({"olt-1"}), ("olt-1",)),)},
            {"source": ("cpe",), "alarm_type": ("x",), "resource_type": "ont", "resource_id": "a"},
        )
    ),
)
STEP = st.one_of(
    st.tuples(
        st.just("put"),
        st.sampled_from(IDS),
        st.sampled_from(["critical", "minor"]),
        st.sampled_from(["active", "cleared"]),
        st.sampled_from(FURTHER),
    ),
    st.tuples(st.just("repeat"), st.sampled_from(IDS)),
    st.tuples(st.just("forget"), st.sampled_from(IDS)),
)
BATCH = st.lists(STEP, max_size=4)


def clock() -> datetime:
    return T0


def batch(seq: int, *changes: Change) -> RecordedBatch:
    return RecordedBatch(seq, seq, changes)


class Reader:
    """Replays frames of one filter, starting anywhere."""

    def __init__(self, filter: Filter) -> None:
        self.filter, self.position = filter, 0
        self.alarms: dict[str, Alarm] = {}

    def read(self, frames: Frames) -> None:
        frame = at_once(frames.changes(self.filter, self.position))
        assert frame is not None
        self.position = frame.seq
        if not frame.pieces:
            return
        content = msgspec.json.decode(b"".join(frame.pieces))
        for alarm in msgspec.convert(content["alarms"], list[Alarm]):
            assert self.filter.admits(alarm)
            self.alarms[alarm.id] = alarm
        for id in content["removed"]:
            self.alarms.pop(id, None)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(BATCH, st.sets(st.integers(0, len(FILTERS) - 1))), max_size=25))
def test_reading_at_any_moments_gives_what_the_board_holds(batches: list[tuple[list[Any], set[int]]]) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    board = Board()
    model: dict[str, Alarm] = {}
    frames = Frames(board, clock)
    readers = [Reader(filter) for filter in FILTERS]
    for seq, (steps, who_reads) in enumerate(batches, 1):
        changes: list[Change] = [Answer(offset=seq)]
        for kind, id, *axes in steps:
            old = model.get(id)
            if kind == "put":
                model[id] = Alarm(
                    id=id,
                    alarm_id=id,
                    tenant_id="t1" if id in "ab" else "t2",
                    source="cpe",
                    alarm_type="x",
                    severity=axes[0],
                    status=axes[1],
                    title="x",
                    resource_type="ont",
                    resource_id=id,
                    first_occurrence=at,
                    last_occurrence=at,
                    received_at=at,
                    revision=old.revision + 1 if old else 1,
                    **axes[2],
                )
                changes.append(AlarmChanged(seq, model[id], ()))
            elif kind == "repeat":
                when, count, revision = (at, 1, 1) if old is None else (at + timedelta(1), seq, old.revision + 1)
                changes.append(AlarmRepeated(seq, id, when, count, revision))
                if old is not None:
                    model[id] = msgspec.structs.replace(old, last_occurrence=when, occurrence_count=count, revision=revision)
            else:
                model.pop(id, None)
                changes.append(AlarmForgotten(seq, id))
        board.fold(batch(seq, *changes))
        for number in who_reads:
            reader = readers[number]
            reader.read(frames)
            assert reader.alarms == {id: alarm for id, alarm in model.items() if reader.filter.admits(alarm)}
    assert {alarm.id: alarm for alarm in board.alarms()} == model
    active: dict[str, int] = {}
    for alarm in model.values():
        if alarm.status == "active":
            active[alarm.severity] = active.get(alarm.severity, 0) + 1
    assert {severity: count for severity, count in board.active().items() if count} == active


def test_a_batch_again_changes_nothing_and_a_gap_is_refused() -> None:
    board = Board(3, [make_alarm("a")])
    board.fold(batch(3, AlarmForgotten(1, "a")))
    assert board.get("a") == make_alarm("a")
    with pytest.raises(BatchMissing, match="needs batch 4"):
        board.fold(batch(5, AlarmForgotten(1, "a")))
    assert (board.seq, board.get("a")) == (3, make_alarm("a"))


def test_the_window_is_bounded_in_batches_and_in_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(window=10)
    for seq in range(1, 31):
        board.fold(batch(seq, AlarmChanged(seq, make_alarm(str(seq % 3)), ())))
    assert board.follows(20)
    assert not board.follows(19)
    assert not board.follows(31)
    assert [id for id, _ in board.since(28)] == ["2", "0"]
    monkeypatch.setattr(change_window, "MOST_MARKS", 100)
    board = Board(window=10)
    board.fold(batch(1, *(AlarmChanged(1, make_alarm(str(number)), ()) for number in range(60))))
    board.fold(batch(2, *(AlarmChanged(1, make_alarm(f"b{number}"), ()) for number in range(60))))
    assert not board.follows(0)
    assert board.follows(1)
    assert len(board.since(1)) == 60


def test_an_alarm_back_from_history_outside_the_filter_is_removed() -> None:
    board = Board(0, [make_alarm("a")])
    frames = Frames(board, clock)
    board.fold(batch(1, AlarmForgotten(1, "a")))
    board.fold(batch(2, AlarmChanged(2, make_alarm("a", severity="minor"), ())))
    frame = at_once(frames.changes(Filter(severities=("critical",)), 0))
    assert frame is not None
    assert msgspec.json.decode(b"".join(frame.pieces)) == {"type": "changes", "seq": 2, "alarms": [], "removed": ["a"]}


async def _content(frame: Text | StreamedSnapshot) -> dict[str, Any]:
    pieces = frame.pieces if isinstance(frame, Text) else [piece async for piece in frame.pieces()]
    content: dict[str, Any] = msgspec.json.decode(b"".join(pieces))
    return content


async def test_a_snapshot_is_encoded_once_for_all_who_are_at_it_and_is_one_moment() -> None:
    board = Board(7, [make_alarm(str(number)) for number in range(1001)])
    snapshots = BoardSnapshots(board, clock)
    got: list[Text | StreamedSnapshot] = []
    done = trio.Event()

    async def ask() -> None:
        async with snapshots.sending(Filter()) as frame:
            got.append(frame)
            await done.wait()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)
        for _ in range(4):
            await trio.lowlevel.checkpoint()
        board.fold(batch(8, AlarmForgotten(8, "1000")))
        await wait_all_tasks_blocked()
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        done.set()
    content = await _content(got[0])
    assert (content["type"], content["seq"], len(content["alarms"])) == ("snapshot", 7, 1001)
    assert msgspec.convert(content["alarms"], list[Alarm]) == [make_alarm(str(number)) for number in range(1001)]
    assert len(got) == 4
    assert all(frame is got[0] for frame in got)
    async with snapshots.sending(Filter()) as frame:
        later = await _content(frame)
    assert (later["seq"], len(later["alarms"])) == (8, 1000)


async def test_a_snapshot_that_the_board_follows_no_more_is_not_shared() -> None:
    board = Board(0, [make_alarm("a")], window=2)
    snapshots = BoardSnapshots(board, clock)
    async with snapshots.sending(Filter()) as old:
        for seq in range(1, 5):
            board.fold(batch(seq, AlarmChanged(seq, make_alarm("a", revision=seq), ())))
        async with snapshots.sending(Filter()) as new:
            assert (old.seq, new.seq) == (0, 4)
        async with snapshots.sending(Filter()) as again:
            assert again.seq == 4


async def test_big_snapshots_beyond_the_bound_are_encoded_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots_module, "BIG", 50)
    monkeypatch.setattr(snapshots_module, "MOST_BIG", 2)
    board = Board(1, [make_alarm(str(n), severity=("critical", "major", "minor")[n % 3], tenant_id="n") for n in range(900)])
    snapshots = BoardSnapshots(board, clock)
    kinds = [Filter(severities=(severity,)) for severity in ("critical", "major", "minor")]
    async with AsyncExitStack() as stack:
        frames = [await stack.enter_async_context(snapshots.sending(kind)) for kind in (*kinds, kinds[0], Filter(tenant="x"))]
        assert [type(frame) for frame in frames] == [Text, Text, StreamedSnapshot, Text, Text]
        assert [len((await _content(frame))["alarms"]) for frame in frames] == [300, 300, 300, 300, 0]
    async with snapshots.sending(kinds[2]) as frame:
        assert isinstance(frame, Text)


@pytest.mark.parametrize(("bind", "expected"), [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:8163", ("::1", 8163))])
def test_bind(bind: str, expected: tuple[str, int]) -> None:
    assert split_bind(bind) == expected


@pytest.mark.parametrize(
    "toml",
    [
        'bind = "8163"',
        'bind = "::1:8163"',
        'bind = "host:99999"',
        "heartbeat_seconds = 0",
        "max_clients = -1",
        "pace_seconds = -0.1",
        "unknown = 1",
    ],
)
def test_a_wrong_setting_is_named(toml: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=toml.split(" ")[0]):
        msgspec.toml.decode(toml, type=StreamSettings)


async def test_customers_of_whom_something_is_known_are_in_frames_a_bounded_number_of_them() -> None:
    asked: list[int] = []

    def customers(alarm: Alarm, wanted: Sequence[str]) -> list[Customer]:
        asked.append(len(wanted))
        return [Customer(customer_id=each, phone="1" if each != "C-0" else "") for each in wanted]

    many = tuple(f"C-{number}" for number in range(1_000))
    board = Board(
        7, [make_alarm("none"), make_alarm("one", affected_customers=("C-0",)), make_alarm("many", affected_customers=many)]
    )
    hub = Hub(board, clock, customers)
    async with hub.snapshots.sending(Filter()) as frame:
        content = await _content(frame)
    told = {alarm["id"]: [each["customer_id"] for each in alarm.get("customers", ())] for alarm in content["alarms"]}
    assert told == {"none": [], "one": [], "many": list(many[1:MOST_CUSTOMERS])}
    assert asked == [1, MOST_CUSTOMERS]
    assert msgspec.convert(content["alarms"], list[Alarm]) == board.alarms()
    board.fold(batch(8, AlarmChanged(8, make_alarm("one", affected_customers=("C-1",)), ())))
    changes = at_once(hub.frames.changes(Filter(), 7))
    assert changes is not None
    (alarm,) = msgspec.json.decode(b"".join(changes.pieces))["alarms"]
    assert alarm["customers"][0]["phone"] == "1"
