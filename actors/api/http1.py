"""One connection: anycorn's HTTP/1.1 and nothing else.

HTTP/2 and WebSocket are left out on purpose. A request to upgrade is served as plain HTTP/1.1, as RFC 9110 section 7.8
allows. What strangers could do with an upgrade otherwise: Hypercorn 0.18 (anycorn's origin) ends on the byte behind it, and
anycorn 0.20 keeps a request for ever whose HTTP/2 connection broke. A proxy in front speaks HTTP/2 where it is wanted.
"""

from typing import Any

import h11
from anycorn.events import Event, Updated
from anycorn.protocol.h11 import H11Protocol
from anycorn.task_group import TaskGroup
from anycorn.tcp_server import TCPServer
from anycorn.typing import ConnectionState


class _Http1(H11Protocol):
    async def _check_protocol(self, event: h11.Request) -> None:
        """No other protocol to look for."""

    async def _create_stream(self, request: h11.Request) -> None:
        headers = [(name, value) for name, value in request.headers if name != b"upgrade"]
        await super()._create_stream(
            h11.Request(method=request.method, target=request.target, headers=headers, http_version=request.http_version)
        )


class Connection(TCPServer):
    """anycorn's connection with :class:`_Http1` as its protocol."""

    _ended = False

    async def protocol_send(self, event: Event) -> None:
        """Send to the peer. A connection that has ended is not idle: nothing is waited for any more."""
        if not (self._ended and isinstance(event, Updated)):
            await super().protocol_send(event)

    async def run(self) -> None:
        """Serve until either side closes."""
        socket: Any = self.stream
        client, server = socket.addresses
        try:
            async with TaskGroup() as group:
                self._task_group = group
                self.protocol = _Http1(  # type: ignore[assignment]
                    self.app, self.config, self.context, group, ConnectionState({}), client, server, self.protocol_send, None
                )
                await self.protocol.initiate()
                await self.idle_task.restart(group, self._idle_timeout)
                await self._read_data()
                # The peer is gone. (anycorn would keep the socket until the idle time is over.)
                self._ended = True
                await self.idle_task.stop()
        finally:
            await self._close()
