"""Outcomes of the latest polls of all devices, counted by the second in which they ended.

A device that misses a poll reports how many others were polled since, and how many of them are silent too, without a look at
each of ten thousand.
"""

from math import floor

from protocols.poll.contact import OtherPolls


class LatestPoll:
    """The latest poll of one device. :class:`PollOutcomes` alone writes it."""

    __slots__ = ("second", "silent")

    def __init__(self) -> None:
        self.second: int | None = None
        """None: none has ended."""
        self.silent = False


class PollOutcomes:
    """Instants are seconds of one monotonic clock; they are counted in whole seconds."""

    def __init__(self) -> None:
        self._seconds: dict[int, list[int]] = {}
        """Devices whose latest poll ended in this second, and the silent ones among them; in rising order."""

    def ended(self, poll: LatestPoll, now: float, silent: bool) -> None:
        """The latest poll of a device ended ``now``; ``silent``: it had no answer."""
        self.forget(poll)
        poll.second, poll.silent = floor(now), silent
        counts = self._seconds.setdefault(poll.second, [0, 0])
        counts[0] += 1
        counts[1] += silent

    def forget(self, poll: LatestPoll) -> None:
        """The device is polled no longer."""
        if poll.second is None:
            return
        counts = self._seconds[poll.second]
        counts[0] -= 1
        counts[1] -= poll.silent
        if not counts[0]:
            del self._seconds[poll.second]
        poll.second = None

    def others(self, poll: LatestPoll, since: float) -> OtherPolls:
        """The other devices whose latest poll ended at ``since`` or later."""
        first = floor(since)
        asked = silent = 0
        for second, counts in reversed(self._seconds.items()):
            if second < first:
                break
            asked += counts[0]
            silent += counts[1]
        if poll.second is not None and poll.second >= first:
            asked -= 1
            silent -= poll.silent
        return OtherPolls(asked, silent)
