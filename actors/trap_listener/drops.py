"""The kernel's 32-bit drop counter of one socket, as counts."""


class DropCounter:
    """Turns readings of a counter that wraps at 2**32 into what is new since the newest reading."""

    def __init__(self, start: int = 0) -> None:
        self._last = start

    def advance(self, reading: int) -> int:
        """How many were dropped since. An older reading (a datagram that waited in the queue) adds nothing."""
        ahead = (reading - self._last) % 2**32
        if ahead >= 2**31:
            return 0
        self._last = reading
        return ahead
