"""The alarm stream on the API's port: a browser's page may open it without the name of another origin.

A browser opens a WebSocket by a connection of its own. So the first octets of a connection tell whether it is for the stream,
which then takes the socket whole, before anything of it is read here.
"""

import socket
from collections.abc import Callable
from typing import Final

import trio

TakeStream = Callable[[trio.SocketStream], bool]
"""Takes a connection over for good, nothing of it read. False, and the connection untouched, when it cannot now."""
_BEGINS: Final = (b"GET /stream?", b"GET /stream ")


async def wants_stream(connection: trio.SocketStream, seconds: float) -> bool:
    """True when the connection begins with a request for ``/stream``. Waits for its first octets for at most ``seconds``, and
    leaves them to be read. A request line in pieces smaller than that is not waited for: the API answers it with 426."""
    first = b""
    with trio.move_on_after(seconds):
        try:
            first = await connection.socket.recv(len(_BEGINS[0]), socket.MSG_PEEK)
        except (OSError, trio.ClosedResourceError):
            return False
    return first in _BEGINS
