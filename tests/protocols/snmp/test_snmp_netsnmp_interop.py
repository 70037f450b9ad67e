"""net-snmp's own tools send over a real UDP socket; the codec reads them, and net-snmp takes the codec's answers."""

import socket
import subprocess
from collections.abc import Iterator

import pytest
from tools import tool

from protocols.snmp import encode
from protocols.snmp.message import decode, peek
from protocols.snmp.notification import Notification, VarBind
from protocols.snmp.response import decode_response, inform_response

pytestmark = pytest.mark.interop


@pytest.fixture(autouse=True)
def _tools() -> None:
    tool("snmptrap")


BASE = "1.3.6.1.4.1.8072.2.3.2"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"

TYPES = [
    ("i", "-2147483648", VarBind(f"{BASE}.1", "INTEGER", -(2**31))),
    ("i", "2147483647", VarBind(f"{BASE}.1", "INTEGER", 2**31 - 1)),
    ("u", "4294967295", VarBind(f"{BASE}.1", "Gauge32", 2**32 - 1)),
    ("c", "128", VarBind(f"{BASE}.1", "Counter32", 128)),
    ("C", "18446744073709551615", VarBind(f"{BASE}.1", "Counter64", 2**64 - 1)),
    ("t", "4294967295", VarBind(f"{BASE}.1", "TimeTicks", 2**32 - 1)),
    ("a", "192.0.2.255", VarBind(f"{BASE}.1", "IpAddress", "192.0.2.255")),
    ("o", "2.999.4294967295.1", VarBind(f"{BASE}.1", "OBJECT IDENTIFIER", "2.999.4294967295.1")),
    ("s", "Łącze 3/5", VarBind(f"{BASE}.1", "OCTET STRING", "Łącze 3/5".encode())),
    ("s", "", VarBind(f"{BASE}.1", "OCTET STRING", b"")),
    ("x", "00FF7F80", VarBind(f"{BASE}.1", "OCTET STRING", b"\x00\xff\x7f\x80")),
    ("n", "", VarBind(f"{BASE}.1", "NULL", None)),
    ("F", "-27.5", VarBind(f"{BASE}.1", "Opaque Float", -27.5)),
    ("D", "-0.0000125", VarBind(f"{BASE}.1", "Opaque Double", -0.0000125)),
]


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(20)
        yield udp


def destination(udp: socket.socket) -> str:
    return f"udp:127.0.0.1:{udp.getsockname()[1]}"


def send(udp: socket.socket, version: str, *arguments: str) -> bytes:
    """Run snmptrap and return the datagram that it sent."""
    command = ["snmptrap", "-v", version, "-c", "public", "-m", "", destination(udp), *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    return udp.recv(65536)


@pytest.mark.parametrize(("letter", "text", "expected"), TYPES, ids=[f"{letter} {text}" for letter, text, _ in TYPES])
def test_every_type_that_snmptrap_sends(receiver: socket.socket, letter: str, text: str, expected: VarBind) -> None:
    datagram = send(receiver, "2c", "1234567", LINK_DOWN, expected.oid, letter, text)
    found = decode(datagram)
    assert found.varbinds == (expected,)
    assert (found.trap_oid, found.uptime, found.security, found.irregular) == (LINK_DOWN, 1234567, "public", ())
    # Net-snmp is minimal too: our encoding of the same trap is the same octets.
    again = encode.trap_v2c(
        community="public",
        trap_oid=found.trap_oid,
        uptime=1234567,
        varbinds=found.varbinds,
        request_id=found.request_id,
    )
    assert again == datagram


def test_a_generic_v1_trap(receiver: socket.socket) -> None:
    datagram = send(receiver, "1", "1.3.6.1.4.1.2011", "10.1.2.3", "2", "0", "55", "1.3.6.1.2.1.2.2.1.1.7", "i", "7")
    assert decode(datagram) == Notification(
        version="1",
        kind="trap",
        security="public",
        trap_oid=LINK_DOWN,
        uptime=55,
        varbinds=(VarBind("1.3.6.1.2.1.2.2.1.1.7", "INTEGER", 7),),
        agent_address="10.1.2.3",
        enterprise="1.3.6.1.4.1.2011",
        generic=2,
        specific=0,
    )


def test_an_enterprise_v1_trap_is_the_octets_that_we_encode(receiver: socket.socket) -> None:
    datagram = send(receiver, "1", "1.3.6.1.4.1.2011", "10.1.2.3", "6", "9003", "55")
    assert decode(datagram).trap_oid == "1.3.6.1.4.1.2011.0.9003"
    assert datagram == encode.trap_v1(
        community="public", enterprise="1.3.6.1.4.1.2011", agent_address="10.1.2.3", generic=6, specific=9003, uptime=55
    )


def test_snmpinform_takes_our_answer(receiver: socket.socket) -> None:
    """snmpinform ends with 0 only when a Response with its request-id has come."""
    command = ["snmpinform", "-v", "2c", "-c", "public", "-m", "", "-r", "0", "-t", "20", destination(receiver)]
    with subprocess.Popen(
        [*command, "55", LINK_DOWN, f"{BASE}.1", "s", "ONT 17"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as sender:
        datagram, address = receiver.recvfrom(65536)
        receiver.sendto(inform_response(datagram), address)
        _, errors = sender.communicate(timeout=30)
    assert (sender.returncode, errors) == (0, b"")
    found = decode(datagram)
    assert (found.kind, found.trap_oid) == ("inform", LINK_DOWN)
    assert found.varbinds == (VarBind(f"{BASE}.1", "OCTET STRING", b"ONT 17"),)


def test_snmpget_takes_our_response(receiver: socket.socket) -> None:
    """Net-snmp as the oracle of our Response: it prints the value that we put in."""
    command = ["snmpget", "-v", "2c", "-c", "public", "-m", "", "-r", "0", "-t", "20", "-On", "-OQ", destination(receiver)]
    with subprocess.Popen([*command, f"{BASE}.1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        datagram, address = receiver.recvfrom(65536)
        request_id = request_id_of(datagram)
        assert datagram == encode.get(community="public", oids=[f"{BASE}.1"], request_id=request_id)
        answer = VarBind(f"{BASE}.1", "Gauge32", 4000000000)
        receiver.sendto(encode.response(community="public", request_id=request_id, varbinds=[answer]), address)
        output, errors = client.communicate(timeout=30)
    assert (client.returncode, errors) == (0, b"")
    assert output.decode().strip() == f".{BASE}.1 = 4000000000"


def request_id_of(request: bytes) -> int:
    """A request-id, read by turning the GetRequest (its only 0xa0 behind the community) into a Response."""
    place = request.index(b"public") + len(b"public")
    assert request[place] == 0xA0
    return decode_response(request[:place] + b"\xa2" + request[place + 1 :]).request_id


def test_peek_reads_the_header_of_a_v3_trap(receiver: socket.socket) -> None:
    arguments = ["-v", "3", "-l", "authPriv", "-u", "noc", "-a", "SHA-256", "-A", "authpass12345", "-x", "AES"]
    keys = ["-X", "privpass67890", "-e", "0x80001f88804f4c5431000001", "-Z", "7,123456"]
    command = ["snmptrap", *arguments, *keys, "-m", "", destination(receiver), "55", LINK_DOWN]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    header = peek(receiver.recv(65536))
    assert (header.version, header.user, header.level, header.reportable) == (3, "noc", "authPriv", False)
    assert header.engine_id.hex() == "80001f88804f4c5431000001"
    assert header.boots == 7
