"""The kernel's 32-bit drop counter of one socket, as increments."""


class DropCounter:
    """Turns readings of a counter that wraps at 2**32 into the increment since the newest reading."""

    def __init__(self, start: int = 0) -> None:
        self._last = start

    def advance(self, reading: int) -> int:
        """Datagrams dropped since the newest reading. An older reading (of a datagram that waited in the queue) adds none."""
        ahead = (reading - self._last) % 2**32
        if ahead >= 2**31:
            return 0
        self._last = reading
        return ahead
