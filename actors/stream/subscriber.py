"""The connection of one subscriber after its handshake: its frames, its checks, and its end."""

from collections.abc import Callable
from datetime import datetime

import structlog
import trio
from trio_websocket import WebSocketConnection

from actors.metrics import Metrics
from actors.stream.frames import Text, heartbeat, lagged
from actors.stream.hub import Hub
from actors.stream.request import Subscription, Tokens
from actors.stream.settings import StreamSettings
from actors.stream.snapshots import StreamedSnapshot
from actors.stream.wire import Wire
from actors.tokens import TokenFileError

_log = structlog.get_logger()

GOING_AWAY = 1001
UNSUPPORTED_DATA = 1003
TOKEN_EXPIRED = 4401
CLOSE_SECONDS = 2.0
"""The most seconds that the closing handshake takes."""


class Subscriber:
    """Serves one connection until either side ends it. Raises trio-websocket's errors when the peer goes."""

    def __init__(
        self,
        subscription: Subscription,
        connection: WebSocketConnection,
        hub: Hub,
        settings: StreamSettings,
        tokens: Tokens,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._subscription = subscription
        self._filter = subscription.filter
        self._connection = connection
        self._wire = Wire(connection)
        self._hub = hub
        self._settings = settings
        self._tokens = tokens
        self._metrics = metrics
        self._clock = clock
        self._quiet_since = trio.current_time()
        self._close_with: tuple[int, str] | None = None
        self._idle = trio.CancelScope()
        self._running = trio.CancelScope()

    @property
    def principal(self) -> str:
        """The name of the subscriber's token."""
        return self._subscription.principal.name

    def stuck(self, now: float) -> float:
        """The seconds for which it has taken nothing of the frame that is being sent; 0 when none is."""
        return self._wire.stuck(now)

    def give_way(self) -> None:
        """End the connection at once: another subscriber gets its slot."""
        self._metrics.stream_dropped.labels("gave_way").inc()
        _log.info("stream.gave_way", principal=self.principal)
        self._running.cancel()

    async def run(self) -> None:
        """Serve until the connection is closed: with a closing handshake, or without one for a reader that takes nothing."""
        with self._running:
            await self._run()

    async def _run(self) -> None:
        close_with: tuple[int, str] | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, nursery.cancel_scope)
            nursery.start_soon(self._listen)
            close_with = await self._follow()
            nursery.cancel_scope.cancel()
        if close_with is not None:
            with trio.move_on_after(CLOSE_SECONDS):
                await self._connection.aclose(*close_with)

    async def _follow(self) -> tuple[int, str] | None:
        """Send frames until the connection is to be closed. Returns the close code and its reason, or None when a frame was not
        taken in time."""
        hub, since = self._hub, self._subscription.since
        if since is not None and hub.board.knows(since, self._filter.topics):
            position, taken = since, True
        else:
            position, taken = await self._snapshot()
        while taken:
            hub.positions[self] = position
            if self._close_with is not None:
                return self._close_with
            with trio.CancelScope() as self._idle:
                await hub.wait(position, self._quiet_since + self._settings.heartbeat_seconds - trio.current_time())
            if hub.published > position:
                position, taken = await self._catch_up(position)
            elif hub.ending:
                return GOING_AWAY, "faultd is stopping"
            if taken and trio.current_time() >= self._quiet_since + self._settings.heartbeat_seconds:
                taken = await self._send(heartbeat(position, self._clock()))
        return None

    async def _catch_up(self, position: int) -> tuple[int, bool]:
        board = self._hub.board
        frame = await self._hub.frames.changes(self._filter, position)
        if frame is not None:
            return frame.seq, await self._send(frame)
        self._metrics.stream_lagged.inc()
        missed = board.seq - position
        _log.info("stream.lagged", principal=self.principal, missed=missed)
        if not await self._send(lagged(board.seq, missed)):
            return position, False
        return await self._snapshot()

    def _close_soon(self, code: int, reason: str) -> None:
        self._close_with = code, reason
        self._idle.cancel()

    async def _snapshot(self) -> tuple[int, bool]:
        async with self._hub.snapshots.sending(self._filter) as frame:
            return frame.seq, await self._send(frame)

    async def _send(self, frame: Text | StreamedSnapshot) -> bool:
        """Send a frame. Returns False when the peer did not take it in time: half of it may be sent, so the connection must
        end."""
        if isinstance(frame, Text) and not frame.pieces:
            # Nothing for this filter. In a busy plant this loop must let other tasks run all the same.
            await trio.lowlevel.checkpoint()
            return True
        # Set before the peer can have the frame, so that the next heartbeat is never early for the peer.
        self._quiet_since = trio.current_time()
        with trio.move_on_after(self._settings.send_timeout_seconds) as scope:
            if isinstance(frame, Text):
                await self._wire.send(frame.pieces)
            else:
                await self._wire.send_as_it_comes(frame.pieces())
        if scope.cancelled_caught:
            self._metrics.stream_dropped.labels("stuck").inc()
            _log.info("stream.stuck", principal=self.principal, frame=frame.type)
            return False
        self._metrics.stream_frames.labels(frame.type).inc()
        return True

    async def _listen(self) -> None:
        # Text is ignored: some clients send a keep-alive of their own.
        while isinstance(await self._connection.get_message(), str):
            pass
        self._close_soon(UNSUPPORTED_DATA, "the stream takes no binary messages")

    async def _watch(self, scope: trio.CancelScope) -> None:
        """Check with every heartbeat whether the token is still valid and the peer still answers."""
        while self._close_with is None:
            await trio.sleep(self._settings.heartbeat_seconds)
            if not self._still_admitted():
                self._metrics.stream_dropped.labels("token").inc()
                self._close_soon(TOKEN_EXPIRED, "the token has expired or was revoked")
                return
            # A ping waits for the frame that is being sent, and the peer reads that frame first. So it gets twice the time.
            with trio.move_on_after(2 * self._settings.send_timeout_seconds) as waiting:
                await self._connection.ping()
            if waiting.cancelled_caught:
                self._metrics.stream_dropped.labels("silent").inc()
                _log.info("stream.silent", principal=self.principal)
                scope.cancel()

    def _still_admitted(self) -> bool:
        try:
            principal = self._tokens.verify(self._subscription.token, self._clock())
        except TokenFileError as error:
            # The token was valid a heartbeat ago. The error is for the operator of the file, not for the subscribers.
            _log.warning("stream.tokens_unreadable", error=str(error))
            return True
        return principal == self._subscription.principal
