"""The receive buffer of a UDP socket: as large as the kernel grants, and the count of datagrams that it dropped (socket(7))."""

import socket
import struct
from typing import Final

SO_RCVBUFFORCE: Final = 33
SO_MEMINFO: Final = 55
_DROPS_IN_MEMINFO: Final = 8


def set_receive_buffer(sock: socket.socket, requested: int, *, keep_larger: bool = False) -> int:
    """Ask for ``requested`` octets and return what was granted; the kernel keeps, and reports, double that. A socket that came
    with a larger buffer (``ReceiveBuffer=`` of the unit) keeps it when ``keep_larger``."""
    granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
    if keep_larger and granted >= requested:
        return granted
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, requested)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, requested)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def kernel_drops(sock: socket.socket) -> int | None:
    """The socket's drop counter, modulo 2^32; None where the kernel has no SO_MEMINFO (before Linux 4.12)."""
    try:
        info = sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 64)
    except OSError:
        return None
    values = struct.unpack(f"{len(info) // 4}I", info)
    return values[_DROPS_IN_MEMINFO] if len(values) > _DROPS_IN_MEMINFO else None
