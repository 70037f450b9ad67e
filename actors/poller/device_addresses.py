"""The order in which a device's addresses are asked. Pure; instants are seconds of one monotonic clock."""

from collections.abc import Sequence
from typing import Final

FIRST_AGAIN: Final = 3_600.0
"""Seconds after which the first address is tried again, while another one answers."""


class DeviceAddresses:
    """``latest`` is the address that answered last, the first one at the beginning. It is asked first; the others follow as
    they are written."""

    __slots__ = ("_every", "_tried", "latest")

    def __init__(self, addresses: Sequence[str], now: float) -> None:
        self._every = tuple(addresses)
        self._tried = now
        """When the first address was tried last."""
        self.latest = self._every[0]

    def tries_first(self, now: float) -> bool:
        """True when the next poll tries the first address again."""
        return self.latest != self._every[0] and now - self._tried >= FIRST_AGAIN

    def behind(self, address: str) -> tuple[str, ...]:
        """The addresses that are asked when ``address`` does not answer."""
        return tuple(each for each in self._every if each != address)

    def order(self, now: float) -> tuple[str, ...]:
        """Every address, in the order of asking."""
        first = self._every[0]
        if self.latest == first or self.tries_first(now):
            self._tried = now
            return tuple(dict.fromkeys((first, self.latest, *self._every)))
        return tuple(dict.fromkeys((self.latest, *self._every)))
