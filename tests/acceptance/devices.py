"""Devices that send traps and INFORMs, each about an interface of its own: the alarms tell what arrived, and how often."""

import itertools
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import trio
from acceptance.harness import PATIENCE, Daemon

from protocols.snmp import encode
from protocols.snmp.notification import VarBind

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
DEVICES = 4
PATIENCE_FOR_AN_ANSWER = 0.5
"""Seconds after which a device repeats an INFORM, as real ones do."""


def trap(interface: int, community: str = "public") -> bytes:
    """linkDown of ``interface``."""
    return encode.trap_v2c(
        community=community, trap_oid=LINK_DOWN, uptime=interface, varbinds=_index(interface), request_id=interface
    )


def inform(interface: int) -> bytes:
    """linkDown of ``interface``, to be acknowledged."""
    return encode.inform(
        community="public", trap_oid=LINK_DOWN, uptime=interface, varbinds=_index(interface), request_id=interface
    )


def _index(interface: int) -> tuple[VarBind, ...]:
    return (VarBind(f"1.3.6.1.2.1.2.2.1.1.{interface}", "INTEGER", interface),)


class Device:
    """One address. What it sends as INFORM it repeats until that is acknowledged."""

    def __init__(self, host: str, port: int, interfaces: Iterator[int]) -> None:
        self.host, self.port = host, port
        self._interfaces = interfaces
        self.sent_as_trap: list[int] = []
        self.acknowledged: list[int] = []
        self.under_way = 0
        """The interface of the INFORM that is not acknowledged yet."""
        self.repeats = 0
        self._moved, self._repeated = trio.Event(), trio.Event()

    async def chatter(self, stopping: trio.Event, traps: bool = True) -> None:
        """A trap and an INFORM in turns, until told to stop; the last INFORM is acknowledged then."""
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            await sock.bind((self.host, 0))
            await sock.connect(("127.0.0.1", self.port))
            while not stopping.is_set():
                if traps:
                    interface = next(self._interfaces)
                    with suppress(ConnectionRefusedError):
                        await sock.send(trap(interface))
                        self.sent_as_trap.append(interface)
                self.under_way = next(self._interfaces)
                await self.inform(sock, self.under_way)

    async def inform(self, sock: trio.socket.SocketType, interface: int) -> None:
        """Send until it is acknowledged."""
        datagram = inform(interface)
        while not await self._answered(sock, datagram, interface):
            self.repeats += 1
            repeated, self._repeated = self._repeated, trio.Event()
            repeated.set()
        self.acknowledged.append(interface)
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    async def another(self) -> None:
        """Wait until one more INFORM is acknowledged."""
        await self._moved.wait()

    async def another_repeat(self) -> None:
        """Wait until an INFORM is repeated for want of an answer."""
        await self._repeated.wait()

    async def _answered(self, sock: trio.socket.SocketType, datagram: bytes, request_id: int) -> bool:
        with trio.move_on_after(PATIENCE_FOR_AN_ANSWER) as waiting:
            with suppress(ConnectionRefusedError):
                await sock.send(datagram)
                while encode.decode_response(await sock.recv(65535)).request_id != request_id:
                    pass
                return True
            if not waiting.cancelled_caught:  # nobody listens: not sooner again than after the usual time
                await trio.sleep(PATIENCE_FOR_AN_ANSWER)
        return False


class Load:
    """Devices that chatter all the while."""

    def __init__(self, port: int) -> None:
        interfaces = itertools.count(1)
        self.devices = [Device(f"127.0.0.{number}", port, interfaces) for number in range(2, 2 + DEVICES)]

    @property
    def acknowledged(self) -> set[int]:
        return {interface for device in self.devices for interface in device.acknowledged}

    @property
    def traps(self) -> set[int]:
        return {interface for device in self.devices for interface in device.sent_as_trap}

    @asynccontextmanager
    async def under_way(self, *, traps: bool = True) -> AsyncIterator[None]:
        stopping = trio.Event()
        with trio.fail_after(3 * PATIENCE):
            async with trio.open_nursery() as nursery:
                for device in self.devices:
                    nursery.start_soon(device.chatter, stopping, traps)
                yield
                stopping.set()

    async def goes_on(self) -> None:
        """Wait until every device has had another INFORM acknowledged."""
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                for device in self.devices:
                    nursery.start_soon(device.another)

    async def repeats(self) -> None:
        """Wait until every device has had to repeat an INFORM."""
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                for device in self.devices:
                    nursery.start_soon(device.another_repeat)


async def stored_once(daemon: Daemon, interfaces: set[int]) -> None:
    """Wait until PostgreSQL has an alarm for each, and no more; each was counted once."""
    rows: list[tuple[str, int]] = []
    with trio.move_on_after(PATIENCE):
        while len(rows) < len(interfaces):
            found = await daemon.sql("SELECT resource_id, occurrence_count FROM alarms WHERE source <> 'system'")
            rows = [tuple(row) for row in found]
    assert {int(resource.rpartition("/")[2]) for resource, _ in rows} == interfaces
    assert {count for _, count in rows} == {1}
    raised = await daemon.sql(
        "SELECT count(*) FROM alarm_timeline WHERE action = 'raised' AND alarm_id IN "
        "(SELECT id FROM alarms WHERE source <> 'system')"
    )
    assert raised[0][0] == len(interfaces)
