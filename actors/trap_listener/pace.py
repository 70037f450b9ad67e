"""When to let datagrams gather before reading on: each batch costs a commit, whatever it holds."""

import math

GATHER_SECONDS = 0.01
"""A pause between two reads under load; what comes meanwhile waits in the kernel's buffer."""
BUSY = 1_000.0
"""Traps a second from which on gathering pays: ten in a pause."""
STORM_SECONDS = 0.08
"""The pause in a storm, where what is saved is worth more than what it delays."""
STORM = 3_500.0
"""Traps a second from which on it is one."""
_MEMORY_SECONDS = 0.1
"""The rate is that of about this long."""


ROOM = 4 << 20
"""Octets of receive buffer from which on a storm is let gather for so long: what comes meanwhile has to wait there."""


class ReadPace:
    """Follows the rate of one socket, whose receive buffer has so many octets of ``room``."""

    def __init__(self, room: int = ROOM) -> None:
        self._storm = STORM_SECONDS if room >= ROOM else GATHER_SECONDS
        self._rate = 0.0
        self._last = -math.inf

    def pause(self, datagrams: int, now: float, *, answered: bool, more: bool = False) -> float:
        """Seconds to wait after a read of ``datagrams`` at the monotonic time ``now``. ``answered``: somebody waits for an
        answer to one of them and will send no more until it comes, so gathering would only slow him. ``more``: it was as many
        as are read at once, so enough for a batch has gathered already."""
        passed = max(now - self._last, 1e-6)
        self._last = now
        share = math.exp(-passed / _MEMORY_SECONDS)
        self._rate = share * self._rate + (1 - share) * datagrams / passed
        if answered or more or self._rate < BUSY:
            return 0.0
        return GATHER_SECONDS if self._rate < STORM else self._storm
