"""Receivers that faultd is compared with: snmptrapd logging to a file, and pysnmp's notification receiver."""

import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from bench.children import BenchError, Child, server
from bench.machine import cpu_seconds
from bench.v3 import SNMPTRAPD_CONFIG
from faultd.demo.workplace import free_port

RECEIVE_BUFFER = 32 * 1024 * 1024
_PATIENCE = 3.0


class Rival(Struct, frozen=True):
    """A running receiver. ``kept`` says how many traps it has logged or handed on since its start."""

    name: str
    port: int
    pid: int
    kept: Callable[[], int]


class Taken(Struct, frozen=True):
    """A load of a rival: datagrams sent and kept, microseconds of its processor time each, and the seconds that it
    took after the last one."""

    sent: int
    kept: int
    cpu_per_trap: float
    behind: float


@contextmanager
def snmptrapd(folder: Path) -> Iterator[Rival]:
    """net-snmp's, told to ask for the receive buffer that faultd asks for (it gets what the kernel's rmem_max allows), without
    name lookups, one line a trap into a file."""
    program = shutil.which("snmptrapd")
    if program is None:
        raise BenchError("snmptrapd is not installed (Debian: apt-get install snmptrapd)")
    folder.mkdir(parents=True, exist_ok=True)
    config, lines = folder / "snmptrapd.conf", folder / "traps.log"
    config.write_text(
        f"authCommunity log public\nserverRecvBuf {RECEIVE_BUFFER}\n"
        f"format1 TRAP %b %w %q %v\\n\nformat2 TRAP %b %w %q %v\\n\n{SNMPTRAPD_CONFIG}"
    )
    lines.unlink(missing_ok=True)
    port = free_port(0, socket.SOCK_DGRAM)
    counter = _Lines(lines)
    arguments = [program, "-f", "-n", "-C", "-c", str(config), "-m", "", "-Lf", str(lines), f"udp:127.0.0.1:{port}"]
    with server(arguments, port, folder / "output", {"SNMP_PERSISTENT_DIR": str(folder)}) as process:
        yield Rival("snmptrapd", port, process.pid, counter)


@contextmanager
def pysnmp(folder: Path) -> Iterator[Rival]:
    """pysnmp's ``NotificationReceiver`` on asyncio, whose callback only counts."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(0, socket.SOCK_DGRAM)
    count = folder / "count"
    with server([sys.executable, "-m", "bench.pysnmp_receiver", str(port), str(count)], port, folder / "output") as process:
        yield Rival("pysnmp", port, process.pid, lambda: int(count.read_text() or 0) if count.exists() else 0)


def load(rival: Rival, sender: Child, *, rate: int, count: int, what: str = "mix", v3: bool = False) -> Taken:
    """Send it what the sender builds, and wait until nothing moves any more."""
    sender.ask(do="build", port=rival.port, rate=rate, count=count, what=what, v3=v3)
    before, cpu = rival.kept(), cpu_seconds(rival.pid)
    answer: dict[str, Any] = sender.ask(do="go")
    ended = moved = time.monotonic()
    last = -1
    while True:
        kept = rival.kept() - before
        now = time.monotonic()
        if kept != last:
            last, moved = kept, now
        if kept >= answer["sent"] or now - moved > _PATIENCE:
            break
        time.sleep(0.02)
    return Taken(answer["sent"], kept, 1e6 * (cpu_seconds(rival.pid) - cpu) / max(1, kept), moved - ended)


class _Lines:
    """How many traps a growing log has; reads only what is new."""

    def __init__(self, path: Path) -> None:
        self._path, self._position, self._count, self._rest = path, 0, 0, b""

    def __call__(self) -> int:
        if self._path.exists():
            with self._path.open("rb") as log:
                log.seek(self._position)
                text = self._rest + log.read()
                self._position = log.tell()
            whole, _, self._rest = text.rpartition(b"\n")
            self._count += sum(line.startswith(b"TRAP ") for line in whole.split(b"\n"))
        return self._count
