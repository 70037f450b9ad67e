"""A mail server (SMTP) on loopback that takes the demo's mails and delivers none: they are printed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes, policy
from functools import partial

import trio
from msgspec import Struct

HOST = "127.0.0.1"
_MOST = 1_000_000
"""Octets of a line, and of a mail."""
_IDLE_SECONDS = 60.0


class TakenMail(Struct, frozen=True):
    """A mail as it came in."""

    to: str
    subject: str


class _Lines:
    """The lines of a stream, each without its end."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream, self._buffer = stream, bytearray()

    async def next(self) -> bytes | None:
        """None at the end of the stream, or behind a line that is too long."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            octets = await self._stream.receive_some(65_536)
            if not octets or len(self._buffer) > _MOST:
                return None
            self._buffer += octets
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line


@asynccontextmanager
async def taking_mail(port: int, on_mail: Callable[[TakenMail], None]) -> AsyncIterator[None]:
    """Take mails on ``port`` of loopback; ``on_mail`` is called for each. Raises OSError when the port is not free."""
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_tcp, partial(_session, on_mail=on_mail), port, host=HOST))
        yield
        nursery.cancel_scope.cancel()


async def _session(stream: trio.SocketStream, on_mail: Callable[[TakenMail], None]) -> None:
    lines = _Lines(stream)
    with trio.move_on_after(_IDLE_SECONDS), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await stream.send_all(b"220 the demo prints mails and delivers none\r\n")
        recipients: list[str] = []
        while (line := await lines.next()) is not None:
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            match word.upper():
                case "EHLO" | "HELO":
                    answer = b"250 8BITMIME" if word.upper() == "EHLO" else b"250 hello"
                case "RCPT":
                    recipients.append(rest.partition(":")[2].strip(" <>"))
                    answer = b"250 accepted"
                case "DATA":
                    await stream.send_all(b"354 go on\r\n")
                    mail = await _mail(lines)
                    if mail is None:
                        return
                    subject = str(message_from_bytes(mail, policy=policy.default)["subject"] or "")
                    for each in recipients:
                        on_mail(TakenMail(each, subject))
                    recipients, answer = [], b"250 printed"
                case "QUIT":
                    await stream.send_all(b"221 bye\r\n")
                    return
                case _:
                    answer = b"250 accepted"
            await stream.send_all(answer + b"\r\n")


async def _mail(lines: _Lines) -> bytes | None:
    """The mail up to the line with a dot alone (RFC 5321, 4.5.2); None when the peer breaks off or sends too much."""
    found: list[bytes] = []
    size = 0
    while (line := await lines.next()) is not None:
        if line == b".":
            return b"\r\n".join(found)
        size += len(line)
        if size > _MOST:
            return None
        found.append(line.removeprefix(b"."))
    return None
