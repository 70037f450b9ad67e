"""Opening sockets, taking them from systemd, and what the kernel grants and drops."""

import os
import socket
import subprocess
import sys

import pytest
import structlog.testing

from actors.addresses import AddressError
from actors.trap_listener.sockets import open_socket, open_sockets

CHILD = """
import os, sys
from actors.trap_listener.sockets import open_sockets
environment = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:traps"}
(trap_socket,) = open_sockets(("127.0.0.1:1",), 65536, environment, os.getpid())
os.fstat(3)
((datagram, source, ancillary),), dropped = trap_socket.receive()
trap_socket.answer(b"answer to " + datagram, source, ancillary)
sys.stdout.write(f"{trap_socket.address[1]} {trap_socket.granted}")
trap_socket.close()
"""


def test_systemds_datagram_sockets_are_taken_and_others_left_alone() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as web,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as traps,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device,
    ):
        web.bind(("127.0.0.1", 0))
        web.listen()
        traps.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
        traps.bind(("127.0.0.1", 0))
        device.bind(("127.0.0.1", 0))
        device.settimeout(10)
        device.sendto(b"trap", traps.getsockname())
        given = (web.fileno(), traps.fileno())
        script = f"exec 3<&{given[0]} 4<&{given[1]}; exec {sys.executable} -c '{CHILD.replace(chr(39), chr(34))}'"
        done = subprocess.run(["bash", "-c", script], pass_fds=given, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{traps.getsockname()[1]} 131072"
        assert device.recv(100) == b"answer to trap"


def test_a_clamped_buffer_names_the_sysctl() -> None:
    with structlog.testing.capture_logs() as logs:
        trap_socket = open_socket("127.0.0.1:0", 2**31 - 1)
    trap_socket.close()
    # The kernel keeps at most 2**30 asked for, even for a privileged process.
    assert trap_socket.granted < 2**31 - 1
    assert [entry["set"] for entry in logs] == [f"sysctl -w net.core.rmem_max={2**31 - 1}"]


def test_a_granted_buffer_is_silent() -> None:
    with structlog.testing.capture_logs() as logs:
        trap_socket = open_socket("127.0.0.1:0", 65536)
    trap_socket.close()
    assert (trap_socket.granted, logs) == (65536, [])


def test_the_kernels_drops_are_counted_with_and_without_a_following_datagram() -> None:
    trap_socket = open_socket("127.0.0.1:0", 4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        for _ in range(100):
            device.sendto(b"x" * 500, trap_socket.address)
        received = dropped = 0
        while True:
            arrivals, lost = trap_socket.receive()
            if not arrivals:
                break
            received, dropped = received + len(arrivals), dropped + lost
        assert received + dropped < 100
        dropped += trap_socket.more_dropped()
        assert received + dropped == 100
        for _ in range(100):
            device.sendto(b"x" * 500, trap_socket.address)
        while received + dropped < 199:
            arrivals, lost = trap_socket.receive()
            if not arrivals:
                device.sendto(b"x", trap_socket.address)
                arrivals, lost = trap_socket.receive()
                dropped -= 1
            received, dropped = received + len(arrivals), dropped + lost
        assert received + dropped + trap_socket.more_dropped() == 200
    trap_socket.close()


def test_an_ipv6_socket_leaves_ipv4_to_its_own() -> None:
    six = open_socket("[::]:0", 65536)
    four = open_socket(f"0.0.0.0:{six.address[1]}", 65536)
    four.close()
    six.close()


def test_the_answer_leaves_from_the_ipv6_address_that_was_asked() -> None:
    trap_socket = open_socket("[::]:0", 65536)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as device:
        device.settimeout(10)
        device.connect(("::1", trap_socket.address[1]))
        device.send(b"inform")
        ((datagram, source, ancillary),), _ = trap_socket.receive()
        trap_socket.answer(datagram, source, ancillary)
        assert device.recv(100) == b"inform"
    trap_socket.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.1:0"])
def test_what_cannot_be_opened_is_named_and_nothing_stays_open(address: str) -> None:
    first = open_socket("127.0.0.1:0", 65536)
    port = first.address[1]
    first.close()
    with pytest.raises(AddressError, match=address):
        open_sockets([f"127.0.0.1:{port}", address], 65536, {}, os.getpid())
    open_socket(f"127.0.0.1:{port}", 65536).close()


def test_nothing_to_listen_on_is_said() -> None:
    with pytest.raises(AddressError, match="no address is given"):
        open_sockets([], 65536, {}, os.getpid())
