"""Messages between the fold and the process of a plugin: msgpack behind a length of four octets, over a socket pair."""

import socket
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from protocols.alarm import Alarm
from protocols.plugin import PluginAction

MAX_FRAME: Final = 64 * 1024 * 1024
"""Octets of one message. A longer one ends the process that sent it."""
MAX_ACTIONS: Final = 1_000
"""Actions that a plugin may ask for at once."""


class Call(Struct, frozen=True, tag="call"):
    """To the plugin: an alarm was raised, cleared or changed. ``seconds`` is the time that the call may take."""

    now: datetime
    before: Alarm | None
    alarm: Alarm
    seconds: float


class PluginAnswer(Struct, frozen=True, tag="answer"):
    """To the plugin: the value that it asked for, encoded by its own type."""

    value: Raw


class Ready(Struct, frozen=True, tag="ready"):
    """From the plugin's process, once: the plugin is loaded."""

    version: str
    alarm_types: tuple[str, ...]


class Ask(Struct, frozen=True, tag="ask"):
    """From the plugin: a question to the View. ``what`` is the View's method, ``by`` its argument."""

    what: str
    by: Any


class PluginDone(Struct, frozen=True, tag="done"):
    """From the plugin: the actions that it asks for, in order."""

    actions: tuple[PluginAction, ...]


class Failed(Struct, frozen=True, tag="failed"):
    """From the plugin: it raised, or asked for something that is no action."""

    error: str


ToPlugin = Call | PluginAnswer
FromPlugin = Ready | Ask | PluginDone | Failed

encode = msgspec.msgpack.Encoder().encode
decode_from_plugin = msgspec.msgpack.Decoder(FromPlugin).decode
decode_to_plugin = msgspec.msgpack.Decoder(ToPlugin).decode


class FrameError(ValueError):
    """The peer closed the connection, or sent a frame longer than :data:`MAX_FRAME`."""


def send(end: socket.socket, message: object) -> None:
    """Send one message. Raises OSError when the peer is gone, TimeoutError after the socket's timeout."""
    body = encode(message)
    end.sendall(len(body).to_bytes(4, "big") + body)


def receive(end: socket.socket) -> bytes:
    """The body of the next message. Raises :class:`FrameError`, OSError, TimeoutError after the socket's timeout."""
    length = int.from_bytes(_exactly(end, 4), "big")
    if length > MAX_FRAME:
        raise FrameError(f"a message of {length} octets, more than {MAX_FRAME}")
    return _exactly(end, length)


def _exactly(end: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = end.recv(min(count, 1 << 20))
        if not part:
            raise FrameError("the connection was closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
