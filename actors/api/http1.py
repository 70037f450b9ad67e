"""One connection: anycorn's HTTP/1.1 and nothing else.

HTTP/2 and WebSocket are left out on purpose. A request to upgrade is served as plain HTTP/1.1, as RFC 9110 section 7.8
allows. What strangers could do with an upgrade otherwise: Hypercorn 0.18 (anycorn's origin) ends on the byte behind it, and
anycorn 0.20 keeps a request for ever whose HTTP/2 connection broke. A proxy in front speaks HTTP/2 where it is wanted.
"""

from typing import Any

import h11
import msgspec
from anycorn.events import Closed, Event, Updated
from anycorn.protocol.h11 import H11Protocol
from anycorn.task_group import TaskGroup
from anycorn.tcp_server import TCPServer
from anycorn.typing import ConnectionState
from anycorn.utils import InvalidRequestPathError, decode_asgi_path

from actors.api.framing import Strict
from actors.api.problems import MEDIA_TYPE, ProblemError


class _Http1(H11Protocol):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._strict = self.connection = Strict(self.config.h11_max_incomplete_size)

    @property
    def idle(self) -> bool:
        """Whether no request is under way: the next one's head may have begun."""
        return self.stream is None

    async def _check_protocol(self, event: h11.Request) -> None:
        """No other protocol to look for."""

    async def _send_error_response(self, status_code: int) -> None:
        """Octets that are no request are answered with a problem too; then the connection ends."""
        kind = "headers_too_large" if status_code == 431 else "bad_request"
        detail = self._strict.refusal or "this is no request that can be answered"
        content = msgspec.json.encode(ProblemError(status_code, kind, detail).problem)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(content)).encode()),
            (b"connection", b"close"),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        if not self._strict.bodiless:
            await self._send_h11_event(h11.Data(data=content))
        await self._send_h11_event(h11.EndOfMessage())

    async def _create_stream(self, request: h11.Request) -> None:
        if wrong := _path_mistake(request.target.partition(b"?")[0]):
            self._strict.refusal = wrong
            await self._send_error_response(400)
            await self.send(Closed())
            return
        headers = [(name, value) for name, value in request.headers if name != b"upgrade"]
        await super()._create_stream(
            h11.Request(method=request.method, target=request.target, headers=headers, http_version=request.http_version)
        )


def _path_mistake(path: bytes) -> str:
    """Why anycorn would refuse a request for ``path`` with an empty answer, "" when it would not. h11 has refused octets that
    are no printable ASCII."""
    if not path:
        return "there is no path before the ?"
    try:
        decode_asgi_path(path)
    except InvalidRequestPathError:
        return "the path is not UTF-8, or a % in it is not followed by two hexadecimal digits"
    return ""


class Connection(TCPServer):
    """anycorn's connection with :class:`_Http1` as its protocol."""

    _ended = False

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        protocol: Any = getattr(self, "protocol", None)
        return protocol is None or protocol.idle

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
