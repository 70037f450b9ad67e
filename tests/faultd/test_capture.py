"""Captures as tcpdump writes them, and hexadecimal as people paste it."""

import struct
from pathlib import Path

import pytest

from faultd.capture import Captured, CaptureError, read


def udp(payload: bytes) -> bytes:
    return struct.pack("!HHHH", 161, 162, 8 + len(payload), 0) + payload


def ipv4(payload: bytes, *, protocol: int = 17, fragment: int = 0) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, fragment, 64, protocol, 0)
    return head + bytes([10, 0, 0, 1]) + bytes([10, 0, 0, 2]) + payload


def ipv6(payload: bytes) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(payload), 17, 64) + bytes(15) + b"\1" + bytes(15) + b"\2" + payload


def pcap(*frames: bytes, link: int = 1, order: str = "<", cut: int = 0) -> bytes:
    out = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    for frame in frames:
        out += struct.pack(order + "IIII", 0, 0, len(frame), len(frame)) + frame
    return out[: len(out) - cut]


ETHERNET, VLAN = bytes(12) + b"\x08\x00", bytes(12) + b"\x81\x00\x00\x07\x08\x00"


@pytest.mark.parametrize(
    ("link", "frame", "source"),
    [
        (1, ETHERNET + ipv4(udp(b"trap")), "10.0.0.1"),
        (1, VLAN + ipv4(udp(b"trap")) + bytes(10), "10.0.0.1"),
        (1, bytes(12) + b"\x86\xdd" + ipv6(udp(b"trap")), "::1"),
        (101, ipv4(udp(b"trap")), "10.0.0.1"),
        (113, bytes(16) + ipv4(udp(b"trap")), "10.0.0.1"),
        (276, bytes(20) + ipv4(udp(b"trap")), "10.0.0.1"),
        (0, b"\2\0\0\0" + ipv4(udp(b"trap")), "10.0.0.1"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_trap_is_taken_out_of_every_link_layer(tmp_path: Path, link: int, frame: bytes, source: str, order: str) -> None:
    file = tmp_path / "x.pcap"
    file.write_bytes(pcap(frame, link=link, order=order))
    assert read(str(file)).datagrams == (Captured(source, b"trap"),)


def test_what_is_no_whole_datagram_is_passed_over_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "x.pcap"
    frames = (ipv4(udp(b"tcp"), protocol=6), ipv4(udp(b"part"), fragment=0x2000), b"", ipv4(udp(b"good")), ipv4(b"\0" * 7))
    file.write_bytes(pcap(*frames, link=101))
    capture = read(str(file))
    assert ([each.payload for each in capture.datagrams], capture.passed_over) == ([b"good"], 4)


def test_a_capture_cut_at_any_byte_gives_what_is_whole(tmp_path: Path) -> None:
    whole = pcap(ipv4(udp(b"one")), ipv4(udp(b"two")), link=101)
    file = tmp_path / "x.pcap"
    for length in range(24, len(whole)):
        file.write_bytes(whole[:length])
        assert [each.payload for each in read(str(file)).datagrams] in ([], [b"one"])


@pytest.mark.parametrize("text", ["3082 0005\n0201", "0x308200050201", "30:82:00:05:02:01", "308200050201", "30" * 4000])
def test_hexadecimal_is_taken_as_people_write_it(text: str) -> None:
    (datagram,) = read(text).datagrams
    assert datagram.payload in (bytes.fromhex("308200050201"), b"\x30" * 4000)


def test_a_file_of_lines_holds_a_datagram_a_line(tmp_path: Path) -> None:
    file = tmp_path / "x.hex"
    file.write_text("3001\n\n3002\n")
    assert [each.payload for each in read(str(file)).datagrams] == [b"\x30\x01", b"\x30\x02"]


def test_a_file_of_octets_is_one_datagram(tmp_path: Path) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(b"\x30\x82\x00\xff\x01")
    assert read(str(file)).datagrams == (Captured("", b"\x30\x82\x00\xff\x01"),)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "is empty"), (b"\x0a\x0d\x0d\x0a1234", "is pcapng"), (pcap(link=1)[:20], "cut inside"), (pcap(link=147), "147")],
)
def test_other_files_are_refused_with_the_reason(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(CaptureError, match=told):
        read(str(file))


def test_what_is_no_file_and_no_hexadecimal_is_refused() -> None:
    with pytest.raises(CaptureError, match="neither a file nor hexadecimal"):
        read("no-such-file.pcap")
