"""The UDP sockets that receive traps: opened here or inherited from systemd, with a buffer for storms (Linux, socket(7))."""

import socket
import struct
from collections.abc import Mapping, Sequence

import structlog

from actors.addresses import AddressError, refused
from actors.drop_counter import DropCounter
from actors.receive_buffer import kernel_drops, set_receive_buffer
from actors.recvmmsg import Ancillary, Arrival, Receiver, SocketAddress
from actors.trap_listener.activation import inherited
from actors.trap_listener.settings import parse_address

SO_RXQ_OVFL = 40
"""Linux: each datagram brings the count of those dropped before it; Python's socket module does not name it."""
IP_PKTINFO = 8

MAX_DATAGRAM = 8192
_CONTROL_SPACE = socket.CMSG_SPACE(4) + socket.CMSG_SPACE(20)

_UINT32 = struct.Struct("I")
_PKTINFO = struct.Struct("i4s4s")

LISTEN = "traps.listen"

_log = structlog.get_logger()


class TrapSocket:
    """A bound, non-blocking UDP socket. ``name`` labels it in metrics; ``granted`` is its receive buffer in bytes."""

    def __init__(self, sock: socket.socket, name: str, requested: int, *, keep_larger: bool = False) -> None:
        sock.setblocking(False)
        self.socket, self.name = sock, name
        self.granted = set_receive_buffer(sock, requested, keep_larger=keep_larger)
        if self.granted < requested:
            _log.warning(
                "receive buffer clamped by the kernel: traps of a storm can be lost",
                socket=name,
                requested=requested,
                granted=self.granted,
                set=f"sysctl -w net.core.rmem_max={requested}",
            )
        sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        before = kernel_drops(sock) or 0
        if before:
            _log.warning("the kernel dropped datagrams before this start", socket=name, dropped=before)
        self._dropped = DropCounter(before)
        self._receiver = Receiver(sock, MAX_DATAGRAM + 1, _CONTROL_SPACE)

    @property
    def address(self) -> tuple[str, int]:
        """The local IP address and port."""
        host, port, *_ = self.socket.getsockname()
        return host, port

    def receive(self) -> tuple[list[Arrival], int]:
        """Some of the datagrams that wait (each cut at one octet beyond the limit, so that an oversize one shows), none when
        none does, and how many the kernel has dropped since the last call. Raises OSError."""
        arrivals = self._receiver.receive()
        dropped = 0
        if arrivals:
            for level, kind, value in arrivals[-1][2]:
                if level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL:
                    dropped = self._dropped.advance(_UINT32.unpack_from(value)[0])
        return arrivals, dropped

    def answer(self, datagram: bytes, to: SocketAddress, ancillary: Ancillary) -> None:
        """Send from the local address that the request was sent to: on a socket bound to all addresses the kernel would
        choose another, and the sender would not take the answer. Never blocks; raises OSError."""
        control: list[tuple[int, int, bytes]] = []
        for level, kind, value in ancillary:
            if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
                _, local, _ = _PKTINFO.unpack_from(value)
                control.append((level, kind, _PKTINFO.pack(0, local, b"")))
            elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
                control.append((level, kind, value))
        self.socket.sendmsg([datagram], control, 0, to)

    def more_dropped(self) -> int:
        """Datagrams that the kernel has dropped since the last reading, asked of the socket itself: SO_RXQ_OVFL speaks only
        with the next datagram. Both readings are of one counter, so a drop counts once."""
        reading = kernel_drops(self.socket)
        return 0 if reading is None else self._dropped.advance(reading)

    def close(self) -> None:
        self.socket.close()


def open_sockets(listen: Sequence[str], receive_buffer: int, environment: Mapping[str, str], pid: int) -> list[TrapSocket]:
    """The datagram sockets that systemd handed to ``pid``, or else one for each address of ``listen``.

    Raises AddressError; no socket stays open then.
    """
    adopted = adopt(environment, pid, receive_buffer)
    if adopted:
        return adopted
    if not listen:
        raise AddressError(LISTEN, "", "no address is given, and systemd handed over no datagram socket")
    opened: list[TrapSocket] = []
    try:
        for address in listen:
            opened.append(open_socket(address, receive_buffer))
    except AddressError:
        for trap_socket in opened:
            trap_socket.close()
        raise
    return opened


def open_socket(address: str, receive_buffer: int) -> TrapSocket:
    """Bind ``host:port`` or ``[ipv6]:port``. Raises AddressError."""
    try:
        host, port = parse_address(address)
    except ValueError as error:
        raise AddressError(LISTEN, address, str(error)) from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise refused(LISTEN, address, error, socket.SOCK_DGRAM) from error
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        bound = sock.getsockname()[1]
        return TrapSocket(sock, f"[{host}]:{bound}" if family == socket.AF_INET6 else f"{host}:{bound}", receive_buffer)
    except OSError as error:
        sock.close()
        raise refused(LISTEN, address, error, socket.SOCK_DGRAM) from error


def adopt(environment: Mapping[str, str], pid: int, receive_buffer: int) -> list[TrapSocket]:
    """The UDP sockets among the descriptors that systemd passed; others (an HTTP listener) are left alone."""
    adopted = []
    for given in inherited(environment, pid):
        try:
            sock = socket.socket(fileno=given.descriptor)
        except OSError as error:
            raise AddressError("LISTEN_FDS", f"descriptor {given.descriptor} ({given.name})", str(error)) from error
        if sock.type != socket.SOCK_DGRAM or sock.family not in (socket.AF_INET, socket.AF_INET6):
            sock.detach()
            continue
        host, port, *_ = sock.getsockname()
        name = f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"
        adopted.append(TrapSocket(sock, name, receive_buffer, keep_larger=True))
    return adopted
