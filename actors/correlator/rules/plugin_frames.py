"""Messages between the fold and the process of a plugin: msgpack, each in a frame."""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from protocols.alarm import Alarm
from protocols.plugin import PluginAction

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
