"""Text messages to one subscriber, sent piece by piece.

trio-websocket builds each message whole: it would copy a snapshot of a hundred megabytes for every slow subscriber. Here all
subscribers share the octets, and each sends one slice at a time. RFC 6455 section 5.2.
"""

from collections.abc import AsyncIterator, Iterator, Sequence

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

_SLICE = 16_384
"""Octets sent at a time: the peer takes something when one slice is sent."""
_TEXT, _CONTINUATION, _FINAL = 0x1, 0x0, 0x80


class Wire:
    """Sends on an open connection. A cancelled call leaves half a message on it, so the connection must end then."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection
        self._waiting_since: float | None = None

    def stuck(self, now: float) -> float:
        """The seconds for which the peer has taken nothing of the frame that is being sent; 0 when none is."""
        return 0.0 if self._waiting_since is None else now - self._waiting_since

    async def send(self, pieces: Sequence[bytes]) -> None:
        """Send one message in one frame. Raises ConnectionClosed."""
        await self._write(_TEXT | _FINAL, pieces)

    async def send_as_it_comes(self, pieces: AsyncIterator[bytes]) -> None:
        """Send one message of unknown size, with a frame for each piece. Raises ConnectionClosed."""
        code = _TEXT
        async for piece in pieces:
            await self._write(code, (piece,))
            code = _CONTINUATION
        await self._write(code | _FINAL, ())

    async def _write(self, code: int, pieces: Sequence[bytes]) -> None:
        connection = self._connection
        if connection.closed is not None:
            raise ConnectionClosed(connection.closed)
        try:
            # trio-websocket's own lock: a pong must not go between two slices.
            async with connection._stream_lock:
                for octets in _slices(_head(code, sum(map(len, pieces))), pieces):
                    self._waiting_since = trio.current_time()
                    await connection._stream.send_all(octets)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionClosed(connection.closed) from error
        finally:
            self._waiting_since = None


def _slices(head: bytes, pieces: Sequence[bytes]) -> Iterator[bytes | memoryview]:
    """The octets of a frame in slices. Its head and short pieces share a slice, so most frames are one slice."""
    waiting = head
    for piece in pieces:
        if len(waiting) + len(piece) <= _SLICE:
            waiting += piece
            continue
        if waiting:
            yield waiting
        waiting = b""
        view = memoryview(piece)
        for start in range(0, len(view), _SLICE):
            yield view[start : start + _SLICE]
    if waiting:
        yield waiting


def _head(code: int, size: int) -> bytes:
    if size < 126:
        return bytes((code, size))
    if size < 1 << 16:
        return bytes((code, 126)) + size.to_bytes(2, "big")
    return bytes((code, 127)) + size.to_bytes(8, "big")
