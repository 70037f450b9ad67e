"""Following the alarm stream: the same WebSocket that any client uses, opened again when it breaks."""

import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from urllib.parse import urlsplit

import msgspec
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    ConnectionTimeout,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

from faultd.console.rest import in_words
from protocols.alarm import Alarm
from protocols.printable import printable
from protocols.rest_problem import ProblemDocument
from protocols.rest_sla_breaches import BreachShown
from protocols.sla.stream_items import StreamedInstance, StreamedRequest
from protocols.stream import ChangesFrame, HeartbeatFrame, LaggedFrame, SnapshotFrame

_decoder = msgspec.json.Decoder(SnapshotFrame | ChangesFrame | HeartbeatFrame | LaggedFrame)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
CONNECT_SECONDS = 15.0
CLOSE_SECONDS = 2.0
MAX_MESSAGE = 2**30
QUIET_SECONDS = 300.0
"""Without any frame for so long, heartbeats included, the connection is dead: a host that went away says nothing."""
TOKEN_REVOKED = 4401


class StreamUnreachable(Exception):
    """No stream answers; the text says where and why."""


class StreamRefused(Exception):
    """The stream does not let this token in, or refuses the request; trying again does not help. The text says why."""


class Follower:
    """The alarms, SLA instances and breaches as of the last frame, and what that frame changed."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection
        self.alarms: dict[str, Alarm] = {}
        self.instances: dict[str, StreamedInstance] = {}
        """Instances near or beyond a breach. Empty unless the URL asks for the topic; the same for the other topics."""
        self.breaches: dict[str, BreachShown] = {}
        """The outages that last."""
        self.breaches_changed: Sequence[BreachShown] = ()
        """The breaches of the last frame, also those that are over."""
        self.requests: Sequence[StreamedRequest] = ()
        """The notification requests of the last frame."""
        self.seq = 0
        self.whole = False
        """True when the last frame contained all alarms."""

    async def next(self) -> Sequence[Alarm] | None:
        """Wait for a frame: the alarms that it brought, or None when the server has closed the stream."""
        self.breaches_changed, self.requests = (), ()
        try:
            frame = _decoder.decode(await self._connection.get_message())
        except ConnectionClosed:
            return None
        self.seq = frame.seq
        self.whole = isinstance(frame, SnapshotFrame)
        if isinstance(frame, SnapshotFrame):
            self.alarms = {alarm.id: alarm for alarm in frame.alarms}
            self.instances = {each.id: each for each in frame.sla_instances or ()}
            self.breaches = {each.id: each for each in frame.sla_breaches or ()}
            self.breaches_changed = frame.sla_breaches or ()
            return frame.alarms
        if isinstance(frame, ChangesFrame):
            self.alarms.update({alarm.id: alarm for alarm in frame.alarms})
            self.instances.update({each.id: each for each in frame.sla_instances or ()})
            self.breaches.update({each.id: each for each in frame.sla_breaches or ()})
            for id in frame.removed:
                for held in (self.alarms, self.instances, self.breaches):
                    held.pop(id, None)
            self.breaches_changed, self.requests = frame.sla_breaches or (), frame.sla_notification_requests or ()
            return frame.alarms
        return ()

    @property
    def end(self) -> str:
        """The reason, in words, for which the server closed the stream."""
        reason = self._connection.closed
        if reason is None:
            return "the connection broke"
        return printable(reason.reason or "") or f"closed with {reason.code}"

    @property
    def revoked(self) -> bool:
        """True when the server closed the stream because the token expired."""
        reason = self._connection.closed
        return reason is not None and reason.code == TOKEN_REVOKED


@asynccontextmanager
async def follow(url: str, token: str) -> AsyncIterator[Follower]:
    """Subscribe at ``url`` (``ws://host:port/alarms?...``). Raises ``trio_websocket.HandshakeError`` when refused.

    ``open_websocket_url`` would leave the socket of a connection that was refused to the garbage collector.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    resource = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    stream = await _connect(host, parts.port or (443 if parts.scheme == "wss" else 80), parts.scheme == "wss")
    try:
        async with trio.open_nursery() as nursery:
            with trio.move_on_after(CONNECT_SECONDS) as limit:
                connection = await wrap_client_stream(
                    nursery, stream, parts.netloc, resource, extra_headers=headers, max_message_size=MAX_MESSAGE
                )
            if limit.cancelled_caught:
                raise ConnectionTimeout
            try:
                yield Follower(connection)
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
                    await connection.aclose()
                nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The nursery is this function's own matter: its caller gets what was raised as it was.
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from group.exceptions[0].__cause__
    finally:
        await trio.aclose_forcefully(stream)


async def _connect(host: str, port: int, encrypted: bool) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    """A stream to the server. Raises HandshakeError with what went wrong as its cause."""
    try:
        with trio.fail_after(CONNECT_SECONDS):
            if not encrypted:
                return await trio.open_tcp_stream(host, port)
            stream = await trio.open_ssl_over_tcp_stream(host, port, ssl_context=ssl.create_default_context())
            await stream.do_handshake()
            return stream
    except trio.TooSlowError:
        raise ConnectionTimeout from None
    except (OSError, trio.BrokenResourceError) as error:
        raise HandshakeError from error


async def snapshot(url: str, token: str) -> dict[str, Alarm]:
    """All alarms that the stream has, once. Raises StreamUnreachable and StreamRefused."""
    with trio.move_on_after(CONNECT_SECONDS):
        try:
            async with follow(url, token) as follower:
                if await follower.next() is None:
                    raise StreamUnreachable(f"the stream at {url} ended: {follower.end}")
                return follower.alarms
        except HandshakeError as error:
            raise failure(url, error) from error
        except msgspec.MsgspecError as error:
            raise StreamRefused(f"{url} is no stream of faultd: {printable(str(error))}") from error
    raise StreamUnreachable(f"the stream at {url} does not answer within {CONNECT_SECONDS:.0f} s")


def failure(url: str, error: HandshakeError) -> StreamUnreachable | StreamRefused:
    """A failed handshake, in words."""
    if not isinstance(error, ConnectionRejected):
        return StreamUnreachable(f"no faultd answers at {url}: {_reason(error)}")
    try:
        detail = printable(msgspec.json.decode(error.body or b"", type=ProblemDocument).detail)
    except msgspec.MsgspecError:
        detail = "no faultd"
    if error.status_code < 500:
        return StreamRefused(f"the stream at {url} refuses ({error.status_code}): {detail}")
    return StreamUnreachable(f"the stream at {url} cannot answer now ({error.status_code}): {detail}")


def _reason(error: HandshakeError) -> str:
    """The reason of the last attempt of a connection that trio could not make. The text of trio's error repeats the address."""
    cause = error.__cause__
    if cause is None:
        return printable(str(error)) or "no answer in time"
    last = cause.__cause__ if isinstance(cause.__cause__, OSError | BaseExceptionGroup) else cause
    while isinstance(last, BaseExceptionGroup):
        last = last.exceptions[-1]
    return in_words(last)


class AlarmFollower:
    """Follows through restarts of the daemon and breaks of the network: after each the alarms are whole again."""

    def __init__(self, url: str, token: str, say: Callable[[str], None], random: Random | None = None) -> None:
        """Calls ``say`` with a text when the connection is lost and when it is back."""
        self._url, self._token, self._say, self._random = url, token, say, random or Random()
        self.alarms: dict[str, Alarm] = {}

    async def run(self, on_frame: Callable[[Sequence[Alarm], bool], None]) -> None:
        """Until cancelled: ``on_frame`` is given the alarms that a frame brought, and whether they are all there are: at
        first, and after a break. Raises StreamRefused; and StreamUnreachable when nothing answers the first time."""
        pause, connected_once = FIRST_PAUSE, False
        while True:
            try:
                async with follow(self._url, self._token) as follower:
                    again = connected_once
                    while (changed := await self._next(follower)) is not None:
                        if again:
                            self._say("connected again")
                        self.alarms, pause, connected_once, again = follower.alarms, FIRST_PAUSE, True, False
                        on_frame(changed, follower.whole)
                    if follower.revoked:
                        raise StreamRefused(f"the stream at {self._url} ended: the token has expired or was revoked")
                    why = follower.end
            except HandshakeError as error:
                found = failure(self._url, error)
                if isinstance(found, StreamRefused) or not connected_once:
                    raise found from error
                why = str(found)
            except msgspec.MsgspecError as error:
                raise StreamRefused(f"{self._url} is no stream of faultd: {printable(str(error))}") from error
            wait = pause * (0.5 + 0.5 * self._random.random())
            self._say(f"connection lost ({why}): trying again in {wait:.1f} s")
            await trio.sleep(wait)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _next(self, follower: Follower) -> Sequence[Alarm] | None:
        with trio.move_on_after(QUIET_SECONDS):
            return await follower.next()
        return None
