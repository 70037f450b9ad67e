"""The stream actor: one task folds the feed into the board, one task for each subscriber sends from the board to its socket.

Nothing is queued for a subscriber. A subscriber has a position. When its socket is ready, it is sent the latest version of each
alarm that changed after the position. So a slow subscriber costs a number, not memory. A subscriber that falls behind the
board's window gets ``lagged`` and a new snapshot.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import cast

import structlog
import trio
import wsproto.utilities
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, wrap_server_stream

from actors.addresses import listen
from actors.isolation import Isolation
from actors.mailbox import EndOfFeed, Feed
from actors.metrics import Metrics
from actors.stream.board import Board
from actors.stream.hub import Hub
from actors.stream.request import RefusedHandshake, Subscription, Tokens, admit
from actors.stream.settings import StreamSettings
from actors.stream.slots import ConnectionSlots, Visit
from actors.stream.subscriber import CLOSE_SECONDS, Subscriber
from actors.tokens import TokenFileError
from protocols.customer import CustomersOf
from protocols.severity import SEVERITIES

_log = structlog.get_logger()

CONSUMER = "stream"
"""The name under which the board acknowledges batches of the feed."""
_MOST_FROM_CLIENT = 4096
_HANDSHAKE_SECONDS = 10.0

_PEER_ERRORS = (
    wsproto.utilities.ProtocolError,
    UnicodeError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    OSError,
)
"""Errors that a peer can provoke in the WebSocket layer: octets in a header that are no text, frames in a state that does not
allow them, a connection that ends while it is used. They end that connection only."""


class Stream:
    """Serves the board to subscribers. ``clock`` gives the time, aware UTC. ``customers`` gives the customers that an alarm
    affects; None leaves them out of the frames."""

    def __init__(
        self,
        settings: StreamSettings,
        feed: Feed,
        board: Board,
        tokens: Tokens,
        metrics: Metrics,
        clock: Callable[[], datetime],
        customers: CustomersOf | None = None,
    ) -> None:
        self._customers = customers
        self._settings = settings
        self._feed = feed
        self._board = board
        self._tokens = tokens
        self._metrics = metrics
        self._clock = clock
        self._isolation = Isolation("a stream connection", metrics.stream_refused.labels("error").inc)
        self._slots = ConnectionSlots(settings)
        self._accept: Callable[[trio.SocketStream], None] | None = None

    def take(self, stream: trio.SocketStream) -> bool:
        """Serve a connection that another listener accepted, nothing of it read, as one of this actor's own. False, and the
        connection untouched, while the actor does not run."""
        if self._accept is None:
            return False
        self._accept(stream)
        return True

    async def run(self, task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled, or until the feed has ended and every subscriber has been sent the rest. In both cases the
        connections are closed with 1001. Reports the address bound. Raises AddressError when the address cannot be bound,
        FeedPruned when the board is too old for the feed."""
        hub = Hub(self._board, self._clock, self._customers)
        self._slots = ConnectionSlots(self._settings)
        self._metrics.stream_lag.set_function(hub.lag)
        self._show_active()
        listeners = await listen("stream.bind", self._settings.bind)
        async with trio.open_nursery() as connections:

            async def connection(stream: trio.SocketStream) -> None:
                await self._connection(stream, hub)

            self._accept = lambda stream: connections.start_soon(connection, stream)
            try:
                async with trio.open_nursery() as nursery:
                    await nursery.start(partial(trio.serve_listeners, connection, listeners, handler_nursery=connections))
                    bound = listeners[0].socket.getsockname()
                    task_status.started((bound[0], bound[1]))
                    await self._pump(hub, nursery)
                    nursery.cancel_scope.cancel()
            finally:
                self._accept = None
                hub.end()
                # Connections are shielded so that their closing handshake can take place. So they need a deadline.
                for scope in self._slots.scopes():
                    scope.deadline = min(scope.deadline, trio.current_time() + CLOSE_SECONDS)

    async def _pump(self, hub: Hub, nursery: trio.Nursery) -> None:
        folded = _Bell()
        nursery.start_soon(self._publish, hub, folded)
        while True:
            try:
                batches = await self._feed.after(self._board.seq)
            except EndOfFeed:
                return
            for batch in batches:
                self._board.fold(batch)
            await self._feed.acknowledge(CONSUMER, self._board.seq)
            self._show_active()
            folded.ring()

    async def _publish(self, hub: Hub, folded: "_Bell") -> None:
        while True:
            await folded.rung()
            hub.publish()
            await trio.sleep(self._settings.pace_seconds)

    def _show_active(self) -> None:
        active = self._board.active()
        for severity in SEVERITIES:
            if severity != "cleared" or active.get(severity):
                self._metrics.alarms_active.labels(severity).set(active.get(severity, 0))

    async def _connection(self, stream: trio.SocketStream, hub: Hub) -> None:
        with self._isolation.alone(), trio.CancelScope(shield=True) as scope:
            visit, instead = self._slots.enter(_address(stream), scope)
            if instead:
                self._metrics.stream_refused.labels("connections").inc()
            try:
                if hub.ending:
                    return
                async with trio.open_nursery() as nursery:
                    await self._converse(stream, hub, nursery, visit)
                    nursery.cancel_scope.cancel()
            except* ConnectionClosed:
                pass
            except* _PEER_ERRORS as errors:
                self._metrics.stream_refused.labels("protocol").inc()
                _log.debug("stream.peer_error", errors=[repr(error) for error in errors.exceptions])
            finally:
                self._slots.leave(visit)
                self._metrics.stream_clients.set(len(self._slots))
                await trio.aclose_forcefully(stream)

    async def _converse(self, stream: trio.SocketStream, hub: Hub, nursery: trio.Nursery, visit: Visit) -> None:
        with trio.move_on_after(_HANDSHAKE_SECONDS) as handshake:
            # trio-websocket waits for the request even when the peer has gone. Such a peer must not keep a slot.
            reader = cast(trio.Nursery, _CancelAtEnd(nursery, handshake))
            request = await wrap_server_stream(reader, stream, message_queue_size=1, max_message_size=_MOST_FROM_CLIENT)
            try:
                subscription = self._admit(request)
                # The slot is taken before anything is awaited: else many connections at once would pass the limit together.
                self._slots.take(visit, subscription.principal.name, trio.current_time())
            except RefusedHandshake as refused:
                self._metrics.stream_refused.labels(refused.reason).inc()
                await request.reject(refused.status, extra_headers=refused.headers(), body=refused.body())
                return
        if handshake.cancelled_caught:
            late = trio.current_time() >= handshake.deadline
            self._metrics.stream_refused.labels("timeout" if late else "protocol").inc()
            return
        self._metrics.stream_clients.set(len(self._slots))
        connection: WebSocketConnection | None = None
        with trio.move_on_after(_HANDSHAKE_SECONDS):
            connection = await request.accept(subprotocol=subscription.subprotocol)
        if connection is None:
            return
        subscriber = Subscriber(subscription, connection, hub, self._settings, self._tokens, self._metrics, self._clock)
        visit.reader = subscriber
        try:
            await subscriber.run()
        finally:
            hub.positions.pop(subscriber, None)

    def _admit(self, request: WebSocketRequest) -> Subscription:
        try:
            return admit(
                request.path,
                request.headers,
                # trio-websocket removes Host from the headers and has it nowhere else.
                request._event.host,
                request.proposed_subprotocols,
                origins=self._settings.allowed_origins,
                tokens=self._tokens,
                now=self._clock(),
            )
        except TokenFileError as error:
            _log.warning("stream.tokens_unreadable", error=str(error))
            raise RefusedHandshake(503, "tokens", "Unavailable", "tokens cannot be checked at the moment") from error


class _Bell:
    """Wakes one waiting task. Rung twice before the task waits, it wakes the task once."""

    def __init__(self) -> None:
        self._rung = trio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def rung(self) -> None:
        await self._rung.wait()
        self._rung = trio.Event()


class _CancelAtEnd:
    """A nursery whose tasks cancel ``scope`` when they end."""

    def __init__(self, nursery: trio.Nursery, scope: trio.CancelScope) -> None:
        self._nursery, self._scope = nursery, scope

    def start_soon(self, task: Callable[[], Awaitable[None]]) -> None:
        self._nursery.start_soon(self._run, task)

    async def _run(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        finally:
            self._scope.cancel()


def _address(stream: trio.SocketStream) -> str:
    """The peer's IP address, "" when it has gone already."""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return ""
