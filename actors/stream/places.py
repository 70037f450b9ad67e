"""Who is at the door and who has a place: bounds for all, for each address and for each token.

Where a bound is reached, a connection that holds a place and does not use it gives way to a newcomer. So a crowd that reads
nothing, or never finishes its handshake, keeps nobody out.
"""

from collections.abc import Iterable
from typing import Protocol

import trio

from actors.stream.request import RefusedHandshake
from actors.stream.settings import StreamSettings

MOST_HANDSHAKES = 64
"""Connections beyond ``max_clients`` that may be in their handshake: they are told no in words."""
MOST_HANDSHAKES_OF_ADDRESS = 16
"""The same beyond ``max_clients_per_address``."""
STUCK_SECONDS = 3.0
"""A subscriber that has taken nothing of a frame for this long may be displaced."""


class SlotHolder(Protocol):
    """What has a place: a subscriber."""

    def stuck(self, now: float) -> float:
        """Seconds for which it has taken nothing of what is being sent to it."""

    def give_way(self) -> None:
        """End at once."""


class Visit:
    """One connection. ``reader`` is there once its handshake is done, ``principal`` once it has a place."""

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
        """Subscribers that have a place."""
        return sum(visit.principal is not None for visit in self._visits)

    def scopes(self) -> list[trio.CancelScope]:
        """Of every connection."""
        return [visit.scope for visit in self._visits]

    def enter(self, address: str, scope: trio.CancelScope) -> tuple[Visit, bool]:
        """A new connection; True when another that was in its handshake had to leave for it, the longest one."""
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
        """Give ``visit`` a place for a token. Raises Refused when the bound is reached and everybody there reads."""
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
