"""Fuzz the stream's port of a real daemon: request lines and headers of handshakes, and frames behind those that are admitted.

    python fuzz/handshakes.py --seconds 300

Each connection is admitted or refused, nobody without a token is admitted, and the stream goes on: /readyz says so, no actor
was restarted, and whoever asks properly is admitted. The exit code is 0 when nothing was found.
"""

import random
import socket
from collections import Counter
from time import monotonic

import trio
from daemon import Found, Target, main, tell
from fuzzing.request_lines import frames, handshake, written

EVERY = 500
"""Connections after which the daemon is looked at."""
PATIENCE = 0.5
"""Seconds that an answer is waited for. Octets that are not a whole request have none."""


class Caller:
    """One connection after another."""

    def __init__(self, daemon: Target, seed: int) -> None:
        self._daemon, self._rng = daemon, random.Random(seed)
        self._tokens = {"nobody": "", "wrong": f"fd_{'x' * 43}", "viewer": daemon.token("viewer")}
        self.answers: Counter[tuple[str, str]] = Counter()

    def run(self, seconds: float) -> None:
        """Raises :class:`Found` for the first answer that must not be."""
        until = monotonic() + seconds
        while monotonic() < until:
            for _ in range(EVERY):
                if monotonic() >= until:
                    break
                self._call()
            self._daemon.check()
            self._properly()

    def _call(self) -> None:
        rng = self._rng
        who = rng.choice(tuple(self._tokens))
        octets = handshake(self._tokens[who], rng)
        if rng.random() < 0.2:
            octets += frames(rng)
        with socket.create_connection(("127.0.0.1", self._daemon.place.ports["stream"]), timeout=PATIENCE) as peer:
            head = _answer(peer, octets)
            status = head[9:12].decode("latin-1") if head else "none"
            self.answers[who, status] += 1
            if head and (not head.startswith(b"HTTP/1.1 ") or status not in ("101", "400", "401", "403", "404", "426", "503")):
                raise Found(f"{who}: {octets[:2000]!r} is answered with {head[:500]!r}")
            if status == "101":
                if who != "viewer":
                    raise Found(f"{who} is admitted: {octets[:2000]!r}")
                _answer(peer, frames(rng), b"\x88")
            if rng.random() < 0.2:
                # Closed with a reset instead of an end.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def _properly(self) -> None:
        """Who asks as one should is admitted and gets a snapshot."""
        lines = ["GET /alarms HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Authorization: Bearer {self._tokens['viewer']}"]
        with socket.create_connection(("127.0.0.1", self._daemon.place.ports["stream"]), timeout=30) as peer:
            head = _answer(peer, written(lines), b'"snapshot')
            if b" 101 " not in head or b'"snapshot' not in head:
                raise Found(f"a proper handshake is answered with {head[:500]!r}")


def _answer(peer: socket.socket, octets: bytes, end: bytes = b"\r\n\r\n") -> bytes:
    """What comes back until ``end``, or until the peer closes or says nothing for its timeout."""
    found = b""
    try:
        peer.sendall(octets)
        while end not in found and (more := peer.recv(65_536)):
            found += more
    except OSError:
        pass
    return found


async def fuzz(daemon: Target, seconds: float, seed: int) -> int:
    """Call for so long."""
    tell(f"handshakes, --seed {seed}")
    caller = Caller(daemon, seed)
    await trio.to_thread.run_sync(caller.run, seconds)
    tell(f"handshakes: {sum(caller.answers.values())} connections, the stream is well")
    for (who, status), count in sorted(caller.answers.items()):
        tell(f"  {who} {status}: {count}")
    return 0


if __name__ == "__main__":
    main(fuzz, __doc__)
