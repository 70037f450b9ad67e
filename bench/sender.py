"""The sender, in a process of its own. One JSON command a line in, one JSON answer a line out; loopback only, and bounded.

``{"do": "build", "port": P, "rate": R, "count": N, "what": W, "v3": V}`` prepares datagrams, as SNMPv3 where V is true.
A ``rate`` of 0 means back to back; W is ``mix``, ``steady`` (without new problems) or ``new``. ``{"do": "go"}`` sends them. All
problems belong to one plant (``block``). No datagram is sent twice: a receiver may drop the second one as a copy or a replay.
"""

import socket
import sys
import time
from typing import Any

import msgspec

from bench.datagrams import SOURCES, Template, address, template
from bench.traffic import Population
from bench.v3 import Engines

MOST = 2_000_000
"""Datagrams of one run."""
_UPTIME = 1 << 24
_BREATH = 0.0005


class Sender:
    def __init__(self, block: int, seed: int) -> None:
        self.block = block
        self.population = Population(seed)
        self._engines = Engines(block)
        self._templates: dict[tuple[int, bool], Template] = {}
        self._sockets: list[socket.socket] = []
        self._port = 0
        self._rate = 0
        self._queue: list[tuple[socket.socket, bytes]] = []
        self._new: dict[int, int] = {}
        self._request = 1 << 24
        self._sequence = [1 << 24] * SOURCES
        self._born = time.monotonic()

    def build(self, port: int, rate: int, count: int, what: str, v3: bool = False, **_: Any) -> dict[str, Any]:
        if count > MOST:
            raise ValueError(f"count: {count} is more than {MOST}")
        if port != self._port:
            self._connect(port)
        self._rate = rate
        self._new.clear()
        before = self.population.known
        if what == "new":
            reports = self.population.raise_new(count)
        else:
            reports = self.population.mix(count, 0.0) if what == "steady" else self.population.mix(count)
        uptime = _UPTIME + int((time.monotonic() - self._born) * 100)
        pace = 100 / rate if rate else 0.0
        self._queue = []
        for index, (number, raised) in enumerate(reports):
            made = self._templates.get((number, raised))
            if made is None:
                made = self._templates[number, raised] = template(number, raised)
            if number >= before:
                self._new.setdefault(number, index)
            self._request += 1
            source = number % SOURCES
            self._sequence[source] += 1
            at = uptime + int(index * pace)
            datagram = made.fill(self._request, at, self._sequence[source])
            if v3:
                datagram = self._engines.secured(source, datagram, self._request, at)
            self._queue.append((self._sockets[source], datagram))
        return {"built": count}

    def go(self) -> dict[str, Any]:
        """Send, at even pace. ``at`` is the monotonic time of sending each new problem's first trap."""
        queue, rate, count = self._queue, self._rate, len(self._queue)
        first = {index: number for number, index in self._new.items()}
        at: dict[int, float] = {}
        cpu = time.process_time()
        start = time.monotonic()
        sent = failed = 0
        while sent < count:
            due = min(count, int((time.monotonic() - start) * rate) + 1) if rate else count
            while sent < due:
                sock, datagram = queue[sent]
                if sent in first:
                    at[first[sent]] = time.monotonic()
                try:
                    sock.send(datagram)
                except OSError:
                    failed += 1
                sent += 1
            if sent < count:
                time.sleep(_BREATH)
        seconds = time.monotonic() - start
        self._queue = []
        return {
            "sent": sent - failed,
            "failed": failed,
            "seconds": seconds,
            "cpu": time.process_time() - cpu,
            "tally": self.population.tally,
            "open": len(self.population.open),
            "known": self.population.known,
            "at": at if len(at) <= 20_000 else {},
        }

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets = []

    def _connect(self, port: int) -> None:
        self.close()
        for source in range(SOURCES):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((address(self.block, source), 0))
            sock.connect(("127.0.0.1", port))
            self._sockets.append(sock)
        self._port = port


def main() -> None:
    sender = Sender(int(sys.argv[1]), int(sys.argv[2]))
    for line in sys.stdin.buffer:
        command = msgspec.json.decode(line)
        answer = sender.build(**command) if command["do"] == "build" else sender.go()
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
