"""The stream over real TCP: frames, filters, slow readers, ends."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed
from vocabulary.alarms import make_alarm
from vocabulary.stream import RunningStream

from actors.stream.board import Board
from actors.stream.wire import Wire
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmForgotten, AlarmRepeated, Change


def changed(alarm: Alarm) -> AlarmChanged:
    return AlarmChanged(1, alarm, ())


def plain(alarm: Alarm) -> Any:
    return msgspec.json.decode(msgspec.json.encode(alarm))


async def test_a_snapshot_then_every_change() -> None:
    async with RunningStream().serve() as served:
        served.feed.record(changed(make_alarm("a")), changed(make_alarm("b")))
        async with served.connect() as early:
            await early.reach(1)
        async with served.connect() as client:
            assert await client.frame() == {
                "type": "snapshot",
                "seq": 1,
                "alarms": [plain(make_alarm("a")), plain(make_alarm("b"))],
            }
            later = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
            served.feed.record(AlarmRepeated(2, "a", later, 7, 7))
            frame = await client.frame()
            assert frame["type"] == "changes"
            assert frame["seq"] == 2
            assert frame["removed"] == []
            assert frame["alarms"][0]["last_occurrence"] == "2026-03-01T12:05:00Z"
            assert set(frame["alarms"][0]) == set(Alarm.__struct_fields__)
            served.feed.record(AlarmForgotten(3, "b"))
            assert await client.frame() == {"type": "changes", "seq": 3, "alarms": [], "removed": ["b"]}
            assert client.alarms == {"a": make_alarm("a", last_occurrence=later, occurrence_count=7, revision=7)}
    assert served.sample("faultd_stream_frames_total", type="snapshot") == 2
    assert served.sample("faultd_stream_frames_total", type="changes") >= 2
    assert served.sample("faultd_stream_clients") == 0


async def test_since_goes_straight_on_with_changes() -> None:
    async with RunningStream().serve() as served:
        for id in "abc":
            served.feed.record(changed(make_alarm(id)))
        async with served.connect() as client:
            await client.reach(3)
        async with served.connect("since=2") as client:
            frame = await client.frame()
            assert (frame["type"], frame["seq"], [alarm["id"] for alarm in frame["alarms"]]) == ("changes", 3, ["c"])
        async with served.connect("since=3") as client:
            served.feed.record(changed(make_alarm("d")))
            assert [alarm["id"] for alarm in (await client.frame())["alarms"]] == ["d"]


@pytest.mark.parametrize("since", [1, 99])
async def test_a_since_before_the_window_or_in_the_future_gets_a_snapshot(since: int) -> None:
    async with RunningStream(window_batches=2).serve() as served:
        for id in "abcd":
            served.feed.record(changed(make_alarm(id)))
        async with served.connect() as client:
            await client.reach(4)
        async with served.connect(f"since={since}") as client:
            frame = await client.frame()
            assert (frame["type"], frame["seq"], len(frame["alarms"])) == ("snapshot", 4, 4)


@pytest.mark.parametrize("seed", range(12))
async def test_replaying_the_frames_gives_the_board_whatever_the_interleaving(seed: int) -> None:
    """Batches, reads and reconnections (with and without since) in random order; the reader's alarms must equal the board
    at the seq it has reached."""
    dice = random.Random(seed)
    states: list[dict[str, Alarm]] = [{}]

    def step(served: RunningStream) -> None:
        state = dict(states[-1])
        changes: list[Change] = []
        for _ in range(dice.randrange(4)):
            id = dice.choice("abcdefgh")
            old = state.get(id)
            if old is None or dice.random() < 0.4:
                severity, status = dice.choice(("critical", "minor")), dice.choice(("active", "cleared"))
                state[id] = make_alarm(id, severity=severity, status=status, revision=old.revision + 1 if old else 1)
                changes.append(changed(state[id]))
            elif dice.random() < 0.7:
                count, at = old.occurrence_count + 1, old.last_occurrence + timedelta(seconds=1)
                changes.append(AlarmRepeated(1, id, at, count, old.revision + 1))
                state[id] = msgspec.structs.replace(old, occurrence_count=count, last_occurrence=at, revision=old.revision + 1)
            else:
                changes.append(AlarmForgotten(1, id))
                del state[id]
        states.append(state)
        served.feed.record(*changes)

    async with RunningStream(window_batches=dice.choice((3, 1000))).serve() as served:
        alarms: dict[str, Alarm] = {}
        seq = 0
        for _ in range(6):
            query = f"since={seq}" if dice.random() < 0.7 else ""
            async with served.connect(query) as client:
                client.alarms, client.seq = alarms, seq
                for _ in range(dice.randrange(30)):
                    step(served)
                    if dice.random() < 0.4:
                        await wait_all_tasks_blocked()
                    if dice.random() < 0.3:
                        last = make_alarm("last", revision=len(states))
                        states.append(states[-1] | {"last": last})
                        await client.reach(served.feed.record(changed(last)))
                        assert client.alarms == states[client.seq]
                # Fewer frames than batches: the reader need not read all before it goes away.
                with trio.move_on_after(0):
                    await client.frame()
                alarms, seq = client.alarms, client.seq
                assert alarms == {} or alarms == states[seq]
        async with served.connect(f"since={seq}") as client:
            client.alarms, client.seq = alarms, seq
            states.append(states[-1] | {"end": make_alarm("end")})
            await client.reach(served.feed.record(changed(make_alarm("end"))))
            assert client.alarms == states[-1]
        assert {alarm.id: alarm for alarm in served.board.alarms()} == states[-1]


async def test_filters_and_alarms_that_leave_them() -> None:
    async with RunningStream().serve() as served:
        served.feed.record(
            changed(make_alarm("a")),
            changed(make_alarm("b", severity="minor")),
            changed(make_alarm("c", status="acknowledged", severity="major")),
            changed(make_alarm("d", tenant_id="south")),
        )
        async with served.connect() as client:
            await client.reach(1)
        async with (
            served.connect("severity=critical,major&status=active&tenant=north") as narrow,
            served.connect("severity=minor&severity=major") as wide,
        ):
            assert [alarm["id"] for alarm in (await narrow.frame())["alarms"]] == ["a"]
            assert [alarm["id"] for alarm in (await wide.frame())["alarms"]] == ["b", "c"]
            # b repeats: not narrow's business, so it hears nothing before the next change of a.
            served.feed.record(AlarmRepeated(2, "b", make_alarm("b").last_occurrence, 2, 2))
            await wide.reach(2)
            served.feed.record(changed(make_alarm("a", severity="minor")))
            left = await narrow.frame()
            assert (left["seq"], left["alarms"], left["removed"]) == (3, [], ["a"])
            await wide.reach(3)
            assert set(wide.alarms) == {"a", "b", "c"}
            served.feed.record(changed(make_alarm("a", severity="critical")))
            assert [alarm["id"] for alarm in (await narrow.frame())["alarms"]] == ["a"]
            assert (await wide.frame())["removed"] == ["a"]


async def test_a_tenants_token_sees_that_tenant_alone() -> None:
    async with RunningStream().serve() as served:
        served.feed.record(changed(make_alarm("a")), changed(make_alarm("s", tenant_id="south")))
        async with served.connect(token="north") as client:
            await client.reach(1)
            assert set(client.alarms) == {"a"}
            served.feed.record(changed(make_alarm("s", tenant_id="south", severity="minor")))
            served.feed.record(AlarmForgotten(1, "s"))
            served.feed.record(changed(make_alarm("b")))
            frame = await client.frame()
            assert (frame["seq"], [alarm["id"] for alarm in frame["alarms"]], frame["removed"]) == (4, ["b"], [])


async def test_a_slow_reader_is_told_that_it_lags_and_starts_again() -> None:
    async with RunningStream(window_batches=4).serve() as served:
        big = "x" * 500_000
        async with served.connect() as client:
            await client.frame()
            for number in range(200):
                served.feed.record(changed(make_alarm("a", description=big, revision=number + 1)))
                await wait_all_tasks_blocked()
                if served.sample("faultd_stream_lag_batches") > 8:
                    break
            else:
                pytest.fail("the socket took everything")
            behind = served.feed.last
            kinds = []
            while client.seq < behind:
                kinds.append((await client.frame())["type"])
            assert kinds[-2:] == ["lagged", "snapshot"]
            assert set(kinds[:-2]) == {"changes"}
            assert served.sample("faultd_stream_lagged_total") == 1
            served.feed.record(changed(make_alarm("b")))
            assert (await client.frame())["type"] == "changes"
            assert set(client.alarms) == {"a", "b"}


async def test_a_slow_reader_within_the_window_gets_one_merged_frame() -> None:
    async with RunningStream().serve() as served:
        big = "x" * 500_000
        async with served.connect() as client:
            await client.frame()
            while served.sample("faultd_stream_lag_batches") < 50:
                served.feed.record(changed(make_alarm("a", description=big, revision=served.feed.last + 1)))
                await wait_all_tasks_blocked()
            last, frames = served.feed.last, 0
            while client.seq < last:
                await client.frame()
                frames += 1
            assert frames < last / 2
            assert client.alarms["a"].revision == last


async def test_a_reader_that_takes_nothing_is_cut_off(mock_clock: MockClock) -> None:
    async with RunningStream(send_timeout_seconds=5.0).serve() as served, served.connect() as client:
        await client.frame()
        while served.sample("faultd_stream_lag_batches") < 3:
            served.feed.record(changed(make_alarm("a", description="x" * 500_000)))
            await wait_all_tasks_blocked()
        mock_clock.jump(5.1)
        while served.sample("faultd_stream_clients"):
            await wait_all_tasks_blocked()
        with pytest.raises(ConnectionClosed):
            await client.reach(10**9)
        assert client.closed.code == 1006


async def test_subscribers_at_the_same_place_share_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Sequence[bytes]] = []
    original = Wire.send

    async def spy(self: Wire, pieces: Sequence[bytes]) -> None:
        sent.append(pieces)
        await original(self, pieces)

    monkeypatch.setattr(Wire, "send", spy)
    async with RunningStream().serve() as served, trio.open_nursery() as nursery:
        ready = trio.open_memory_channel[None](30)
        done = trio.open_memory_channel[None](30)

        async def subscribe(query: str) -> None:
            async with served.connect(query) as client:
                await client.frame()
                await ready[0].send(None)
                await client.reach(1)
                await done[0].send(None)

        for number in range(30):
            nursery.start_soon(subscribe, "severity=critical" if number % 3 == 0 else "")
        for _ in range(30):
            await ready[1].receive()
        sent.clear()
        served.feed.record(changed(make_alarm("a")))
        for _ in range(30):
            await done[1].receive()
    assert len(sent) == 30
    assert len({id(text) for text in sent}) == 2


async def test_a_quiet_stream_beats(mock_clock: MockClock) -> None:
    async with RunningStream(heartbeat_seconds=15.0).serve() as served, served.connect("severity=major") as client:
        await client.frame()
        served.feed.record(changed(make_alarm("a")))
        await wait_all_tasks_blocked()
        mock_clock.jump(15.0)
        assert await client.frame() == {"type": "heartbeat", "seq": 1, "at": "2026-03-01T12:00:00.123456Z"}
        mock_clock.jump(14.0)
        served.feed.record(changed(make_alarm("b", severity="major")))
        assert (await client.frame())["type"] == "changes"
        mock_clock.jump(15.0)
        assert (await client.frame())["type"] == "heartbeat"


async def test_a_peer_that_does_not_answer_pings_is_dropped(mock_clock: MockClock) -> None:
    async with RunningStream(heartbeat_seconds=15.0, send_timeout_seconds=10.0).serve() as served:
        stream = await trio.open_tcp_stream(*served.address)
        await stream.send_all(
            b"GET /alarms?token=all HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await wait_all_tasks_blocked()
        assert served.sample("faultd_stream_clients") == 1
        mock_clock.jump(15.0)
        await wait_all_tasks_blocked()
        mock_clock.jump(20.0)
        await wait_all_tasks_blocked()
        assert served.sample("faultd_stream_clients") == 0
        await stream.aclose()


async def test_cancelling_closes_with_going_away() -> None:
    served = RunningStream()
    scope = trio.CancelScope()

    async def run(task_status: trio.TaskStatus[tuple[str, int]]) -> None:
        with scope:
            await served.stream.run(task_status)

    async with trio.open_nursery() as nursery:
        served.address = await nursery.start(run)
        async with served.connect() as one, served.connect() as other:
            await one.frame()
            await other.frame()
            scope.cancel()
            for client in (one, other):
                with pytest.raises(ConnectionClosed):
                    await client.frame()
                assert client.closed.code == 1001


async def test_the_end_of_the_feed_is_sent_and_then_going_away() -> None:
    served = RunningStream()
    async with trio.open_nursery() as nursery:
        served.address = await nursery.start(served.stream.run)
        async with served.connect() as client:
            await client.frame()
            served.feed.record(changed(make_alarm("a")))
            served.feed.close()
            await client.reach(1)
            with pytest.raises(ConnectionClosed):
                await client.frame()
            assert client.closed.code == 1001
            assert client.closed.reason == "faultd is stopping"


async def test_a_restarted_actor_serves_the_board_that_it_left() -> None:
    served = RunningStream()
    async with served.serve():
        served.feed.record(changed(make_alarm("a")))
        async with served.connect() as client:
            await client.reach(1)
    served.feed.record(changed(make_alarm("b")))
    async with served.serve(), served.connect("since=1") as client:
        frame = await client.frame()
        assert (frame["type"], [alarm["id"] for alarm in frame["alarms"]]) == ("changes", ["b"])


async def test_active_alarms_are_counted_by_severity() -> None:
    async with RunningStream().serve() as served:
        assert served.metrics.registry.get_sample_value("faultd_alarms_active", {"severity": "critical"}) == 0
        served.feed.record(
            changed(make_alarm("a")), changed(make_alarm("b")), changed(make_alarm("c", severity="minor", status="suppressed"))
        )
        served.feed.record(changed(make_alarm("b", status="cleared")))
        async with served.connect() as client:
            await client.reach(2)
        assert served.sample("faultd_alarms_active", severity="critical") == 1
        assert served.sample("faultd_alarms_active", severity="minor") == 1


async def test_a_crowd_takes_turns_for_big_snapshots() -> None:
    board = Board(0, [make_alarm(str(number), description="x" * 400) for number in range(6000)])
    async with RunningStream(board).serve() as served, trio.open_nursery() as nursery:
        served_all = []

        async def subscribe() -> None:
            async with served.connect() as client:
                assert len((await client.frame())["alarms"]) == 6000
                assert (await client.frame())["type"] == "changes"
                served_all.append(client)

        for _ in range(20):
            nursery.start_soon(subscribe)
        while served.sample("faultd_stream_frames_total", type="snapshot") < 20:
            await wait_all_tasks_blocked()
        served.feed.record(changed(make_alarm("0", severity="minor")))
    assert len(served_all) == 20
