"""The slots for connections: bounds for all, for each address and for each token.

When a bound is reached, a connection that does not use its slot gives it to a new one. So many clients that read nothing, or
never finish their handshake, keep nobody out.
"""

from collections.abc import Iterable
from typing import Protocol

import trio

from actors.stream.request import RefusedHandshake
from actors.stream.settings import StreamSettings

MOST_HANDSHAKES = 64
"""Connections beyond ``max_clients`` that may be in their handshake: they get an answer that says why they are refused."""
MOST_HANDSHAKES_OF_ADDRESS = 16
"""The same, beyond ``max_clients_per_address``."""
STUCK_SECONDS = 3.0
"""A subscriber that has taken nothing of a frame for this long may lose its slot to another."""


class SlotHolder(Protocol):
    """The subscriber that has a slot."""

    def stuck(self, now: float) -> float:
        """The seconds for which it has taken nothing of the frame that is being sent; 0 when none is."""

    def give_way(self) -> None:
        """End the connection at once."""


class Visit:
    """One connection. ``principal`` is set once it has a slot, ``reader`` once its handshake is done."""

    def __init__(self, address: str, scope: trio.CancelScope) -> None:
        self.address, self.scope = address, scope
        self.principal: str | None = None
        self.reader: SlotHolder | None = None


class ConnectionSlots:
    """The connections of one run. Times are trio's."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._visits: dict[Visit, None] = {}

    def __len__(self) -> int:
        """The number of subscribers that have a slot."""
        return sum(visit.principal is not None for visit in self._visits)

    def scopes(self) -> list[trio.CancelScope]:
        """The cancel scopes of all connections."""
        return [visit.scope for visit in self._visits]

    def enter(self, address: str, scope: trio.CancelScope) -> tuple[Visit, bool]:
        """Add a connection. Returns True when the connection that was longest in its handshake had to leave for it."""
        settings = self._settings
        same = [visit for visit in self._visits if visit.address == address]
        crowd: Iterable[Visit] = ()
        if len(same) >= settings.max_clients_per_address + MOST_HANDSHAKES_OF_ADDRESS:
            crowd = same
        elif len(self._visits) >= settings.max_clients + MOST_HANDSHAKES:
            crowd = self._visits
        visit = Visit(address, scope)
        waiting = next((one for one in crowd if one.principal is None), None)
        if waiting is not None:
            waiting.scope.cancel()
            del self._visits[waiting]
        self._visits[visit] = None
        return visit, waiting is not None

    def take(self, visit: Visit, principal: str, now: float) -> None:
        """Give a connection a slot for a token. Raises Refused when a bound is reached and all who have slots read."""
        settings = self._settings
        seated = [one for one in self._visits if one.principal is not None]
        bounds = (
            (settings.max_clients_per_token, [one for one in seated if one.principal == principal], " of this token"),
            (settings.max_clients_per_address, [one for one in seated if one.address == visit.address], " of this address"),
            (settings.max_clients, seated, ""),
        )
        for most, group, whose in bounds:
            left = [one for one in group if one in self._visits]
            if len(left) >= most and not self._displace(left, now):
                raise RefusedHandshake(503, "full", "Too many subscribers", f"all {most} places{whose} are taken")
        visit.principal = principal

    def _displace(self, group: Iterable[Visit], now: float) -> bool:
        stuck = max(group, key=lambda one: one.reader.stuck(now) if one.reader is not None else 0.0)
        if stuck.reader is None or stuck.reader.stuck(now) < STUCK_SECONDS:
            return False
        stuck.reader.give_way()
        del self._visits[stuck]
        return True

    def leave(self, visit: Visit) -> None:
        """The connection is over."""
        self._visits.pop(visit, None)
