"""Far ends of the notifier, in a process of their own: a webhook receiver and a mail server that note what arrives and when.

``/stuck`` takes a request and answers after :data:`STUCK` seconds; every other path answers at once. On a line of standard
input it tells what came since the line before: ``[path or "mail", webhook-id or subject, time.monotonic()]``.
"""

import asyncio
import sys
import time
from email import message_from_bytes
from typing import Any

import msgspec

STUCK = 30.0
_arrived: list[tuple[str, str, float]] = []


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        await reader.readexactly(int(headers.get("content-length", "0")))
        path = first.split()[1].partition("?")[0]
        _arrived.append((path, headers.get("webhook-id", ""), time.monotonic()))
        if path == "/stuck":
            await asyncio.sleep(STUCK)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        # Cancelled while it is stuck: the bench has ended.
        pass
    finally:
        writer.close()


async def smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One session of RFC 5321, with as much of it as faultd uses."""
    try:
        writer.write(b"220 bench\r\n")
        while line := await reader.readline():
            match line[:4].upper():
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    await writer.drain()
                    break
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    mail = await reader.readuntil(b"\r\n.\r\n")
                    _arrived.append(("mail", str(message_from_bytes(mail)["Subject"]), time.monotonic()))
            writer.write(b"250 bench\r\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    servers = [await asyncio.start_server(serve, "127.0.0.1", 0) for serve in (http, smtp)]
    _say({"ports": [server.sockets[0].getsockname()[1] for server in servers]})
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        _say({"arrived": _arrived})
        _arrived.clear()


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
