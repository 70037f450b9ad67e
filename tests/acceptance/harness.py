"""The real daemon in a process of its own, and what its users have: net-snmp, HTTP, a WebSocket, SQL."""

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import trio
from tools import tool

from actors.tokens import TokenFile
from faultd.console.follow import Follower, follow
from protocols.alarm import Alarm

PATIENCE = 60.0
"""Seconds after which a test gives up waiting for an event that should have come within one."""
API = "/api/v1/faults"
PORTS = range(20_000, 32_000)
"""Below those that Linux gives away by itself: none is taken between its choice and the daemon's start."""
_ours: dict[int, socket.socket] = {}
_running: set[trio.Process] = set()


def own_port() -> int:
    """A port that no other test has, in any process on this machine, as long as this process lives."""
    for port in itertools.chain(range(PORTS.start + os.getpid() * 7 % len(PORTS), PORTS.stop), PORTS):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0faultd-tests-port-{port}")
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(family, kind) as probe:
                        probe.bind((host, port))
        except OSError:
            claim.close()
            continue
        _ours[port] = claim
        return port
    raise OSError("no free port on loopback")


async def kill_left() -> None:
    """End what a test that failed has left running."""
    while _running:
        process = _running.pop()
        if process.poll() is None:
            process.kill()
            await process.wait()


class Daemon:
    """One faultd: its files, its ports and, while it runs, its process."""

    command: tuple[str, ...] = ("-m", "faultd")
    """What Python is given to run; ``run --config FILE`` follows."""

    def __init__(self, folder: Path, database_url: str, config: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.trap_port = own_port()
        self.http_port = own_port()
        self.stream_port = own_port()
        self.file = folder / "faultd.toml"
        self.log = folder / "faultd.log"
        self.write_config(config)
        book = TokenFile(folder / "state" / "tokens.json")
        (folder / "state").mkdir(exist_ok=True)
        self.token = book.create("ada", "admin", None, datetime.now(UTC))
        self.process: trio.Process | None = None

    def write_config(self, more: str = "", environment: Mapping[str, str] | None = None) -> None:
        database = f'[database]\nurl = "{self.database_url}"\n' if self.database_url else ""
        self.file.write_text(f"""
state_dir = "{self.folder / "state"}"
{database}
[http]
bind = "127.0.0.1:{self.http_port}"
[stream]
bind = "127.0.0.1:{self.stream_port}"
{more.replace("[traps]", f'[traps]{chr(10)}listen = ["127.0.0.1:{self.trap_port}", "[::1]:{self.trap_port}"]')}
""")

    # --- the process ----------------------------------------------------------------------------------------------

    async def start(self, **environment: str) -> None:
        """Start and wait until it says READY=1, as systemd does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
            path = self.folder / "notify"
            path.unlink(missing_ok=True)
            plain.bind(str(path))
            ready = trio.socket.from_stdlib_socket(plain)
            with self.log.open("ab") as log:
                self.process = await trio.lowlevel.open_process(
                    [sys.executable, "-X", "dev", *self.command, "run", "--config", str(self.file)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "NOTIFY_SOCKET": str(path), **environment},
                )
            _running.add(self.process)
            with trio.fail_after(PATIENCE):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._fail_when_it_ends)
                    while b"READY=1" not in (await ready.recv(4096)).split(b"\n"):
                        pass
                    nursery.cancel_scope.cancel()

    async def _fail_when_it_ends(self) -> None:
        assert self.process is not None
        code = await self.process.wait()
        pytest.fail(f"the daemon ended with code {code}:\n{self.last_words()}")

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.terminate()
        with trio.fail_after(PATIENCE):
            return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL: nothing is drained."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    def hangup(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    # --- its users --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def http(self, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        base = f"http://127.0.0.1:{self.http_port}"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=PATIENCE) as client:
            yield client

    @asynccontextmanager
    async def stream(self) -> AsyncIterator["Watcher"]:
        async with follow(f"ws://127.0.0.1:{self.stream_port}/alarms", self.token) as follower:
            watcher = Watcher(follower)
            await follower.next()
            yield watcher

    async def sql(self, query: str, *args: Any) -> list[Any]:
        """Rows straight from PostgreSQL."""

        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.database_url)
            try:
                return await connection.fetch(query, *args)
            finally:
                await connection.close()

        return await trio.to_thread.run_sync(asyncio.run, fetch())

    async def metric(self, name: str, **labels: str) -> float:
        """A sample from /metrics; 0 when it is not there."""
        async with self.http() as client:
            text = (await client.get("/metrics")).text
        shown = "{" + ",".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}" if labels else ""
        for line in text.splitlines():
            if line.startswith(f"{name}{shown} "):
                return float(line.rpartition(" ")[2])
        return 0.0

    @property
    def trap_address(self) -> str:
        """As net-snmp writes it."""
        return f"127.0.0.1:{self.trap_port}"


class Watcher:
    """The stream, waited on until the alarms are as expected."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower

    @property
    def alarms(self) -> list[Alarm]:
        return list(self.follower.alarms.values())

    async def until(self, wanted: Any) -> list[Alarm]:
        """Wait until ``wanted(alarms)`` is true; what it was true of."""
        with trio.fail_after(PATIENCE):
            while not wanted(self.alarms):
                assert await self.follower.next() is not None, "the stream ended"
        return self.alarms


def faultd(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of faultd to its end. Blocks."""
    return subprocess.run(
        [sys.executable, "-m", "faultd", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


async def run_tool(name: str, *arguments: str) -> None:
    """Run one of net-snmp's commands; it must succeed."""
    done = await trio.run_process([tool(name), *arguments], capture_stdout=True, capture_stderr=True, check=False)
    assert done.returncode == 0, f"{name} {arguments}: {done.stderr.decode()}"
