"""Subscribers of the alarm stream, in a process of their own. Arguments: port, token, how many, plant.

The first one decodes every frame and notes when each resource first showed; the others count frames and octets. On a line
of standard input it tells what came since the line before.
"""

import os
import selectors
import socket
import sys
import time
from base64 import b64encode
from typing import Any

import msgspec

_TEXT, _PING, _PONG = 0x1, 0x9, 0xA
_READ = 1 << 20


class _Alarm(msgspec.Struct):
    resource_id: str


class _Frame(msgspec.Struct):
    type: str
    alarms: list[_Alarm] = []


_decoder = msgspec.json.Decoder(_Frame)


class Subscriber:
    """A WebSocket client (RFC 6455) that only reads, and answers pings."""

    def __init__(self, port: int, token: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        key = b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET /alarms HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = self.sock.recv(4096)
            if not part:
                raise ConnectionError(f"the stream refused a subscriber: {answer!r}")
            answer += part
        head, self.buffer = answer.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise ConnectionError(f"the stream refused a subscriber: {head!r}")
        self.sock.setblocking(False)
        self.frames = self.octets = 0

    def frames_in(self, octets: bytes) -> list[bytes]:
        """Payloads of the whole text frames that are complete with ``octets``."""
        data = self.buffer + octets if self.buffer else octets
        self.octets += len(octets)
        found, at = [], 0
        while len(data) - at >= 2:
            length, start = data[at + 1] & 0x7F, at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if len(data) < start + length:
                break
            opcode = data[at] & 0x0F
            if opcode == _PING:
                body = data[start : start + length]
                self.sock.send(bytes((0x80 | _PONG, 0x80 | length, 0, 0, 0, 0)) + body)
            elif opcode == _TEXT:
                self.frames += 1
                found.append(data[start : start + length])
            at = start + length
        self.buffer = data[at:]
        return found


def main() -> None:
    port, token, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    selector = selectors.DefaultSelector()
    crowd = [Subscriber(port, token) for _ in range(count)]
    for subscriber in crowd:
        selector.register(subscriber.sock, selectors.EVENT_READ, subscriber)
    selector.register(sys.stdin.buffer, selectors.EVENT_READ)
    first: dict[str, float] = {}
    alarms = lost = 0
    _say({"connected": count})
    while True:
        for key, _ in selector.select():
            subscriber = key.data
            if subscriber is None:
                if not sys.stdin.buffer.readline():
                    return
                frames, octets = sum(s.frames for s in crowd), sum(s.octets for s in crowd)
                _say({"frames": frames, "octets": octets, "alarms": alarms, "lost": lost, "first": first})
                for each in crowd:
                    each.frames = each.octets = 0
                alarms, first = 0, {}
                continue
            try:
                octets_read = subscriber.sock.recv(_READ)
            except BlockingIOError:
                continue
            if not octets_read:
                selector.unregister(subscriber.sock)
                lost += 1
                continue
            payloads = subscriber.frames_in(octets_read)
            if subscriber is crowd[0]:
                now = time.monotonic()
                for payload in payloads:
                    frame = _decoder.decode(payload)
                    if frame.type == "changes":
                        alarms += len(frame.alarms)
                        for alarm in frame.alarms:
                            first.setdefault(alarm.resource_id, now)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
