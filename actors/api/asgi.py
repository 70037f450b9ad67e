"""ASGI's types, as the gate and what it is made of use them."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


def header_values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    """The values of every header line of this name, which is in lower case."""
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]
