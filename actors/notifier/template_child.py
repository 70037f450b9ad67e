"""The process that renders templates: ``python -m actors.notifier.template_child DESCRIPTOR MEGABYTES SECONDS``.

It answers one request after the other over the socket DESCRIPTOR. It limits itself: its memory by RLIMIT_AS, the time of a
request by SIGALRM, whose default action ends the process.
"""

import signal
import socket
import sys
from typing import Any

import msgspec
from msgspec import Struct

from actors.bounded_process import limit_this_process
from actors.frames import FrameError, receive_frame, send_frame
from actors.notifier.sandbox import sandbox
from actors.notifier.templates import MessageTemplate

LONGEST = 65_536
"""Characters of each rendered part."""
SPARE_SECONDS = 1.0
"""The parent ends a process that is late; its own alarm clock is this much later, for when the parent is gone."""


class RenderRequest(Struct, frozen=True):
    """To the process: render the parts of ``template`` with ``values``."""

    template: MessageTemplate
    values: dict[str, Any]


class RenderAnswer(Struct, frozen=True):
    """From the process: the parts, or the error, which names the part."""

    subject: str = ""
    text: str = ""
    html: str = ""
    error: str = ""


encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(RenderRequest).decode
decode_answer = msgspec.msgpack.Decoder(RenderAnswer).decode


def rendered(request: RenderRequest) -> RenderAnswer:
    """The parts of the template, or the first error."""
    parts = {}
    for key in ("subject", "text", "html"):
        source: str = getattr(request.template, key)
        try:
            parts[key] = _rendered(source, request.values, html=key == "html") if source else ""
        except BaseException as error:  # noqa: BLE001 - the code of an operator: whatever it raises
            return RenderAnswer(error=f"{key}: {type(error).__name__}: {error}"[:500])
    return RenderAnswer(**parts)


def _rendered(source: str, values: dict[str, Any], *, html: bool) -> str:
    parts, length = [], 0
    for part in sandbox(html=html).from_string(source).generate(values):
        length += len(part)
        if length > LONGEST:
            raise ValueError(f"longer than {LONGEST} characters")
        parts.append(part)
    return "".join(parts)


def main(descriptor: str, megabytes: str, seconds: str) -> None:
    """Limit this process, say that it is ready, serve until the socket is closed."""
    limit_this_process(int(megabytes))
    with socket.socket(fileno=int(descriptor)) as end:
        send_frame(end, encode(RenderAnswer()))
        while True:
            try:
                request = decode_request(receive_frame(end))
            except (FrameError, ConnectionError):
                return
            signal.setitimer(signal.ITIMER_REAL, float(seconds) + SPARE_SECONDS)
            try:
                send_frame(end, encode(rendered(request)))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
