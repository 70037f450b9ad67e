"""A stream served on a real TCP port, with a feed in memory and a token book of three."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from typing import Any

import msgspec
import trio
from trio.testing import wait_all_tasks_blocked
from trio_websocket import CloseReason, WebSocketConnection, wrap_client_stream

from actors.mailbox import EndOfFeed
from actors.metrics import Metrics
from actors.stream.actor import Stream
from actors.stream.board import Board
from actors.stream.settings import StreamSettings
from protocols.alarm import Alarm
from protocols.change import Change
from protocols.ledger import RecordedBatch
from protocols.principal import Principal
from vocabulary.alarms import T0


class FeedInMemory:
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

    def reading(self, consumer: str) -> AbstractContextManager[int]:
        return nullcontext(self.acknowledged[consumer])

    async def acknowledge(self, consumer: str, seq: int) -> None:
        self.acknowledged[consumer] = seq


class StreamTokens:
    def __init__(self) -> None:
        self.now = T0
        self.principals = {
            "all": Principal("noc", "viewer"),
            "north": Principal("north-noc", "viewer", "north"),
            "short": Principal("guest", "viewer"),
        }
        self.unreadable: Exception | None = None
        self.expires = {"short": T0 + timedelta(seconds=40)}

    def verify(self, token: str, now: datetime) -> Principal | None:
        if self.unreadable is not None:
            raise self.unreadable
        if now >= self.expires.get(token, now + timedelta(seconds=1)):
            return None
        return self.principals.get(token)


class RunningStream:
    """One stream under test. ``now`` is its wall clock. Heartbeats and time-outs are an hour away unless a test sets them, so a
    loaded machine causes none."""

    def __init__(self, board: Board | None = None, **settings: Any) -> None:
        calm: dict[str, Any] = {
            "bind": "127.0.0.1:0",
            "pace_seconds": 0.0,
            "heartbeat_seconds": 3600.0,
            "send_timeout_seconds": 3600.0,
        }
        self.settings = StreamSettings(**calm | settings)
        self.feed = FeedInMemory()
        self.board = board if board is not None else Board(window=self.settings.window_batches)
        self.tokens = StreamTokens()
        self.metrics = Metrics()
        self.now = T0
        self.stream = Stream(self.settings, self.feed, self.board, self.tokens, self.metrics, lambda: self.now)
        self.address: tuple[str, int] = ("", 0)
        self.nursery: trio.Nursery

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["RunningStream"]:
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
    ) -> AsyncIterator["StreamReader"]:
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
            yield StreamReader(connection)
            # trio-websocket fails on a ping that it reads while it closes.
            await wait_all_tasks_blocked()
            await connection.aclose()
            nursery.cancel_scope.cancel()

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


class StreamReader:
    """A reader that keeps the alarms as the frames say."""

    def __init__(self, connection: WebSocketConnection, alarms: dict[str, Alarm] | None = None, seq: int = 0) -> None:
        self.connection = connection
        self.alarms = alarms if alarms is not None else {}
        self.seq = seq

    @property
    def closed(self) -> CloseReason:
        """Why the connection ended; it has to have ended."""
        assert self.connection.closed is not None
        return self.connection.closed

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
