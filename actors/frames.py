"""Frames between faultd and a process of its own: a body behind a length of four octets, over a socket pair."""

import socket
from typing import Final

MAX_FRAME: Final = 64 * 1024 * 1024
"""Octets of one body. A longer one ends the process that sent it."""


class FrameError(ValueError):
    """The peer closed the connection, or sent a frame longer than :data:`MAX_FRAME`."""


def send_frame(end: socket.socket, body: bytes) -> None:
    """Send one frame. Raises OSError when the peer is gone, TimeoutError after the socket's timeout."""
    end.sendall(len(body).to_bytes(4, "big") + body)


def receive_frame(end: socket.socket) -> bytes:
    """The body of the next frame. Raises :class:`FrameError`, OSError, TimeoutError after the socket's timeout."""
    length = int.from_bytes(_exactly(end, 4), "big")
    if length > MAX_FRAME:
        raise FrameError(f"a message of {length} octets, more than {MAX_FRAME}")
    return _exactly(end, length)


def _exactly(end: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = end.recv(min(count, 1 << 20))
        if not part:
            raise FrameError("the connection was closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
