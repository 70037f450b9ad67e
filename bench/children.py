"""The processes that the bench starts: the daemon, the sender, and the others it is compared with."""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import asyncpg
import msgspec

from actors.tokens import TokenFile
from bench.machine import cpu_seconds, resident_bytes, tree_cpu_seconds
from faultd import embedded
from faultd.demo.workplace import free_port

READY_SECONDS, STOP_SECONDS = 180.0, 60.0


class BenchError(Exception):
    """A row cannot be measured; the text says why."""


class Postgres:
    """A PostgreSQL of the bench's own: its daemons get a database each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = embedded.start(folder)

    def database(self, name: str) -> str:
        """Make a database; its URL."""
        query(self._server.url_of("postgres"), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        query(self._server.url_of("postgres"), f'CREATE DATABASE "{name}"')
        return self._server.url_of(name)

    def cpu(self) -> float:
        """Processor seconds of all its processes."""
        return tree_cpu_seconds(int((self._folder / "postgres" / "postmaster.pid").read_text().split()[0]))

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()


def query(url: str, sql: str, *arguments: Any) -> list[Any]:
    """Rows of one statement."""

    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    return asyncio.run(fetch())


class Daemon:
    """``faultd run`` as an operator runs it; ``module`` is another program in its place."""

    def __init__(self, folder: Path, database_url: str, more: str = "", module: str = "faultd") -> None:
        folder.mkdir(parents=True)
        self._module = module
        self.folder, self.database_url = folder, database_url
        self.trap_port = free_port(0, socket.SOCK_DGRAM)
        self.http_port = free_port(0, socket.SOCK_STREAM)
        self.stream_port = free_port(0, socket.SOCK_STREAM)
        self._config = folder / "faultd.toml"
        self._config.write_text(f"""
state_dir = "{folder / "state"}"
[database]
url = "{database_url}"
[log]
format = "json"
[http]
bind = "127.0.0.1:{self.http_port}"
[stream]
bind = "127.0.0.1:{self.stream_port}"
max_clients_per_token = 500
max_clients_per_address = 500
[traps]
listen = ["127.0.0.1:{self.trap_port}"]
allow = ["127.0.0.0/8"]
{more}
""")
        (folder / "state").mkdir()
        self.token = TokenFile(folder / "state" / "tokens.json").create("bench", "admin", None, datetime.now(UTC))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.stop()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise BenchError("the daemon does not run")
        return self._process.pid

    def start(self) -> float:
        """Start it; the seconds until it says that it takes traps."""
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, (self.folder / "log").open("ab") as log:
            ready.bind(str(path))
            ready.settimeout(1.0)
            begun = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, "run", "--config", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(path)},
            )
            while time.monotonic() - begun < READY_SECONDS:
                try:
                    if b"READY=1" in ready.recv(4096).split(b"\n"):
                        return time.monotonic() - begun
                except TimeoutError:
                    if self._process.poll() is not None:
                        break
        raise BenchError(f"the daemon did not become ready: {self._last_words()}")

    def stop(self) -> None:
        """SIGTERM and wait; SIGKILL when it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def cpu(self) -> float:
        return cpu_seconds(self.pid)

    def memory(self) -> int:
        return resident_bytes(self.pid)

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name, labels included."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        try:
            connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {self.token}"})
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        samples = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def query(self, sql: str, *arguments: Any) -> list[Any]:
        return query(self.database_url, sql, *arguments)

    def _last_words(self) -> str:
        return " / ".join((self.folder / "log").read_text(errors="replace").splitlines()[-5:])


class Child:
    """A helper process of the bench: a JSON line in, a JSON line out."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Its next answer. Raises BenchError when it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"a helper of the bench ended with code {self._process.wait()}")
        answer: dict[str, Any] = msgspec.json.decode(line)
        return answer

    def ask(self, **command: Any) -> dict[str, Any]:
        self.tell(**command)
        return self.hear()


@contextmanager
def server(
    arguments: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Another receiver of traps, once its UDP port is taken. Raises BenchError when it does not come up."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(arguments), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
        )
    try:
        deadline = time.monotonic() + 30
        while not _bound(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{arguments[0]} did not start: {log.read_text(errors='replace')[-300:]}")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _bound(port: int) -> bool:
    suffix = f":{port:04X}"
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(suffix) for line in lines)
