"""Datagrams from a capture: classic pcap (every byte order and time unit), or one datagram as raw octets or hexadecimal.

Format: the pcap savefile as ``tcpdump -w`` and ``dumpcap -P`` write it (draft-ietf-opsawg-pcap). UDP over IPv4 and
IPv6 is taken out; fragments, other protocols and cut frames are passed over and counted.
"""

import struct
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from msgspec import Struct

_MAGIC = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_LINK_HEADER = {0: 4, 108: 4, 1: 14, 12: 0, 14: 0, 101: 0, 228: 0, 229: 0, 113: 16, 276: 20}
"""Octets before the network layer, by link type: BSD loopback, Ethernet, raw IP, Linux cooked v1 and v2."""
_VLAN = (b"\x81\x00", b"\x88\xa8")
_UDP = 17


class CaptureError(ValueError):
    """The input is neither a capture nor a datagram; the text says what it is."""


class Captured(Struct, frozen=True):
    """One datagram and the address that it came from (empty when the input does not say)."""

    source: str
    payload: bytes


class Capture(Struct, frozen=True):
    """The datagrams of an input. ``passed_over`` counts frames that hold no whole UDP datagram."""

    datagrams: tuple[Captured, ...]
    passed_over: int = 0


def read(argument: str) -> Capture:
    """The octets that a command-line argument names: a file (pcap, hexadecimal text or raw octets), or hexadecimal digits.

    Raises :class:`CaptureError`, or OSError for a file that cannot be read.
    """
    if _is_file(argument):
        return _from_octets(Path(argument).read_bytes(), argument)
    digits = _hexadecimal(argument)
    if digits is None:
        raise CaptureError(f"{argument[:60]!r} is neither a file nor hexadecimal digits")
    return Capture((Captured("", digits),))


def _is_file(argument: str) -> bool:
    try:
        return Path(argument).is_file()
    except OSError:  # digits are often longer than a file's name may be
        return False


def _from_octets(octets: bytes, name: str) -> Capture:
    if octets[:4] in _MAGIC:
        return _pcap(octets, name)
    if octets[:4] == _PCAPNG:
        raise CaptureError(f"{name} is pcapng; convert it: tcpdump -r {name} -w {name}.pcap")
    text = octets.decode("ascii", "replace")
    lines = [digits for line in text.splitlines() if line.strip() and (digits := _hexadecimal(line)) is not None]
    if lines and len(lines) == sum(bool(line.strip()) for line in text.splitlines()):
        return Capture(tuple(Captured("", digits) for digits in lines))
    whole = _hexadecimal(text)
    if whole:
        return Capture((Captured("", whole),))
    if not octets:
        raise CaptureError(f"{name} is empty")
    return Capture((Captured("", octets),))


def _hexadecimal(text: str) -> bytes | None:
    digits = "".join(text.split()).replace(":", "").removeprefix("0x")
    try:
        return bytes.fromhex(digits) if digits else None
    except ValueError:
        return None


def _pcap(octets: bytes, name: str) -> Capture:
    order = _MAGIC[octets[:4]]
    if len(octets) < 24:
        raise CaptureError(f"{name}: cut inside the file header")
    (link,) = struct.unpack_from(order + "I", octets, 20)
    skip = _LINK_HEADER.get(link & 0xFFFF)
    if skip is None:
        raise CaptureError(f"{name}: link type {link & 0xFFFF} is not known here")
    found: list[Captured] = []
    passed_over, at = 0, 24
    while at + 16 <= len(octets):
        (length,) = struct.unpack_from(order + "I", octets, at + 8)
        frame = octets[at + 16 : at + 16 + length]
        at += 16 + length
        datagram = _datagram(_network(frame, skip, ethernet=link & 0xFFFF == 1)) if len(frame) == length else None
        if datagram is None:
            passed_over += 1
        else:
            found.append(datagram)
    return Capture(tuple(found), passed_over)


def _network(frame: bytes, skip: int, *, ethernet: bool) -> bytes:
    while ethernet and frame[skip - 2 : skip] in _VLAN:
        skip += 4
    return frame[skip:]


def _datagram(packet: bytes) -> Captured | None:
    """The UDP datagram in an IP packet, None when it is none or not whole."""
    if not packet:
        return None
    if packet[0] >> 4 == 4 and len(packet) >= 20:
        header = (packet[0] & 15) * 4
        fragment = int.from_bytes(packet[6:8], "big") & 0x3FFF
        if packet[9] != _UDP or fragment:
            return None
        return _payload(str(IPv4Address(packet[12:16])), packet[header:])
    if packet[0] >> 4 == 6 and len(packet) >= 40 and packet[6] == _UDP:
        return _payload(str(IPv6Address(packet[8:24])), packet[40:])
    return None


def _payload(source: str, segment: bytes) -> Captured | None:
    if len(segment) < 8:
        return None
    length = int.from_bytes(segment[4:6], "big")
    return Captured(source, segment[8:length]) if 8 <= length <= len(segment) else None
