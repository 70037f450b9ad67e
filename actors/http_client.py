"""One HTTP request to a configured URL: no redirect, no proxy, no cookie, a bounded answer, a checked address.

The caller bounds the whole by cancelling it. Built on httpcore, which is the transport of httpx: there alone the address can be
checked that a connection is made to.
"""

import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpcore
import msgspec
import trio
from msgspec import Struct

from actors.delivery_failed import DeliveryFailed
from actors.isolation import leaves
from actors.public_address import is_public, names_address

MOST_READ: Final = 65_536
"""Octets of an answer's body that are read; then the connection is closed."""
_MOST_OCTETS: Final = MOST_READ + 16_384
"""With the head of the answer."""
_CONNECT_SECONDS = 10.0
_TEMPORARY = frozenset({408, 425, 429})
_SHOWN = 200
_DEEPEST = 50


class HttpAnswer(Struct, frozen=True):
    """``headers`` with names in lower case; ``body`` is cut at :data:`MOST_READ`."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def shown(self) -> str:
        """The status and the first characters of the body, for people."""
        said = " ".join(self.body[: 4 * _SHOWN].decode("utf-8", "replace").split())
        return f"{self.status} {said[:_SHOWN]}".rstrip()


def json_of(body: bytes) -> Any:
    """A far end's JSON. Raises ValueError for anything else, and for JSON that is nested deeper than :data:`_DEEPEST`: what is
    kept of it has to be encoded again."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    level = [found]
    for _ in range(_DEEPEST):
        level = [each for inner in level for each in _within(inner)]
        if not level:
            return found
    raise ValueError("JSON that is nested too deep")


def _within(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


class HttpClient:
    """``limiter`` bounds the threads that resolve names: a resolver that hangs must hold up no other part of faultd."""

    def __init__(self, tls: ssl.SSLContext, limiter: trio.CapacityLimiter, *, allow_private: bool) -> None:
        self._tls, self._network = tls, _CheckedNetwork(limiter, allow_private=allow_private)

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """The answer, whatever its status. Raises DeliveryFailed when there is none. Can be cancelled."""
        sent = [(name.encode(), value.encode()) for name, value in {"User-Agent": "faultd", **headers}.items()]
        pool = httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=self._network, max_keepalive_connections=0)
        try:
            async with (
                pool,
                pool.stream(
                    method, url, headers=[*sent, (b"Connection", b"close")], content=body if method != "GET" else None
                ) as response,
            ):
                read = bytearray()
                with suppress(_ReadEnough):
                    async for chunk in response.aiter_stream():
                        read += chunk
                named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return HttpAnswer(response.status, named, bytes(read[:MOST_READ]))
        except _ReadEnough as error:
            raise DeliveryFailed(f"the head of the answer is longer than {_MOST_OCTETS} octets") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise DeliveryFailed(_said(error)) from error


def raise_for_status(answer: HttpAnswer, now: datetime) -> None:
    """Raises DeliveryFailed for a status other than 2xx: for good, unless it is 5xx, 408, 425 or 429."""
    status = answer.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise DeliveryFailed(f"{status}: a redirect, which is not followed", permanent=True)
    temporary = status >= 500 or status in _TEMPORARY
    asked = retry_after(answer.headers.get("retry-after", ""), now) if temporary else None
    raise DeliveryFailed(answer.shown, permanent=not temporary, retry_after=asked)


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3); None for none and for nonsense."""
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value[:10])
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to an address that the host's name resolves to, if it is public or private ones are allowed. A URL with the
    address itself names it, so that one is allowed. Check and connection use one resolution, so a name that resolves
    otherwise a moment later gains nothing."""

    def __init__(self, limiter: trio.CapacityLimiter, *, allow_private: bool) -> None:
        self._limiter, self._allow_private = limiter, allow_private
        self._plain = httpcore.TrioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolved(host, port)
        private = self._allow_private or names_address(host)
        allowed = [address for address in addresses if private or is_public(address)]
        if not allowed:
            raise DeliveryFailed(
                "the host's name leads to a private address, which allow_private does not permit", permanent=True
            )
        for number, address in enumerate(allowed, 1):
            try:
                stream = await self._plain.connect_tcp(address, port, _CONNECT_SECONDS, local_address, socket_options)
                return _BoundedStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(allowed):
                    raise
        raise AssertionError

    async def _resolved(self, host: str, port: int) -> list[str]:
        try:
            found = await trio.to_thread.run_sync(
                lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), limiter=self._limiter, abandon_on_cancel=True
            )
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, socket.gaierror) else "not a host name"
            raise DeliveryFailed(f"the host's name cannot be resolved: {reason}") from error
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _ReadEnough(Exception):
    """The far end has sent as many octets as are read. It unwinds httpcore's generators, which leaving them would not."""


class _BoundedStream(httpcore.AsyncNetworkStream):
    """A connection of which :data:`_MOST_OCTETS` are read."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream, self._left = stream, _MOST_OCTETS

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left <= 0:
            raise _ReadEnough
        octets = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(octets)
        return octets

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _said(error: Exception) -> str:
    """The text of the error that is at the bottom of it. None of these has a URL."""
    bottom: BaseException = error
    while (cause := bottom.__cause__ or _wrapped(bottom)) is not None:
        bottom = next(leaves(cause))
    text = str(bottom).strip()
    return f"{type(bottom).__name__}: {text}" if text else type(error).__name__


def _wrapped(error: BaseException) -> BaseException | None:
    """The error of trio that one of httpcore was made of; httpcore takes the cause away."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, BaseException) else None
