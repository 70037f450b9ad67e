"""Who gets a place, and who gives way: by numbers, and with peers that read nothing."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from vocabulary.alarms import make_alarm
from vocabulary.stream import RunningStream

from actors.stream.board import Board
from actors.stream.request import RefusedHandshake
from actors.stream.settings import StreamSettings
from actors.stream.slots import MOST_HANDSHAKES, MOST_HANDSHAKES_OF_ADDRESS, STUCK_SECONDS, ConnectionSlots, Visit
from protocols.change import AlarmChanged

UPGRADE = (
    b"GET /alarms?token=%s HTTP/1.1\r\nHost: noc\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Reader:
    """A subscriber that has taken nothing since ``since``; None: it reads."""

    def __init__(self, since: float | None = None) -> None:
        self.since, self.gone = since, False

    def stuck(self, now: float) -> float:
        return 0.0 if self.since is None else now - self.since

    def give_way(self) -> None:
        self.gone = True


def seat(places: ConnectionSlots, principal: str, address: str, reader: Reader | None = None, now: float = 0.0) -> Visit:
    visit, _ = places.enter(address, trio.CancelScope())
    try:
        places.take(visit, principal, now)
    except RefusedHandshake:
        places.leave(visit)
        raise
    visit.reader = reader
    return visit


@pytest.mark.parametrize(
    ("settings", "seated", "newcomer", "text"),
    [
        ({"max_clients_per_token": 2}, [("noc", "a"), ("noc", "b")], ("noc", "c"), "all 2 places of this token"),
        ({"max_clients_per_address": 2}, [("one", "a"), ("two", "a")], ("three", "a"), "all 2 places of this address"),
        ({"max_clients": 2}, [("one", "a"), ("two", "b")], ("three", "c"), "all 2 places are taken"),
    ],
)
def test_a_bound_that_is_reached_by_readers_refuses_and_one_that_is_stuck_gives_way(
    settings: dict[str, Any], seated: list[tuple[str, str]], newcomer: tuple[str, str], text: str
) -> None:
    places = ConnectionSlots(StreamSettings(**settings))
    readers = [Reader() for _ in seated]
    for who, reader in zip(seated, readers, strict=True):
        seat(places, *who, reader)
    with pytest.raises(RefusedHandshake, match=text) as refused:
        seat(places, *newcomer, now=100.0)
    assert (refused.value.status, refused.value.reason) == (503, "full")
    readers[0].since = 100.0
    readers[1].since = 99.0
    with pytest.raises(RefusedHandshake, match=text):
        seat(places, *newcomer, now=99.0 + STUCK_SECONDS - 0.1)
    seat(places, *newcomer, now=99.0 + STUCK_SECONDS)
    assert [reader.gone for reader in readers] == [False, True]
    assert len(places) == 2


def test_a_place_of_another_token_or_address_is_not_taken_from_it() -> None:
    places = ConnectionSlots(StreamSettings(max_clients_per_token=1, max_clients_per_address=2))
    stuck = Reader(0.0)
    seat(places, "other", "b", stuck)
    seat(places, "noc", "a", Reader())
    with pytest.raises(RefusedHandshake):
        seat(places, "noc", "c", now=100.0)
    assert not stuck.gone


@pytest.mark.parametrize("per_address", [True, False])
async def test_one_in_its_handshake_leaves_for_a_newcomer_and_the_longest_there_first(per_address: bool) -> None:
    places = ConnectionSlots(StreamSettings(max_clients=1, max_clients_per_address=1 if per_address else 1000))
    most = 1 + (MOST_HANDSHAKES_OF_ADDRESS if per_address else MOST_HANDSHAKES)
    seat(places, "noc", "a", Reader())
    scopes = [trio.CancelScope() for _ in range(most + 2)]
    made_room = [places.enter("a", scope)[1] for scope in scopes]
    assert made_room == [False] * (most - 1) + [True] * 3
    assert [scope.cancel_called for scope in scopes[:4]] == [True, True, True, False]
    assert len(places) == 1
    if per_address:
        assert places.enter("b", trio.CancelScope())[1] is False


@pytest.mark.parametrize("dead", [16, 120])
async def test_readers_that_read_nothing_keep_no_snapshot_from_another(mock_clock: MockClock, dead: int) -> None:
    """With one token and from one address; each has more waiting than the kernel's buffers take."""
    board = Board(0, [make_alarm(str(number), description="x" * 2_000) for number in range(6_000)])
    async with RunningStream(board, send_timeout_seconds=30.0).serve() as served, trio.open_nursery() as nursery:
        for _ in range(dead):
            stream = await trio.open_tcp_stream(*served.address)
            await stream.send_all(UPGRADE % b"all")
            nursery.start_soon(hold, stream)
        await wait_all_tasks_blocked()
        mock_clock.jump(STUCK_SECONDS)
        for token in ("all", "north", "all"):
            async with served.connect(token=token) as honest:
                frame = await honest.frame()
                assert (frame["type"], len(frame["alarms"])) == ("snapshot", 6_000)
                served.feed.record(AlarmChanged(1, make_alarm("0", revision=served.feed.last + 2), ()))
                await honest.reach(served.feed.last)
        mock_clock.jump(30.0)
        while served.sample("faultd_stream_clients"):
            await wait_all_tasks_blocked()
        assert served.sample("faultd_stream_dropped_total", reason="stuck") >= 16
        nursery.cancel_scope.cancel()
    assert served.sample("faultd_stream_refused_total", reason="error") == 0


async def hold(stream: trio.SocketStream) -> None:
    async with stream:
        await trio.sleep_forever()
