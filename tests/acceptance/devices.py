"""Devices that send traps and INFORMs, each about an interface of its own, so that the alarms tell what arrived and how often."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import trio

from protocols.snmp import encode
from protocols.snmp.notification import VarBind

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
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
        self.acknowledged.append(interface)

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
