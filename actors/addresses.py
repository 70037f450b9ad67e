"""Addresses that faultd listens on: one error for all, in one line that names the setting, the address and the remedy."""

import errno
import socket

import trio

from protocols.address import split_bind

_PROBLEMS = {
    errno.EADDRINUSE: ("is in use", "stop the program that holds it ({who} shows which), or set another address"),
    errno.EACCES: (
        "is forbidden to this account",
        "set a port from 1024 on, or let systemd hand over the socket (docs/systemd.md), or grant CAP_NET_BIND_SERVICE",
    ),
    errno.EADDRNOTAVAIL: ("is no address of this host", "set one that `ip address` lists, or 0.0.0.0 or [::] for all of them"),
    errno.EAFNOSUPPORT: ("needs IPv6, which this kernel does not have", "take it out, and leave the IPv4 address"),
}
_PROBLEMS[errno.EPERM] = _PROBLEMS[errno.EACCES]


class AddressError(Exception):
    """An address cannot be listened on. The text names the setting, the address, the reason and what to do, in one line."""

    def __init__(self, setting: str, address: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{setting}: {address} {problem}" + (f": {remedy}" if remedy else ""))
        self.setting, self.address, self.problem = setting, address, problem


def refused(setting: str, address: str, error: OSError, kind: socket.SocketKind) -> AddressError:
    """The AddressError for what the kernel or the resolver said."""
    if isinstance(error, socket.gaierror):
        return AddressError(setting, address, f"cannot be resolved ({error.strerror})", "set an IP address")
    number = error.errno
    # trio says so of a name whose every address is of a family that the kernel lacks, and gives the cause in ``errno``.
    problem, remedy = _PROBLEMS.get(number or 0, (f"cannot be listened on ({error.strerror or error})", ""))
    port = address.rpartition(":")[2]
    who = f"`ss -{'ulpn' if kind == socket.SOCK_DGRAM else 'tlpn'} sport = :{port}`"
    return AddressError(setting, address, problem, remedy.format(who=who))


async def listen(setting: str, bind: str, backlog: int | None = None) -> list[trio.SocketListener]:
    """TCP listeners on ``bind`` (``HOST:PORT``, ``[V6]:PORT``; a name can mean several). Raises AddressError."""
    host, port = split_bind(bind)
    try:
        return await trio.open_tcp_listeners(port, host=host, backlog=backlog)
    except OSError as error:
        raise refused(setting, bind, error, socket.SOCK_STREAM) from error
