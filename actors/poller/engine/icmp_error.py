"""ICMP errors about requests, from a socket's error queue (Linux, ip(7), IP_RECVERR)."""

import errno
import socket
import struct
from typing import Final

from msgspec import Struct

from actors.recvmmsg import SocketAddress

IP_RECVERR: Final = 11
IPV6_RECVERR: Final = 25
MSG_ERRQUEUE: Final = 0x2000
_EXTENDED_ERROR: Final = struct.Struct("@IBBBBII")
"""sock_extended_err: errno, origin, type, code, padding, info, data."""
_ORIGIN_ICMP: Final = frozenset({2, 3})
"""SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6."""
_QUOTED: Final = 1_024
_CONTROL: Final = 512


class IcmpError(Struct, frozen=True, gc=False):
    """ICMP about a datagram to ``to``. ``quoted`` is the beginning of its octets, as far as the ICMP message quotes them;
    ``port`` is true when nothing listens at the port, and false when the network says something else."""

    to: SocketAddress
    quoted: bytes
    port: bool

    def quotes(self, request: bytes) -> bool:
        """True when the ICMP message repeats octets of ``request``, which nobody knows who does not see it on its way."""
        return bool(self.quoted) and request.startswith(self.quoted)


def set_error_queue(sock: socket.socket) -> None:
    """Let the kernel tell about ICMP errors. Raises OSError."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def read_error(sock: socket.socket) -> IcmpError | None:
    """The next error in the queue, None when it is empty or cannot be read."""
    try:
        quoted, ancillary, _, to = sock.recvmsg(_QUOTED, _CONTROL, MSG_ERRQUEUE)
    except OSError:
        return None
    port = False
    for level, kind, content in ancillary:
        if (level, kind) in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
            number, origin, *_ = _EXTENDED_ERROR.unpack_from(content)
            port = number == errno.ECONNREFUSED and origin in _ORIGIN_ICMP
    return IcmpError(to, quoted, port)
