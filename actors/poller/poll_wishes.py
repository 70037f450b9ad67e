"""Reads of one device that somebody waits for: the correlator's requests, and a poll on demand."""

from typing import Final

from actors.mailbox import Reply
from actors.poller.poll_timer import Sleeper
from protocols.poll.reading import PollReading, PollRefused
from protocols.poll.request import PollRequested

MOST: Final = 16
"""Positions of one device that wait at most; with more of them the whole device is read."""


class PollWishes:
    """``sleeper`` is the task that grants them."""

    __slots__ = ("_demand", "_requests", "sleeper")

    def __init__(self) -> None:
        self._requests: dict[str, PollRequested] = {}
        self._demand: Reply[PollReading] | None = None
        self.sleeper: Sleeper | None = None

    def __bool__(self) -> bool:
        return bool(self._requests) or self._demand is not None

    def request(self, wish: PollRequested) -> bool:
        """Have a position read; the latest of several requests for one counts. False: one of before is merged with it."""
        merged = wish.scope in self._requests
        if len(self._requests) >= MOST and not merged:
            self._requests, merged = {"": PollRequested(offset=wish.offset, device=wish.device, reason=wish.reason)}, True
        else:
            self._requests[wish.scope] = wish
        self._call()
        return not merged

    def demand(self) -> Reply[PollReading]:
        """Have the device polled now. Raises PollRefused while another such poll is under way."""
        if self._demand is not None:
            raise PollRefused("poll_running", "another poll on demand of this device is under way")
        self._demand = Reply()
        self._call()
        return self._demand

    def give_up(self, reply: Reply[PollReading]) -> None:
        """Nobody waits for ``reply`` any more."""
        if self._demand is reply:
            self._demand = None

    def demanded(self) -> Reply[PollReading] | None:
        """The poll on demand that is wanted; it stays until it is given up or answered."""
        return self._demand

    def take(self) -> list[PollRequested]:
        """The requests that wait, the oldest first; they wait no longer."""
        taken, self._requests = list(self._requests.values()), {}
        return taken

    def keep(self, wish: PollRequested) -> None:
        """A request that was taken cannot be granted yet: it waits for a poll that is answered."""
        self._requests.setdefault(wish.scope, wish)

    def _call(self) -> None:
        if self.sleeper is not None:
            self.sleeper.call()
