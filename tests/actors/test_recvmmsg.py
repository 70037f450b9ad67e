"""Many datagrams with one call: the same as Python's own recvmsg gives, one by one."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import recvmmsg
from actors.recvmmsg import MOST, Receiver

SO_RXQ_OVFL, IP_PKTINFO = 40, 8
CONTROL = socket.CMSG_SPACE(4) + socket.CMSG_SPACE(20)


@contextmanager
def sockets(family: socket.AddressFamily, host: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(family, socket.SOCK_DGRAM) as ours, socket.socket(family, socket.SOCK_DGRAM) as device:
        ours.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        if family == socket.AF_INET:
            ours.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            ours.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        ours.bind((host, 0))
        device.bind((host, 0))
        device.connect(ours.getsockname()[:2])
        yield ours, device


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_sender_octets_and_control_messages_are_those_of_recvmsg(family: socket.AddressFamily, host: str) -> None:
    contents = [b"", b"x", bytes(range(256)), b"y" * 499, b"z" * 500, b"cut" * 500]
    with sockets(family, host) as (ours, device):
        for content in contents:
            device.send(content)
        one_by_one = []
        for _ in contents:
            datagram, ancillary, _, source = ours.recvmsg(500, CONTROL)
            one_by_one.append((datagram, source, tuple(ancillary)))
        for content in contents:
            device.send(content)
        assert Receiver(ours, 500, CONTROL).receive() == one_by_one
        assert one_by_one[0][1] == device.getsockname()
        assert one_by_one[0][2]


def test_nothing_waits_and_more_than_one_call_takes() -> None:
    with sockets(socket.AF_INET, "127.0.0.1") as (ours, device):
        receiver = Receiver(ours, 100, CONTROL)
        assert receiver.receive() == []
        for number in range(MOST + 3):
            device.send(struct.pack(">I", number))
        first, second = receiver.receive(), receiver.receive()
        assert [datagram for datagram, _, _ in first + second] == [struct.pack(">I", n) for n in range(MOST + 3)]
        assert (len(first), len(second), receiver.receive()) == (MOST, 3, [])


def test_a_datagram_is_not_changed_by_those_that_follow() -> None:
    with sockets(socket.AF_INET, "127.0.0.1") as (ours, device):
        receiver = Receiver(ours, 100, CONTROL)
        device.send(b"first and long")
        ((kept, _, _),) = receiver.receive()
        device.send(b"second")
        ((later, _, _),) = receiver.receive()
        assert (kept, later) == (b"first and long", b"second")


def test_a_closed_socket_is_an_error() -> None:
    with sockets(socket.AF_INET, "127.0.0.1") as (ours, _):
        receiver = Receiver(ours, 100, CONTROL)
        ours.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            receiver.receive()


def test_what_is_remembered_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recvmmsg, "_REMEMBERED", 4)
    with sockets(socket.AF_INET, "127.0.0.1") as (ours, _):
        receiver = Receiver(ours, 100, CONTROL)
        for number in range(1, 11):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
                device.bind((f"127.0.1.{number}", 0))
                device.sendto(b"x", ours.getsockname())
                ((_, source, _),) = receiver.receive()
                assert source == device.getsockname()
        assert len(receiver._addresses) <= 4


@given(st.binary(max_size=120))
def test_any_octets_are_taken_apart_as_control_messages(octets: bytes) -> None:
    found = recvmmsg._control_messages(octets)
    assert sum(16 + len(content) for _, _, content in found) <= len(octets) + 16
