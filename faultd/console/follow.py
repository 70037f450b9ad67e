"""Following the alarm stream: the same WebSocket that any client uses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from protocols.alarm import Alarm
from protocols.stream import ChangesFrame, HeartbeatFrame, LaggedFrame, SnapshotFrame

_decoder = msgspec.json.Decoder(SnapshotFrame | ChangesFrame | HeartbeatFrame | LaggedFrame)


class Follower:
    """The alarms as of the last frame, and what that frame changed."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection
        self.alarms: dict[str, Alarm] = {}
        self.seq = 0

    async def next(self) -> Sequence[Alarm] | None:
        """Wait for a frame: the alarms that it brought, or None when the server has closed the stream."""
        try:
            frame = _decoder.decode(await self._connection.get_message())
        except ConnectionClosed:
            return None
        self.seq = frame.seq
        if isinstance(frame, SnapshotFrame):
            self.alarms = {alarm.id: alarm for alarm in frame.alarms}
            return frame.alarms
        if isinstance(frame, ChangesFrame):
            self.alarms.update({alarm.id: alarm for alarm in frame.alarms})
            for alarm_id in frame.removed:
                self.alarms.pop(alarm_id, None)
            return frame.alarms
        return ()


@asynccontextmanager
async def follow(url: str, token: str) -> AsyncIterator[Follower]:
    """Subscribe at ``url`` (``ws://host:port/alarms?...``). Raises ``trio_websocket.HandshakeError`` when refused."""
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    async with open_websocket_url(url, extra_headers=headers, max_message_size=2**30) as connection:
        yield Follower(connection)
