"""Telling the copy of a trap that the network delivered twice from a device that reports once more."""

from typing import Final

from protocols.snmp.notification import Notification

WINDOW: Final = 5.0
"""Seconds within which an identical datagram is a copy. Mirrored paths and double senders take milliseconds."""
MOST: Final = 65_536
"""Traps that are remembered at once, twice over; in a larger storm the memory is shorter, and a copy may count."""

_Key = tuple[str, int, int, int | None]


class RecentTraps:
    """The traps of the last seconds, by sender (address and port), sysUpTime and request id.

    A copy is identical to the last trap of the same key. A device that sends one request id and one sysUpTime for everything is
    not taken for a network that copies: what it sends in between is another trap of the key. A sysUpTime of 0 says nothing, so
    such a trap is never a copy. The memory is that of this process: a copy that comes after a restart counts.
    """

    __slots__ = ("_old", "_turned", "_young")

    def __init__(self) -> None:
        self._young: dict[_Key, tuple[int, float]] = {}
        self._old: dict[_Key, tuple[int, float]] = {}
        self._turned = 0.0

    def is_copy(self, host: str, port: int, notification: Notification, datagram: bytes, now: float) -> bool:
        """Whether this trap, received at the monotonic time ``now``, is a copy; remembers it if not."""
        uptime = notification.uptime
        if not uptime:
            return False
        if now - self._turned >= WINDOW or len(self._young) >= MOST:
            self._old, self._young, self._turned = self._young, {}, now
        key = host, port, uptime, notification.request_id
        octets = hash(datagram)
        seen = self._young.get(key) or self._old.get(key)
        if seen is not None and seen[0] == octets and now - seen[1] < WINDOW:
            return True
        self._young[key] = octets, now
        return False
