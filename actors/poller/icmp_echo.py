"""ICMP echo: whether a host whose SNMP agent is silent lives (RFC 792, RFC 4443)."""

import secrets
import socket
from ipaddress import ip_address
from struct import pack, unpack_from
from typing import Final

import trio

AT_ONCE: Final = 64
"""Echoes under way at most: each raw socket is given every ICMP message of the host."""
SECONDS: Final = 1.0
"""Of waiting for each of the requests."""
REQUESTS: Final = 2
_REQUEST, _REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


class IcmpEcho:
    """Works with CAP_NET_RAW, or for a group in net.ipv4.ping_group_range; without either, every answer is None."""

    def __init__(self) -> None:
        self._limit = trio.CapacityLimiter(AT_ONCE)

    async def answers(self, address: str) -> bool | None:
        """Whether the host at ``address`` answers; None where this process may not ask, or cannot. Cancellable."""
        async with self._limit:
            host, _, zone = address.partition("%")
            parsed = ip_address(host)
            opened = _open(parsed.version)
            if opened is None:
                return None
            sock, raw = opened
            with sock:
                target = (host, 0) if parsed.version == 4 else (host, 0, 0, socket.if_nametoindex(zone) if zone else 0)
                try:
                    return await _ask(sock, target, parsed.version, raw)
                except OSError:
                    return None


async def _ask(sock: trio.socket.SocketType, target: tuple[str | int, ...], version: int, raw: bool) -> bool:
    token = secrets.token_bytes(16)
    for number in range(1, REQUESTS + 1):
        head = pack("!BBHHH", _REQUEST[version], 0, 0, secrets.randbelow(2**16), number)
        if version == 4:
            head = head[:2] + pack("!H", checksum(head + token)) + head[4:]
        # The kernel writes the checksum of ICMPv6 itself.
        await sock.sendto(head + token, target)
        with trio.move_on_after(SECONDS):
            while True:
                octets, source = await sock.recvfrom(2048)
                start = (octets[0] & 0x0F) * 4 if raw and version == 4 else 0
                if (
                    source[0] == target[0]
                    and len(octets) >= start + 8 + len(token)
                    and octets[start] == _REPLY[version]
                    and octets[start + 8 :] == token
                ):
                    return True
    return False


def checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071) of octets, as a number that ``!H`` packs."""
    if len(octets) % 2:
        octets += b"\0"
    total: int = sum(unpack_from(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _open(version: int) -> tuple[trio.socket.SocketType, bool] | None:
    """A socket for echoes, and whether its messages begin with the IP header."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    protocol = socket.IPPROTO_ICMP if version == 4 else socket.IPPROTO_ICMPV6
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return trio.socket.socket(family, kind, protocol), kind == socket.SOCK_RAW
        except OSError:
            continue
    return None
