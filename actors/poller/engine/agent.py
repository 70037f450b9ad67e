"""An SNMP agent as the engine knows it: where it is, how to talk to it, and its traffic so far."""

import socket
from ipaddress import ip_address

import trio

from actors.poller.engine.inquiry import Inquiry
from actors.recvmmsg import SocketAddress
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.walk_size import WalkSize


class PolledAgent:
    """One SNMP agent. ``address`` is a numeric IPv4 or IPv6 address (a link-local one with its interface: ``fe80::1%eth0``).

    An agent is asked for one thing at a time: further operations wait for the one before. A caller that wants several at a
    time makes several agents with the same address and port, each with a session of its own. Raises ValueError for another
    form of address, and OSError for an unknown interface.
    """

    __slots__ = ("address", "answers", "busy", "family", "inquiry", "port", "sent", "session", "sockaddr", "turns", "walk_size")

    def __init__(self, address: str, port: int, session: AgentSession) -> None:
        self.address, self.port, self.session = address, port, session
        self.family, self.sockaddr = _destination(address, port)
        """``sockaddr`` is as the kernel writes it in front of a datagram: (host, port), for IPv6 with flow and scope."""
        self.sent = 0
        """Datagrams sent to it in operations that ended."""
        self.answers = 0
        """Answers taken from it in operations that ended."""
        self.walk_size = WalkSize()
        """The size of answer that it can give, for ``Walk``; kept from poll to poll."""
        self.busy = False
        self.inquiry: Inquiry | None = None
        """The operation under way."""
        self.turns: trio.lowlevel.ParkingLot | None = None
        """Tasks whose operations wait for the one before."""

    async def take_turn(self) -> None:
        """Wait until the agent is asked for nothing else. May be cancelled."""
        if not self.busy:
            self.busy = True
            return
        if self.turns is None:
            self.turns = trio.lowlevel.ParkingLot()
        await self.turns.park()

    def end_turn(self) -> None:
        """Let the next operation begin."""
        if self.turns:
            self.turns.unpark()
        else:
            self.turns = None
            self.busy = False


def _destination(address: str, port: int) -> tuple[socket.AddressFamily, SocketAddress]:
    try:
        # Nearly every address: a tenth of what the general way takes.
        return socket.AF_INET, (socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, address)), port)
    except OSError:
        parsed = ip_address(address)
    mapped = None if parsed.version == 4 else parsed.ipv4_mapped
    family = socket.AF_INET6 if parsed.version == 6 and mapped is None else socket.AF_INET
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    found = socket.getaddrinfo(str(mapped or address), port, family, socket.SOCK_DGRAM, 0, numeric)
    sockaddr = found[0][4]
    if family == socket.AF_INET6:
        # The kernel writes an address without its interface's name; the scope is a field of its own.
        sockaddr = (str(sockaddr[0]).partition("%")[0], *sockaddr[1:])
    return family, sockaddr
