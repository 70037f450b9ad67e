"""Copies: a trap that the network delivered twice counts once. A device that reports again counts again."""

from typing import Final

from protocols.snmp.notification import Notification

WINDOW: Final = 5.0
"""Seconds within which an identical datagram is a copy. Mirrored paths and double senders take milliseconds."""
MOST: Final = 65_536
"""Traps in each of two generations. A larger storm shortens the memory, so that a copy may count."""

_Key = tuple[str, int, int, int | None]


class RecentTraps:
    """The traps of the last seconds, by sender (address and port), sysUpTime and request id.

    A copy is identical to the last trap of the same key. A device may send the same request id and
    sysUpTime with every trap: two of them with another trap in between are no copies. A trap with a sysUpTime of 0 is never
    a copy, since many devices always send 0. A restart of faultd forgets everything: a copy that comes after it counts.
    """

    __slots__ = ("_old", "_turned", "_young")

    def __init__(self) -> None:
        self._young: dict[_Key, tuple[int, float]] = {}
        self._old: dict[_Key, tuple[int, float]] = {}
        self._turned = 0.0

    def is_copy(self, host: str, port: int, notification: Notification, datagram: bytes, now: float) -> bool:
        """True when this trap, received at the monotonic time ``now``, is a copy; otherwise remember it."""
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
