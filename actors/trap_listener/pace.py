"""The pause between two reads of a socket: a batch costs one commit whatever its size, so larger batches cost less a trap."""

import math

GATHER_SECONDS = 0.01
"""The pause under load; datagrams wait in the kernel's buffer meanwhile."""
BUSY = 1_000.0
"""Traps a second from which a pause pays: ten come in it."""
STORM_SECONDS = 0.08
"""The pause in a storm, where throughput matters more than delay."""
STORM = 3_500.0
"""Traps a second from which it is a storm."""
_MEMORY_SECONDS = 0.1
"""Time constant of the measured rate."""
ROOM = 4 << 20
"""Octets of receive buffer from which the longer pause is used, since the datagrams of the pause must fit in it."""


class ReadPace:
    """Follows the rate of one socket, whose receive buffer has ``room`` octets."""

    def __init__(self, room: int = ROOM) -> None:
        self._storm = STORM_SECONDS if room >= ROOM else GATHER_SECONDS
        self._rate = 0.0
        self._last = -math.inf

    def pause(self, datagrams: int, now: float, *, answered: bool, more: bool = False) -> float:
        """Seconds to wait after a read of ``datagrams`` at the monotonic time ``now``. ``answered``: a sender waits for
        the answer to its INFORM before it sends more, so a pause would only delay it. ``more``: the read was full, so there is
        enough for a batch already."""
        passed = max(now - self._last, 1e-6)
        self._last = now
        share = math.exp(-passed / _MEMORY_SECONDS)
        self._rate = share * self._rate + (1 - share) * datagrams / passed
        if answered or more or self._rate < BUSY:
            return 0.0
        return GATHER_SECONDS if self._rate < STORM else self._storm
