"""The process of one plugin: ``python -m actors.correlator.rules.plugin_child NAME DESCRIPTOR MEGABYTES``.

It loads the entry point NAME, then answers calls one after the other over the socket DESCRIPTOR until the fold closes it. The
process limits itself, so that a faultd that is killed leaves nothing behind: its memory by RLIMIT_AS, the time of a call by
SIGALRM, whose default action ends the process.
"""

import signal
import socket
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import entry_points
from typing import Any

import msgspec

from actors.bounded_process import limit_this_process
from actors.correlator.rules.plugin_frames import (
    MAX_ACTIONS,
    Ask,
    Call,
    Failed,
    PluginAnswer,
    PluginDone,
    Ready,
    decode_to_plugin,
    encode,
)
from actors.frames import FrameError, receive_frame, send_frame
from protocols.alarm import Alarm
from protocols.plugin import GROUP, Plugin, PluginAction, View
from protocols.topology import Node

SPARE_SECONDS = 1.0
"""The fold ends a plugin that is late; the plugin's own alarm clock is this much later, for when the fold is gone."""

_TYPES: dict[str, Any] = {
    "alarm": Alarm | None,
    "at_resource": tuple[Alarm, ...],
    "children": tuple[Alarm, ...],
    "node": Node | None,
    "above": tuple[str, ...],
}


class RemoteView:
    """The View of one call: every question goes to the fold, which waits for the call to end."""

    def __init__(self, end: socket.socket, now: datetime) -> None:
        self._end = end
        self.now = now

    def alarm(self, name: str) -> Alarm | None:
        return self._ask("alarm", name)  # type: ignore[no-any-return]

    def at_resource(self, resource_id: str) -> Sequence[Alarm]:
        return self._ask("at_resource", resource_id)  # type: ignore[no-any-return]

    def children(self, alarm_id: str) -> Sequence[Alarm]:
        return self._ask("children", alarm_id)  # type: ignore[no-any-return]

    def node(self, node_id: str) -> Node | None:
        return self._ask("node", node_id)  # type: ignore[no-any-return]

    def above(self, node_id: str) -> Sequence[str]:
        return self._ask("above", node_id)  # type: ignore[no-any-return]

    def _ask(self, what: str, by: Any) -> Any:
        # A key that is no text names nothing; it need not even be something that can be sent.
        send_frame(self._end, encode(Ask(what, by if isinstance(by, str) else None)))
        answer = decode_to_plugin(receive_frame(self._end))
        assert isinstance(answer, PluginAnswer)
        return msgspec.msgpack.decode(answer.value, type=_TYPES[what])


def serve(end: socket.socket, plugin: Plugin) -> None:
    """Answer calls until the fold closes the socket."""
    send_frame(end, encode(Ready(plugin.version, tuple(plugin.alarm_types))))
    while True:
        try:
            message = decode_to_plugin(receive_frame(end))
        except (FrameError, ConnectionError):
            return
        assert isinstance(message, Call)
        signal.setitimer(signal.ITIMER_REAL, message.seconds + SPARE_SECONDS)
        try:
            send_frame(end, encode(asked(plugin, RemoteView(end, message.now), message)))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def asked(plugin: Plugin, view: View, call: Call) -> PluginDone | Failed:
    """The actions that the plugin asks for, checked; or the exception that it raised, as an error."""
    actions: list[PluginAction] = []
    try:
        for action in plugin.touched(view, call.before, call.alarm) or ():
            if not isinstance(action, PluginAction):
                return Failed(f"{type(action).__name__} is no action")
            # A Struct does not check the types of the values that a plugin gives it: they are checked here.
            actions.append(msgspec.convert(msgspec.to_builtins(action), type(action)))
            if len(actions) > MAX_ACTIONS:
                return Failed(f"asked for more than {MAX_ACTIONS} actions at once")
    except ConnectionError:
        raise
    except BaseException as error:  # noqa: BLE001 - the code of others: whatever it raises, also to end the interpreter
        return Failed(f"{type(error).__name__}: {error}")
    return PluginDone(tuple(actions))


def load(name: str) -> Plugin | Failed:
    """The plugin behind an entry point of the group, made."""
    try:
        (point,) = entry_points(group=GROUP, name=name)
        plugin: Plugin = point.load()()
        if not (isinstance(plugin.version, str) and callable(plugin.touched)):
            return Failed("TypeError: version is no text, or touched no function")
        msgspec.convert(tuple(plugin.alarm_types), tuple[str, ...])
    except BaseException as error:  # noqa: BLE001 - the code of others, see above
        return Failed(f"{type(error).__name__}: {error}")
    return plugin


def main(name: str, descriptor: str, megabytes: str) -> None:
    """Limit this process, load the plugin, serve."""
    limit_this_process(int(megabytes))
    with socket.socket(fileno=int(descriptor)) as end:
        plugin = load(name)
        if isinstance(plugin, Failed):
            send_frame(end, encode(plugin))
        else:
            serve(end, plugin)


if __name__ == "__main__":
    main(*sys.argv[1:])
