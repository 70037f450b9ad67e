"""The HTTP server: anycorn's protocol on our own listener.

The listener is ours because every connection is a stranger's: there is a bound on their number, a bound on how long one may
refuse to read, and whatever a connection's protocol code raises ends that connection alone. (Hypercorn's trio worker,
from which anycorn descends, ends altogether when a connection raises.)
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import anyio
import anyio.abc
import structlog
import trio
from anycorn.app_wrappers import ASGIWrapper
from anycorn.config import Config
from anycorn.logging import Logger
from anycorn.typing import ConnectionState
from anycorn.worker_context import WorkerContext

from actors.addresses import listen
from actors.api.asgi import App
from actors.api.http1 import Connection
from actors.api.settings import ApiSettings
from actors.api.stream_door import TakeStream, wants_stream
from actors.isolation import Isolation
from actors.metrics import Metrics

log = structlog.get_logger()


class _Stream:
    """A trio socket as anycorn expects one, with a bound on every send."""

    def __init__(self, stream: trio.SocketStream, write_seconds: float) -> None:
        self._stream = stream
        client, _ = self.addresses
        self.address = client[0] if client is not None else ""
        self._write_seconds = write_seconds

    async def send(self, data: bytes) -> None:
        try:
            # anycorn shields its sends: without a bound here, a peer that reads nothing would hold up the shutdown.
            with trio.move_on_after(self._write_seconds) as scope:
                await self._stream.send_all(data)
        except trio.BrokenResourceError as error:
            raise anyio.BrokenResourceError from error
        except (trio.ClosedResourceError, trio.BusyResourceError) as error:
            raise anyio.ClosedResourceError from error
        if scope.cancelled_caught:
            await trio.aclose_forcefully(self._stream)
            raise anyio.BrokenResourceError

    async def receive(self, limit: int) -> bytes:
        try:
            data = bytes(await self._stream.receive_some(limit))
        except trio.BrokenResourceError as error:
            raise anyio.BrokenResourceError from error
        except (trio.ClosedResourceError, trio.BusyResourceError) as error:
            raise anyio.ClosedResourceError from error
        if not data:
            raise anyio.EndOfStream
        return data

    async def send_eof(self) -> None:
        try:
            await self._stream.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError) as error:
            raise anyio.ClosedResourceError from error

    async def aclose(self) -> None:
        await self._stream.aclose()

    def close(self) -> None:
        """Close at once; whoever waits on the socket is woken with ClosedResourceError."""
        self._stream.socket.close()

    @property
    def addresses(self) -> tuple[tuple[str, int] | None, tuple[str, int] | None]:
        """The peer's and our own address; None when the peer has gone already."""
        try:
            return self._stream.socket.getpeername()[:2], self._stream.socket.getsockname()[:2]
        except OSError:
            return None, None


class _NoLog(Logger):
    """anycorn's own log lines are left out: the gate writes the access log, and what a peer sends wrong is not an error."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.access_logger = None
        self.error_logger = None

    async def exception(self, message: str, *args: Any, **kwargs: Any) -> None:
        log.error("request failed in the HTTP server", what=message, exc_info=True)


class HttpServer:
    """Listens and serves ``app`` until cancelled; then stops listening and gives requests under way a bounded time."""

    def __init__(self, settings: ApiSettings, app: App, metrics: Metrics, take_stream: TakeStream | None = None) -> None:
        """``take_stream`` is given the connections that begin with a request for the alarm stream; None: none is."""
        self._settings, self._take_stream = settings, take_stream
        self._app = ASGIWrapper(cast(Any, app))
        self._metrics = metrics
        self._config = _config(settings)
        self._worker = WorkerContext(None)
        self._isolation = Isolation("an HTTP connection", metrics.http_connections_dropped.labels("error").inc)
        self._open: dict[_Stream, Connection] = {}
        self._closed = trio.Event()

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._open)

    async def run(self, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve. Starts with the address bound, ``HOST:PORT``. Raises AddressError when it cannot be bound."""
        self._worker = WorkerContext(None)
        listeners = await listen("http.bind", self._settings.bind, self._settings.max_connections)
        async with trio.open_nursery() as nursery:
            stopping = trio.Event()
            try:
                connections: trio.Nursery = await nursery.start(self._connections, stopping)
                task_status.started(_address(listeners))
                await trio.serve_listeners(self._connection, listeners, handler_nursery=connections)
            finally:
                for listener in listeners:
                    listener.socket.close()
                stopping.set()

    async def _connections(self, stopping: trio.Event, task_status: trio.TaskStatus[trio.Nursery]) -> None:
        """Where connections live: shielded, so that those under way outlast the cancellation, for a bounded time."""
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as connections:
                task_status.started(connections)
                # Cancelled before it had begun, nobody would end the wait: so not shielded before it has.
                await trio.lowlevel.checkpoint_if_cancelled()
                scope.shield = True
                await stopping.wait()
                await self._worker.terminated.set()
                with trio.move_on_after(self._settings.drain_seconds):
                    while self._open:
                        await self._closed.wait()
                for stream in tuple(self._open):
                    stream.close()
                scope.cancel()

    async def _connection(self, socket_stream: trio.SocketStream) -> None:
        stream = _Stream(socket_stream, self._settings.write_seconds)
        connection = Connection(
            self._app, self._config, self._worker, ConnectionState({}), cast(anyio.abc.SocketStream, stream)
        )
        try:
            if self._make_room(stream.address):
                self._open[stream] = connection
                with self._isolation.alone(stream.address):
                    if not await self._is_for_stream(socket_stream):
                        await connection.run()
        finally:
            self._open.pop(stream, None)
            await trio.aclose_forcefully(socket_stream)
            closed, self._closed = self._closed, trio.Event()
            closed.set()

    async def _is_for_stream(self, socket_stream: trio.SocketStream) -> bool:
        """True when the stream has taken the connection over."""
        if self._take_stream is None or not await wants_stream(socket_stream, self._settings.header_seconds):
            return False
        # trio closes a socket when its handler ends: the stream gets one of its own.
        own = trio.SocketStream(socket_stream.socket.dup())
        taken = self._take_stream(own)
        if not taken:
            own.socket.close()
        return taken

    def _make_room(self, address: str) -> bool:
        """Whether one more connection from ``address`` may be. Where a bound is reached, one without a request under way is
        closed for it, the one open longest: of the same address, or else of the address with the most."""
        settings = self._settings
        counts = Counter(stream.address for stream in self._open)
        if counts[address] >= settings.max_connections_per_address:
            crowded = address
        elif len(self._open) >= settings.max_connections:
            crowded = counts.most_common(1)[0][0]
        else:
            return True
        idle = next((each for each, one in self._open.items() if each.address == crowded and one.idle), None)
        self._metrics.http_connections_dropped.labels("limit" if idle is None else "gave_way").inc()
        if idle is None:
            return False
        del self._open[idle]
        idle.close()
        return True


def _config(settings: ApiSettings) -> Config:
    config = Config()
    config.keep_alive_timeout = settings.header_seconds
    # Only a backstop: the gate bounds bodies, keep_alive_timeout headers and idleness. A read also waits while a
    # request is being answered, so it must outlast the slowest answer.
    config.read_timeout = int(settings.header_seconds + settings.read_seconds + settings.answer_seconds) + 1
    config.h11_max_incomplete_size = settings.max_header_bytes
    config.include_server_header = False
    config.logger_class = _NoLog
    return config


def _address(listeners: Sequence[trio.SocketListener]) -> str:
    name = listeners[0].socket.getsockname()
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
