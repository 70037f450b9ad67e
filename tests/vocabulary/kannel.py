"""Kannel before its own fake centre: ``bearerbox``, ``smsbox`` and ``fakesmsc``, as Debian packages them."""

import os
import re
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import unquote_to_bytes

import httpx
import trio
from tools import tool

PATIENCE = 30.0
PROGRAMS = f"/usr/sbin:{os.environ.get('PATH', '')}"
FAKES = "/usr/lib/kannel/test"
CONFIG = """
group = core
admin-port = {admin}
admin-password = admin
admin-allow-ip = "127.0.0.1"
smsbox-port = {smsbox}
box-allow-ip = "127.0.0.1"

group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = {centre}
connect-allow-ip = "127.0.0.1"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
global-sender = 4711

group = sendsms-user
username = faultd
password = "{password}"
max-messages = 10
concatenation = true
"""
_GOT = re.compile(rb"Got message \d+: <(\S+) (\S+) (.*)>$", re.MULTILINE)


class ReceivedText:
    """A message as the centre took it. ``concatenated``: (reference, parts, number of the part), None for a single one."""

    def __init__(self, receiver: str, kind: str, concatenated: tuple[int, int, int] | None, text: str) -> None:
        self.receiver, self.kind, self.concatenated, self.text = receiver, kind, concatenated, text


class Kannel:
    """A running gateway, at first without a centre."""

    def __init__(self, folder: Path, password: str) -> None:
        self._folder = folder
        self._ports = dict(zip(("admin", "smsbox", "centre", "sendsms"), free_ports(4), strict=True))
        (folder / "kannel.conf").write_text(CONFIG.format(password=password, **self._ports))
        self._read = 0
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def sendsms(self) -> str:
        """The URL of the gateway's interface."""
        return f"http://127.0.0.1:{self._ports['sendsms']}/cgi-bin/sendsms"

    async def start(self) -> None:
        """Start bearerbox, then smsbox, which ends at once when it finds no bearerbox."""
        self._run(tool("bearerbox", PROGRAMS), "-v", "1", str(self._folder / "kannel.conf"))
        await self._until(f"http://127.0.0.1:{self._ports['admin']}/status.txt?password=admin", 200)
        self._run(tool("smsbox", PROGRAMS), "-v", "1", str(self._folder / "kannel.conf"))
        await self._until(self.sendsms, 403)

    async def _until(self, url: str, expected: int) -> None:
        with trio.fail_after(PATIENCE):
            async with httpx.AsyncClient() as client:
                while True:
                    with suppress(httpx.TransportError):
                        if (await client.get(url)).status_code == expected:
                            return
                    await trio.sleep(0.05)

    def connect_centre(self) -> None:
        """Start the fake centre, which sends nothing and writes down what it gets."""
        log = (self._folder / "centre.log").open("ab")
        command = [tool("fakesmsc", FAKES), "-H", "127.0.0.1", "-r", str(self._ports["centre"]), "-m", "0", "1 2 text x"]
        self._processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
        log.close()

    def stop_bearerbox(self) -> None:
        """Stop the part that talks to centres."""
        self._processes[0].kill()
        self._processes[0].wait()

    async def received(self, number: int) -> list[ReceivedText]:
        """Wait for ``number`` messages more at the centre."""
        with trio.fail_after(PATIENCE):
            while True:
                found = _GOT.findall((self._folder / "centre.log").read_bytes())
                if len(found) >= self._read + number:
                    break
                await trio.sleep(0.05)
        new, self._read = found[self._read :], len(found)
        return [_parsed(receiver.decode(), rest) for _, receiver, rest in new]

    def stop(self) -> None:
        """End the three processes."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _run(self, *command: str) -> None:
        with (self._folder / "kannel.log").open("ab") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self._folder))


def _parsed(receiver: str, rest: bytes) -> ReceivedText:
    """``text WORDS``, ``ucs-2 OCTETS`` or ``udh HEADER data OCTETS``, with octets percent-encoded and ``+`` for blanks."""
    kind, _, body = rest.partition(b" ")
    if kind == b"text":
        return ReceivedText(receiver, "text", None, body.decode())
    if kind == b"ucs-2":
        return ReceivedText(receiver, "ucs-2", None, _octets(body).decode("utf-16-be"))
    header, _, data = body.partition(b" data ")
    reference, parts, number = _octets(header)[3:6]
    octets = _octets(data)
    wide = len(octets) > 1 and b"\0" in octets
    text = octets.decode("utf-16-be") if wide else octets.decode()
    return ReceivedText(receiver, "ucs-2" if wide else "text", (reference, parts, number), text)


def _octets(quoted: bytes) -> bytes:
    return unquote_to_bytes(quoted.replace(b"+", b" "))


def free_ports(number: int) -> list[int]:
    """Ports of 127.0.0.1 that are free now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@asynccontextmanager
async def running_kannel(folder: Path, password: str) -> AsyncIterator[Kannel]:
    """A gateway without a centre, until the end of the block."""
    kannel = Kannel(folder, password)
    try:
        await kannel.start()
        yield kannel
    finally:
        kannel.stop()
