"""The agents on a UDP socket: one socket answers for every OLT's address in 127.0.0.0/8, and for nothing else."""

import socket
import struct
from collections.abc import Callable

import trio

from faultd.simulator.agents.plant_agents import AgentReply, PlantAgents

_IP_PKTINFO = 8
"""From linux/in.h; the socket module has no name for it."""
_PACKET_INFO = struct.Struct("=I4s4s")
"""struct in_pktinfo (ip(7)): interface, local address, the header's destination address."""
_LARGEST = 65_535
_AT_ONCE = 64
"""Datagrams that are answered before other tasks run."""
_LATE_MOST = 4096
"""Answers that wait for their time, at most."""
_BUFFER = 4 * 2**20


async def serve_agents(
    agents: PlantAgents,
    port: int,
    clock: Callable[[], float],
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer on ``port`` (0: any free one) until cancelled; started with the port. ``clock`` gives the second of the
    simulation. Raises OSError when the port cannot be had."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.bind(("0.0.0.0", port))
        task_status.started(sock.getsockname()[1])
        late = 0

        async def send_late(reply: AgentReply, peer: tuple[str, int]) -> None:
            nonlocal late
            await trio.sleep(reply.delay)
            late -= 1
            _send(sock, reply, peer)

        async with trio.open_nursery() as nursery:
            while True:
                await trio.lowlevel.wait_readable(sock)
                for _ in range(_AT_ONCE):
                    try:
                        datagram, ancillary, _, peer = sock.recvmsg(_LARGEST, socket.CMSG_SPACE(_PACKET_INFO.size))
                    except BlockingIOError:
                        break
                    except ConnectionError:
                        continue  # ICMP of an answer that nobody took
                    address = _destination(ancillary)
                    if not peer[0].startswith("127."):
                        continue
                    for reply in agents.answer(datagram, address, clock()):
                        if not reply.delay:
                            _send(sock, reply, peer)
                        elif late < _LATE_MOST:
                            late += 1
                            nursery.start_soon(send_late, reply, peer)
                await trio.lowlevel.checkpoint()


def _destination(ancillary: list[tuple[int, int, bytes]]) -> str:
    """The address to which the datagram was sent; empty when the kernel does not say."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            return socket.inet_ntoa(_PACKET_INFO.unpack(data)[2])
    return ""


def _send(sock: socket.socket, reply: AgentReply, peer: tuple[str, int]) -> None:
    """Send from the reply's own address. An answer for which the socket has no room is lost, as on any network."""
    info = _PACKET_INFO.pack(0, socket.inet_aton(reply.source), bytes(4))
    try:
        sock.sendmsg([reply.octets], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, peer)
    except (BlockingIOError, ConnectionError):
        return
