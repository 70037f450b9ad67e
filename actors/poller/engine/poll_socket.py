"""The UDP socket that requests of one address family go out by."""

import socket

import structlog
import trio

from actors.drop_counter import DropCounter
from actors.poller.engine.icmp_error import IcmpError, read_error, set_error_queue
from actors.poller.engine.truesize import room_for_answers
from actors.receive_buffer import kernel_drops, set_receive_buffer
from actors.recvmmsg import Arrival, Receiver, SocketAddress
from protocols.snmp.manager.operation import LARGEST_ANSWER

_log = structlog.get_logger()


class PollSocket:
    """Non-blocking, at a port that the kernel chose. ``granted`` is its receive buffer in octets, ``room`` the part of it that
    answers can fill. Raises OSError."""

    def __init__(self, family: socket.AddressFamily, source: str, receive_buffer: int) -> None:
        self.name = "IPv6" if family == socket.AF_INET6 else "IPv4"
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((source, 0))
            set_error_queue(sock)
            self.granted = set_receive_buffer(sock, receive_buffer)
            self.room = room_for_answers(sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
            self._receiver = Receiver(sock, LARGEST_ANSWER, 0)
            self._drops = DropCounter(kernel_drops(sock) or 0)
        except OSError:
            sock.close()
            raise
        self.socket = sock
        if self.granted < receive_buffer:
            _log.warning(
                "receive buffer clamped by the kernel: fewer devices are asked at a time",
                socket=f"poller {self.name}",
                requested=receive_buffer,
                granted=self.granted,
                set=f"sysctl -w net.core.rmem_max={receive_buffer}",
            )

    def send(self, octets: bytes, to: SocketAddress) -> None:
        """Raises BlockingIOError when the send buffer is full, and OSError: also for an earlier datagram, whose error is then
        in the error queue."""
        self.socket.sendto(octets, to)

    def receive(self) -> list[Arrival]:
        """Some of the datagrams that wait. Raises OSError: also for an error that is then in the error queue."""
        return self._receiver.receive()

    def read_error(self) -> IcmpError | None:
        """The next ICMP error, None when there is none."""
        return read_error(self.socket)

    def more_dropped(self) -> int:
        """Datagrams that the kernel has dropped since the last call."""
        reading = kernel_drops(self.socket)
        return 0 if reading is None else self._drops.advance(reading)

    def close(self) -> None:
        """Wakes a task that waits for the socket with ClosedResourceError."""
        if self.socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self.socket)
            self.socket.close()
