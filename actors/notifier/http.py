"""One HTTP request to a configured URL: no redirect, no proxy, no cookie, a bounded answer, a checked address.

The caller bounds the whole by cancelling it. Built on httpcore, which is the transport of httpx: there alone the address can be
checked that a connection is made to.
"""

import socket
import ssl
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore
import trio
from msgspec import Struct

from actors.notifier.channel import DeliveryFailed
from actors.notifier.public_address import is_public

MOST_READ: Final = 65_536
"""Octets of an answer's body that are read; then the connection is closed."""
_CONNECT_SECONDS = 10.0
_TEMPORARY = frozenset({408, 425, 429})
_SHOWN = 200


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
                async for chunk in response.aiter_stream():
                    read += chunk
                    if len(read) >= MOST_READ:
                        break
                named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return HttpAnswer(response.status, named, bytes(read[:MOST_READ]))
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
    except (ValueError, TypeError):
        return None


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to an address that the host's name resolves to, if it is public or private ones are allowed. The check and the
    connection use one resolution, so a name that resolves otherwise a moment later gains nothing."""

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
        allowed = [address for address in addresses if self._allow_private or is_public(address)]
        if not allowed:
            raise DeliveryFailed("the host has a private address, which allow_private does not permit", permanent=True)
        for number, address in enumerate(allowed, 1):
            try:
                return await self._plain.connect_tcp(address, port, _CONNECT_SECONDS, local_address, socket_options)
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


def _said(error: Exception) -> str:
    """A short text. Those of httpcore name no URL."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
