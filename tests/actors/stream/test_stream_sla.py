"""Instances, breaches and notification requests on the stream: for those who ask for them, and for nobody else."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.alarms import T0, make_alarm
from vocabulary.at_once import at_once
from vocabulary.stream import RunningStream

from actors.stream import change_window, snapshots
from actors.stream.board import Board
from actors.stream.frames import Frames, Text
from actors.stream.request import Filter
from actors.stream.sla_board import SlaBoard, is_shown
from actors.stream.snapshots import BoardSnapshots
from protocols.change import AlarmChanged, Change
from protocols.ledger import RecordedBatch
from protocols.query import AlarmFilter
from protocols.rest_sla_breaches import BreachShown
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged, SlaInstanceChanged, SlaNotificationRequested
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.stream_items import StreamedInstance
from protocols.stream import ALARMS, TOPICS, Topic

SLA: tuple[Topic, ...] = ("sla_instances", "sla_breaches", "sla_notification_requests")
NOW = instant_at(T0)


def instance(number: int, status: Any = "at_risk", tenant: str = "north", **fields: Any) -> SlaInstanceChanged:
    """Of service ``s<number>`` and customer ``c<number>``."""
    made = SlaInstance(
        id=f"SI{number}",
        tenant_id=tenant,
        definition_id="SD1",
        customer_id=f"c{number}",
        service_id=f"s{number}",
        resources=(f"s{number}",),
        start=0,
        created_at=T0,
        created_by="ada",
        updated_at=T0,
        updated_by="ada",
    )
    return SlaInstanceChanged(1, made, status, **fields)


def breach(number: int, tenant: str = "north", **fields: Any) -> SlaBreachChanged:
    """Of instance ``SI<number>``: its budget ended 10 s ago."""
    made = SlaBreach(
        id=f"SB{number}",
        instance_id=f"SI{number}",
        tenant_id=tenant,
        definition_id="SD1",
        definition_version=1,
        customer_id=f"c{number}",
        service_id=f"s{number}",
        type="availability",
        period_start=0,
        start=NOW - 10 * SECOND,
        target=999_000_000,
        actual=998_000_000,
        currency="EUR",
    )
    return SlaBreachChanged(1, replace(made, **fields))


def request(offset: int, number: int = 0, tenant: str = "north", of: int = 1) -> SlaNotificationRequested:
    """That instance ``SI<of>`` is at risk."""
    return SlaNotificationRequested(
        offset=offset,
        number=number,
        at=T0,
        tenant_id=tenant,
        kind="at_risk",
        instance_id=f"SI{of}",
        customer_id=f"c{of}",
        service_id=f"s{of}",
        reason="used up",
    )


def batch(seq: int, *changes: Change) -> RecordedBatch:
    return RecordedBatch(seq, seq, changes)


def ids(frame: dict[str, Any]) -> dict[str, list[str]]:
    """The ids in a frame, by key."""
    found = {topic: [item["id"] for item in frame[topic]] for topic in TOPICS if topic in frame}
    return found | ({"removed": frame["removed"]} if "removed" in frame else {})


class Reader:
    """Replays frames of one filter, and keeps what they leave."""

    def __init__(self, filter: Filter) -> None:
        self.filter, self.position = filter, 0
        self.held: dict[str, Any] = {}
        self.requests: list[str] = []

    def read(self, frames: Frames) -> None:
        frame = at_once(frames.changes(self.filter, self.position))
        assert frame is not None
        self.position = frame.seq
        if frame.pieces:
            self.take(msgspec.json.decode(b"".join(frame.pieces)))

    def take(self, content: dict[str, Any]) -> None:
        for topic in ("sla_instances", "sla_breaches"):
            self.held.update({item["id"]: item for item in content.get(topic, ())})
        self.requests += [item["id"] for item in content.get("sla_notification_requests", ())]
        for id in content["removed"]:
            self.held.pop(id, None)


STEP = st.one_of(
    st.tuples(
        st.just("instance"),
        st.integers(1, 3),
        st.sampled_from([("compliant", None), ("compliant", NOW), ("at_risk", NOW), ("breached", None), ("suspended", NOW)]),
    ),
    st.tuples(st.just("breach"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("request"), st.integers(1, 3), st.none()),
)
FILTERS = (
    Filter(topics=SLA),
    Filter(topics=TOPICS, tenant="south"),
    Filter(topics=("sla_breaches",), further=AlarmFilter(customer_id="c1")),
    Filter(
        topics=("sla_instances", "sla_notification_requests"), further=AlarmFilter(service_id="s2"), severities=("critical",)
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.lists(STEP, max_size=4), st.sets(st.integers(0, len(FILTERS) - 1))), max_size=20))
def test_reading_at_any_moments_gives_what_the_board_holds(rounds: list[tuple[list[Any], set[int]]]) -> None:
    board, readers = Board(), [Reader(filter) for filter in FILTERS]
    frames = Frames(board, lambda: T0)
    model: dict[str, SlaInstanceChanged | SlaBreachChanged] = {}
    told: list[SlaNotificationRequested] = []
    for seq, (steps, who_reads) in enumerate(rounds, 1):
        changes: list[Change] = []
        for place, (kind, number, value) in enumerate(steps):
            tenant = "south" if number == 2 else "north"
            change: SlaInstanceChanged | SlaBreachChanged
            if kind == "request":
                told.append(request(seq, place, tenant, number))
                changes.append(told[-1])
                continue
            if kind == "instance":
                change = instance(number, value[0], tenant, breaches_at=value[1])
                stays = is_shown(change)
                name = change.instance.id
            else:
                change = breach(number, tenant, resolved=value)
                stays, name = not value, change.breach.id
            changes.append(change)
            model.pop(name, None)
            if stays:
                model[name] = change
        board.fold(batch(seq, *changes))
        for number in who_reads:
            reader = readers[number]
            reader.read(frames)
            assert reader.held.keys() == {id for id, change in model.items() if _admits(reader.filter, change)}
            assert reader.requests == [f"{n.offset}.{n.number}" for n in told if _admits(reader.filter, n)]
    for reader in readers:
        for id, item in reader.held.items() if reader.position == board.seq else ():
            held = model[id]
            if isinstance(held, SlaInstanceChanged):
                assert msgspec.convert(item, StreamedInstance) == StreamedInstance.of(held)
            else:
                assert msgspec.convert(item, BreachShown).duration == 10


def _admits(filter: Filter, change: SlaInstanceChanged | SlaBreachChanged | SlaNotificationRequested) -> bool:
    if isinstance(change, SlaInstanceChanged):
        topic, subject = "sla_instances", change.instance
    elif isinstance(change, SlaBreachChanged):
        topic, subject = "sla_breaches", change.breach  # type: ignore[assignment]
    else:
        topic, subject = "sla_notification_requests", change  # type: ignore[assignment]
    wanted = filter.further or AlarmFilter()
    return (
        topic in filter.topics
        and filter.tenant in (None, subject.tenant_id)
        and wanted.customer_id in (None, subject.customer_id)
        and wanted.service_id in (None, subject.service_id)
    )


@pytest.mark.parametrize("status", ["at_risk", "breached"])
def test_only_instances_near_or_beyond_a_breach_are_held(status: str) -> None:
    board = SlaBoard(0, 10, [instance(1, status), instance(2, "compliant"), instance(3, "suspended"), breach(1)])
    assert (len(board.instances()), len(board.breaches())) == (1, 1)
    board.put(instance(4, "compliant"), 1)
    assert board.since(0) == [], "a compliant instance is new: nobody hears of it"
    board.put(instance(4, "compliant", breaches_at=NOW), 1)
    assert len(board.instances()) == 2
    for number in (1, 4):
        board.put(instance(number, "compliant"), 2)
    board.put(breach(1, resolved=True), 2)
    assert (len(board.instances()), len(board.breaches())) == (0, 0)


def test_a_breach_that_is_over_when_it_is_found_is_told_once() -> None:
    board = Board()
    board.fold(batch(1, breach(1, resolved=True, end=NOW, credit=890)))
    text = at_once(Frames(board, lambda: T0).changes(Filter(topics=SLA), 0))
    assert text is not None
    frame = msgspec.json.decode(b"".join(text.pieces))
    (item,) = frame["sla_breaches"]
    assert (item["id"], item["resolved"], item["credit_amount"], item["target_value"]) == ("SB1", True, 8.9, 0.999)
    assert frame["removed"] == ["SB1"]


def test_a_flood_of_notices_costs_a_bounded_memory_and_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_window, "MOST_MARKS", 100)
    board = Board()
    board.fold(batch(1, AlarmChanged(1, make_alarm("a"), ())))
    board.fold(batch(2, *(request(2, number) for number in range(250))))
    board.fold(batch(3, request(3)))
    assert len(board.sla.since(2)) == 1
    assert not board.knows(1, SLA)
    assert board.knows(2, SLA)
    assert board.knows(0, ALARMS), "who follows alarms alone goes on from where it was"


async def test_who_does_not_ask_gets_exactly_what_it_got_before() -> None:
    async with RunningStream().serve() as served:
        served.feed.record(AlarmChanged(1, make_alarm("a"), ()), instance(1), breach(1), request(1))
        async with served.connect() as client, served.connect("topic=alarms") as named:
            for each in (client, named):
                assert list(await each.frame()) == ["type", "seq", "alarms"]
            served.feed.record(instance(2), breach(2), request(2))
            served.feed.record(AlarmChanged(1, make_alarm("b"), ()))
            for each in (client, named):
                frame = await each.frame()
                assert list(frame) == ["type", "seq", "alarms", "removed"]
                assert (frame["seq"], [alarm["id"] for alarm in frame["alarms"]]) == (3, ["b"])


async def test_a_snapshot_then_every_change_of_the_topics() -> None:
    async with RunningStream().serve() as served:
        served.feed.record(AlarmChanged(1, make_alarm("a"), ()), instance(1, breaches_at=NOW + SECOND), breach(1), request(1))
        async with served.connect("topic=alarms,sla_instances,sla_breaches,sla_notification_requests") as client:
            first = await client.frame()
            if first["seq"] == 0:
                first = await client.frame()
            else:
                assert (first["type"], "sla_notification_requests" in first) == ("snapshot", False)
            assert first["sla_instances"][0]["breaches_at"] == "2026-03-01T12:00:01.123456Z"
            assert ids(first) | {"sla_notification_requests": [], "removed": []} == {
                "alarms": ["a"],
                "sla_instances": ["SI1"],
                "sla_breaches": ["SB1"],
                "sla_notification_requests": [],
                "removed": [],
            }
            served.feed.record(instance(1, "compliant"), breach(1, resolved=True), request(2), request(2, 1))
            frame = await client.frame()
            assert ids(frame) == {
                "alarms": [],
                "sla_instances": ["SI1"],
                "sla_breaches": ["SB1"],
                "sla_notification_requests": ["2.0", "2.1"],
                "removed": ["SI1", "SB1"],
            }
            assert frame["sla_instances"][0]["status"] == "compliant"
        async with served.connect("topic=sla_breaches&topic=sla_instances") as late:
            assert await late.frame() == {"type": "snapshot", "seq": 2, "alarms": [], "sla_instances": [], "sla_breaches": []}
            served.feed.record(AlarmChanged(1, make_alarm("b"), ()))
            served.feed.record(breach(3))
            frame = await late.frame()
            assert (frame["seq"], frame["alarms"], ids(frame)["sla_breaches"]) == (4, [], ["SB3"])


async def test_a_reader_goes_on_from_its_seq() -> None:
    async with RunningStream(window_batches=3).serve() as served:
        for number in range(1, 5):
            served.feed.record(request(number), instance(number))
        async with served.connect("topic=sla_notification_requests") as client:
            await client.reach(4)
        async with served.connect("topic=sla_notification_requests&since=2") as client:
            assert ids(await client.frame())["sla_notification_requests"] == ["3.0", "4.0"]
        async with served.connect("topic=sla_instances,sla_notification_requests&since=0") as client:
            frame = await client.frame()
            assert (frame["type"], len(frame["sla_instances"])) == ("snapshot", 4)


async def test_a_tenants_token_sees_that_tenant_alone() -> None:
    everything = "topic=" + ",".join(TOPICS)
    async with RunningStream().serve() as served:
        served.feed.record(instance(1), instance(2, tenant="south"), breach(1), breach(2, "south"))
        async with served.connect() as first:
            await first.reach(1)
        async with served.connect(everything, token="north") as client:
            assert ids(await client.frame()) == {"alarms": [], "sla_instances": ["SI1"], "sla_breaches": ["SB1"]}
            served.feed.record(
                instance(2, "compliant", "south"), breach(2, "south", resolved=True), request(2, 0, "south"), request(2, 1)
            )
            frame = await client.frame()
            assert ids(frame) == {
                "alarms": [],
                "sla_instances": [],
                "sla_breaches": [],
                "sla_notification_requests": ["2.1"],
                "removed": [],
            }
        async with served.connect(everything + "&customer_id=c2") as narrow:
            frame = await narrow.frame()
            served.feed.record(breach(1, credit=1), breach(2, "south"))
            assert ids(await narrow.frame())["sla_breaches"] == ["SB2"]


async def test_a_big_snapshot_is_read_in_pieces_and_is_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "BIG", 500)
    monkeypatch.setattr(snapshots, "MOST_BIG", 0)
    held: Sequence[Change] = [*(instance(number) for number in range(1, 1002)), *(breach(number) for number in range(1, 402))]
    board = Board(7, (), 10, held)
    async with BoardSnapshots(board, lambda: T0).sending(Filter(topics=TOPICS)) as frame:
        assert isinstance(frame, snapshots.StreamedSnapshot)
        pieces = frame.pieces()
        octets = await anext(pieces)
        board.fold(batch(8, instance(1001, "compliant"), breach(401, resolved=True)))
        octets += b"".join([piece async for piece in pieces])
    content = msgspec.json.decode(octets)
    assert (content["seq"], len(content["sla_instances"]), len(content["sla_breaches"])) == (7, 1001, 401)


async def test_a_big_frame_of_changes_is_one_moment_and_is_built_once_for_all_who_wait() -> None:
    board = Board(window=10)
    frames, filter = Frames(board, lambda: T0), Filter(topics=TOPICS, tenant="north")
    tenants = ("north", "north", "south")
    board.fold(batch(1, *(instance(number, tenant=tenants[number % 3]) for number in range(3_000))))
    got: list[Text | None] = []

    async def ask() -> None:
        got.append(await frames.changes(filter, 0))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)
        for _ in range(4):
            await trio.lowlevel.checkpoint()
        board.fold(batch(2, *(instance(number, "compliant", tenants[number % 3]) for number in range(3_000))))
    first, *others = got
    assert first is not None
    content = msgspec.json.decode(b"".join(first.pieces))
    assert (content["seq"], len(content["sla_instances"]), content["removed"]) == (1, 2_000, [])
    assert all(other is others[0] for other in others), "those who waited got the moment after, once"
    assert others[0] is not None
    assert len(msgspec.json.decode(b"".join(others[0].pieces))["removed"]) == 2_000
    assert max(map(len, first.pieces)) < len(b"".join(first.pieces))


async def test_a_reader_that_waits_for_a_big_frame_until_its_place_is_gone_is_told_so() -> None:
    board = Board(window=1)
    frames = Frames(board, lambda: T0)
    board.fold(batch(1, *(instance(number) for number in range(1_000))))
    got: list[Text | None] = []

    async def ask(filter: Filter) -> None:
        got.append(await frames.changes(filter, 0))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, Filter(topics=SLA))
        nursery.start_soon(ask, Filter(topics=TOPICS))
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        for seq in range(2, 5):
            board.fold(batch(seq, instance(1)))
    assert sorted(frame is None for frame in got) == [False, True]
