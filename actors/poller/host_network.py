"""faultd's own network: whether a silence may be this host's fault. Reads /proc and /sys; sends nothing."""

import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

_OWN: Final = {errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EPERM, errno.ENOBUFS, errno.ENOMEM}
"""Errors of a socket that name this host, not the other one."""
_ROUTE_UP, _ROUTE_REJECT = 0x0001, 0x0200


class HostNetwork:
    """``proc`` and ``sys`` are where the kernel's files are."""

    def __init__(self, proc: Path = Path("/proc"), sys: Path = Path("/sys")) -> None:
        self._proc, self._sys = proc, sys

    def fault(self, address: str) -> str:
        """A sentence about what keeps this host from reaching ``address``; empty: nothing is known."""
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        return self._unroutable(address, parsed) or self._interface_fault(parsed)

    def _unroutable(self, address: str, parsed: IPv4Address | IPv6Address) -> str:
        family = socket.AF_INET if parsed.version == 4 else socket.AF_INET6
        try:
            with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as trial:
                # Connecting a UDP socket sends nothing: the kernel looks for a route alone.
                trial.connect((str(parsed), 161))
        except OSError as error:
            if error.errno in _OWN or error.errno == errno.EAFNOSUPPORT:
                return f"this host has no way to {address}: {os.strerror(error.errno or 0)}"
        return ""

    def _interface_fault(self, parsed: IPv4Address | IPv6Address) -> str:
        name = self._interface(parsed)
        if not name:
            return ""
        folder = self._sys / "class/net" / name
        if _first_line(folder / "operstate") == "down":
            return f"interface {name} is down"
        if _first_line(folder / "carrier") == "0":
            return f"interface {name} has no carrier"
        return ""

    def _interface(self, parsed: IPv4Address | IPv6Address) -> str:
        """The interface of the route with the longest prefix; empty where the kernel's table has none."""
        routes = self._routes4() if parsed.version == 4 else self._routes6()
        number, bits = int(parsed), parsed.max_prefixlen
        best, found = -1, ""
        for network, length, name in routes:
            if length > best and (number ^ network) >> (bits - length) == 0:
                best, found = length, name
        return found

    def _routes4(self) -> Iterator[tuple[int, int, str]]:
        for line in _lines(self._proc / "net/route")[1:]:
            cells = line.split()
            if len(cells) >= 8 and int(cells[3], 16) & (_ROUTE_UP | _ROUTE_REJECT) == _ROUTE_UP:
                yield _little_endian(cells[1]), _little_endian(cells[7]).bit_count(), cells[0]

    def _routes6(self) -> Iterator[tuple[int, int, str]]:
        for line in _lines(self._proc / "net/ipv6_route"):
            cells = line.split()
            if len(cells) >= 10 and int(cells[8], 16) & (_ROUTE_UP | _ROUTE_REJECT) == _ROUTE_UP:
                yield int(cells[0], 16), int(cells[1], 16), cells[9]


def _little_endian(digits: str) -> int:
    return int.from_bytes(bytes.fromhex(digits)[::-1])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return []


def _first_line(path: Path) -> str:
    # Reading the carrier of an interface that is switched off fails with EINVAL.
    return next(iter(_lines(path)), "").strip()
