"""Many datagrams with one system call (recvmmsg(2), Linux).

Python's own ``recvmsg`` takes one datagram a call, and with each gives up the interpreter lock and has to win it back from the
threads that write the ledger and feed PostgreSQL. This call never blocks, so it keeps the lock.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

_Decoded = TypeVar("_Decoded")

SocketAddress = tuple[Any, ...]
"""(host, port) for IPv4; (host, port, flow, scope) for IPv6."""
Ancillary = Sequence[tuple[int, int, bytes]]
Arrival = tuple[bytes, SocketAddress, Ancillary]
"""A datagram, its sender, and the control messages that came with it as (level, type, content)."""

MOST = 64
"""Datagrams of one call."""
_NAME_OCTETS = 28
"""sockaddr_in6, the larger of the two."""
_REMEMBERED = 16_384
"""Addresses and control messages whose decoded form is cached."""
_CONTROL_HEAD = struct.Struct("@Nii")


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


_recvmmsg = ctypes.PyDLL(None, use_errno=True).recvmmsg
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_recvmmsg.restype = ctypes.c_int

_STRIDE = ctypes.sizeof(_Message)
_LENGTH_AT = _Message.length.offset
_CONTROL_LENGTH_AT = _Message.header.offset + _Header.control_length.offset
_SIZE_T = ctypes.sizeof(ctypes.c_size_t)


class Receiver:
    """The buffers for one socket. Datagrams longer than ``octets`` are cut there, control messages at ``control`` octets."""

    def __init__(self, sock: socket.socket, octets: int, control: int) -> None:
        self._socket = sock
        self._messages = (_Message * MOST)()
        self._vectors = (_Vector * MOST)()
        self._buffers = [ctypes.create_string_buffer(MOST * size) for size in (octets, _NAME_OCTETS, control)]
        data, names, controls = map(ctypes.addressof, self._buffers)
        for index, message in enumerate(self._messages):
            self._vectors[index] = _Vector(data + index * octets, octets)
            header = message.header
            header.name, header.name_length = names + index * _NAME_OCTETS, _NAME_OCTETS
            header.vectors = ctypes.addressof(self._vectors) + index * ctypes.sizeof(_Vector)
            header.vector_count = 1
            header.control, header.control_length = controls + index * control, control
        self._at = ctypes.addressof(self._messages)
        self._headers = memoryview(self._messages).cast("B")
        self._fresh = bytes(self._headers)
        self._lengths, self._sizes = self._headers.cast("I"), self._headers.cast("L")
        self._data, self._names, self._controls = (memoryview(each).cast("B") for each in self._buffers)
        family = sock.family
        name_octets = 16 if family == socket.AF_INET else _NAME_OCTETS
        self._places = [
            (
                index * octets,
                (index * _STRIDE + _LENGTH_AT) // 4,
                index * _NAME_OCTETS,
                index * _NAME_OCTETS + name_octets,
                index * control,
                (index * _STRIDE + _CONTROL_LENGTH_AT) // _SIZE_T,
            )
            for index in range(MOST)
        ]
        """Where each datagram, its length, its sender's address and its control messages stand in the buffers."""
        self._addresses: _Memory[SocketAddress] = _Memory(_ipv4 if family == socket.AF_INET else _ipv6)
        self._ancillaries: _Memory[Ancillary] = _Memory(_control_messages)

    def receive(self) -> list[Arrival]:
        """The datagrams that wait, at most MOST. Raises OSError."""
        self._headers[:] = self._fresh  # the kernel has overwritten the buffers' lengths with those of the datagrams
        count = _recvmmsg(self._socket.fileno(), self._at, MOST, socket.MSG_DONTWAIT, None)
        if count < 0:
            code = ctypes.get_errno()
            if code in (errno.EAGAIN, errno.EINTR):
                return []
            raise OSError(code, os.strerror(code))
        lengths, sizes, data, names, controls = self._lengths, self._sizes, self._data, self._names, self._controls
        addresses, ancillaries = self._addresses, self._ancillaries
        return [
            (
                bytes(data[start : start + lengths[length_at]]),
                addresses[bytes(names[name:name_end])],
                ancillaries[bytes(controls[control : control + sizes[control_length_at]])],
            )
            for start, length_at, name, name_end, control, control_length_at in self._places[:count]
        ]


class _Memory(dict[bytes, _Decoded]):
    """A cache of decoded octets: the same few come again and again. Emptied when full."""

    def __init__(self, decode: Callable[[bytes], _Decoded]) -> None:
        super().__init__()
        self._decode = decode

    def __missing__(self, octets: bytes) -> _Decoded:
        if len(self) >= _REMEMBERED:
            self.clear()
        decoded = self[octets] = self._decode(octets)
        return decoded


def _ipv4(name: bytes) -> SocketAddress:
    return socket.inet_ntop(socket.AF_INET, name[4:8]), int.from_bytes(name[2:4], "big")


def _ipv6(name: bytes) -> SocketAddress:
    flow = int.from_bytes(name[4:8], "big")
    scope = int.from_bytes(name[24:28], sys.byteorder)
    return socket.inet_ntop(socket.AF_INET6, name[8:24]), int.from_bytes(name[2:4], "big"), flow, scope


def _control_messages(octets: bytes) -> Ancillary:
    """The cmsghdr chain (cmsg(3)): each header says its length, and the next begins at the following multiple of a size_t."""
    found = []
    at = 0
    while at + _CONTROL_HEAD.size <= len(octets):
        length, level, kind = _CONTROL_HEAD.unpack_from(octets, at)
        if length < _CONTROL_HEAD.size:
            break
        found.append((level, kind, octets[at + _CONTROL_HEAD.size : at + length]))
        at += -(-length // _SIZE_T) * _SIZE_T
    return tuple(found)
