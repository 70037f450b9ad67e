"""A stream served on a real TCP port, with a feed in memory and a token book of three."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from trio_websocket import WebSocketConnection, wrap_client_stream

from actors.mailbox import EndOfFeed
from actors.metrics import Metrics
from actors.stream.actor import Stream
from actors.stream.board import Board
from actors.stream.settings import StreamSettings
from protocols.alarm import Alarm
from protocols.change import Change
from protocols.ledger import RecordedBatch
from protocols.principal import Principal

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def make_alarm(id: str, **fields: Any) -> Alarm:
    given: dict[str, Any] = {
        "id": id,
        "alarm_id": f"ALM-{id}",
        "tenant_id": "north",
        "source": "network_device",
        "alarm_type": "los",
        "severity": "critical",
        "title": "Loss of signal",
        "resource_type": "pon",
        "resource_id": f"olt-1/0/1/{id}",
        "first_occurrence": T0,
        "last_occurrence": T0,
        "received_at": T0,
    }
    return Alarm(**given | fields)


class MemoryFeed:
    """The recorded batches, in memory."""

    def __init__(self) -> None:
        self.batches: list[RecordedBatch] = []
        self.acknowledged: dict[str, int] = {}
        self.closed = False
        self._news = trio.Event()

    @property
    def last(self) -> int:
        return len(self.batches)

    def record(self, *changes: Change) -> int:
        self.batches.append(RecordedBatch(self.last + 1, self.last + 1, changes))
        self._ring()
        return self.last

    def close(self) -> None:
        self.closed = True
        self._ring()

    def _ring(self) -> None:
        news, self._news = self._news, trio.Event()
        news.set()

    async def after(self, seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
        while seq >= self.last:
            if self.closed:
                raise EndOfFeed
            await self._news.wait()
        await trio.lowlevel.checkpoint()
        return self.batches[seq : seq + limit]

    def cursor(self, consumer: str) -> int:
        return self.acknowledged[consumer]

    async def acknowledge(self, consumer: str, seq: int) -> None:
        self.acknowledged[consumer] = seq


class Book:
    def __init__(self) -> None:
        self.now = T0
        self.principals = {
            "all": Principal("noc", "viewer"),
            "north": Principal("north-noc", "viewer", "north"),
            "short": Principal("guest", "viewer"),
        }
        self.expires = {"short": T0 + timedelta(seconds=40)}

    def verify(self, token: str, now: datetime) -> Principal | None:
        if now >= self.expires.get(token, now + timedelta(seconds=1)):
            return None
        return self.principals.get(token)


class Lab:
    """One stream under test. ``now`` is the wall clock that it sees. A heartbeat comes, and a reader is too slow, only where a
    test says when: else a loaded machine would bring it about."""

    def __init__(self, board: Board | None = None, **settings: Any) -> None:
        calm = {"bind": "127.0.0.1:0", "pace_seconds": 0.0, "heartbeat_seconds": 3600.0, "send_timeout_seconds": 3600.0}
        self.settings = StreamSettings(**calm | settings)
        self.feed = MemoryFeed()
        self.board = board if board is not None else Board(window=self.settings.window_batches)
        self.tokens = Book()
        self.metrics = Metrics()
        self.now = T0
        self.stream = Stream(self.settings, self.feed, self.board, self.tokens, self.metrics, lambda: self.now)
        self.address: tuple[str, int] = ("", 0)
        self.nursery: trio.Nursery

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Lab"]:
        async with trio.open_nursery() as self.nursery:
            self.address = await self.nursery.start(self.stream.run)
            yield self
            self.nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def connect(
        self,
        query: str = "",
        *,
        token: str = "all",
        headers: Sequence[tuple[bytes, bytes]] = (),
        path: str = "/alarms",
        subprotocols: Sequence[str] = (),
    ) -> AsyncIterator["Client"]:
        extra = list(headers)
        if token:
            extra.append((b"Authorization", f"Bearer {token}".encode()))
        host, port = self.address
        target = f"{path}?{query}" if query else path
        # The socket is closed here: trio-websocket's own client leaves it open when the server closed or refused.
        async with await trio.open_tcp_stream(host, port) as stream, trio.open_nursery() as nursery:
            connection = await wrap_client_stream(
                nursery, stream, host, target, subprotocols=subprotocols, extra_headers=extra, max_message_size=2**28
            )
            yield Client(connection)
            # trio-websocket fails on a ping that it reads while it closes.
            await wait_all_tasks_blocked()
            await connection.aclose()
            nursery.cancel_scope.cancel()

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


class Client:
    """A reader that keeps the alarms as the frames say."""

    def __init__(self, connection: WebSocketConnection, alarms: dict[str, Alarm] | None = None, seq: int = 0) -> None:
        self.connection = connection
        self.alarms = alarms if alarms is not None else {}
        self.seq = seq

    async def frame(self) -> dict[str, Any]:
        text = await self.connection.get_message()
        assert isinstance(text, str)
        frame: dict[str, Any] = msgspec.json.decode(text)
        assert frame["seq"] >= self.seq, "frames never go back"
        if frame["type"] == "snapshot":
            self.alarms.clear()
        if frame["type"] in ("snapshot", "changes"):
            for alarm in msgspec.convert(frame["alarms"], list[Alarm]):
                self.alarms[alarm.id] = alarm
            for id in frame.get("removed", ()):
                self.alarms.pop(id, None)
        if frame["type"] != "lagged":
            self.seq = frame["seq"]
        return frame

    async def reach(self, seq: int) -> None:
        while self.seq < seq:
            await self.frame()


@pytest.fixture
def lab() -> Callable[..., Lab]:
    return Lab


@pytest.fixture
def make() -> Callable[..., Alarm]:
    return make_alarm
