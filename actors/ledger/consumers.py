"""The consumers of the feed: where each begins, how far it has come, and what the ledger keeps for it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from actors.ledger.errors import CursorAhead, UnknownConsumer
from actors.ledger.lag import Lag
from protocols.ledger import ConsumerLag

_NO_BOUND = 2**63 - 1


class ConsumerPolicy(Struct, frozen=True, kw_only=True):
    """The ledger's rules for one consumer."""

    begins: Literal["oldest", "newest"]
    """The first batch of a consumer without a cursor: the oldest batch that is kept, or the first one after the newest."""
    bounds_pruning: bool = True
    """Whether Changes stay on the ledger until the consumer has acknowledged them."""
    durable: bool = True
    """Whether the ledger keeps the cursor on disk. A cursor in memory begins anew with every start."""


class Consumers:
    """The cursor and the lag of each registered consumer. A cursor is the ``seq`` of the last batch that was acknowledged.

    ``removed`` has the cursors on disk that no registered consumer owns; they bound nothing. ``begun`` has those that had
    no cursor on disk, ``overdue`` those whose next batch was pruned: reading raises FeedPruned.
    """

    def __init__(self, policies: Mapping[str, ConsumerPolicy], cursors: Mapping[str, int], oldest: int, last: int) -> None:
        """``cursors`` are those on disk. ``oldest`` and ``last`` are the oldest and the newest batch on the ledger; 0: none."""
        self._policies = dict(policies)
        self._last = last
        self._cursors: dict[str, int] = {}
        self._unwritten: set[str] = set()
        self._parked: set[str] = set()
        self.begun: dict[str, int] = {}
        self.removed = {name: seq for name, seq in cursors.items() if name not in policies or not policies[name].durable}
        for name, policy in policies.items():
            known = cursors.get(name) if policy.durable else None
            if known is None:
                known = last if policy.begins == "newest" else max(0, oldest - 1)
                if policy.durable:
                    self.begun[name] = known
                    self._unwritten.add(name)
            self._cursors[name] = known
        self._on_disk = dict(self._cursors)
        self.overdue = {name: seq for name, seq in self._cursors.items() if seq < oldest - 1}
        self._lags = {name: Lag(seq) for name, seq in self._cursors.items()}

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._policies)

    def cursor(self, consumer: str) -> int:
        """The last batch that ``consumer`` has acknowledged. After a crash, up to a second of acknowledgements is missing.

        Raises UnknownConsumer.
        """
        try:
            return self._cursors[consumer]
        except KeyError:
            raise UnknownConsumer(consumer, self._policies) from None

    def acknowledge(self, consumer: str, seq: int) -> None:
        """``consumer`` has everything up to ``seq``. Going back is ignored. Raises UnknownConsumer and CursorAhead."""
        if seq > self._last:
            raise CursorAhead(consumer, seq, self._last)
        if seq <= self.cursor(consumer):
            return
        self._cursors[consumer] = seq
        self._lags[consumer].applied(seq)
        if self._policies[consumer].durable:
            self._unwritten.add(consumer)

    def start(self, now: float, ages: Mapping[str, float]) -> None:
        """The ledger runs from the monotonic time ``now`` on. ``ages`` says for each consumer that is behind how many seconds
        ago its next batch was recorded."""
        for name, age in ages.items():
            self._lags[name].observe(self._last, now - age)

    def recorded(self, last: int, now: float) -> None:
        """The newest batch is ``last``, at the monotonic time ``now`` in seconds."""
        self._last = last
        for lag in self._lags.values():
            lag.observe(last, now)

    def lag(self, consumer: str, now: float) -> ConsumerLag:
        """How far ``consumer`` is behind the newest batch. Raises UnknownConsumer."""
        seq = self.cursor(consumer)
        return ConsumerLag(seq, self._last - seq, self._lags[consumer].seconds(now))

    def park(self, consumer: str) -> None:
        """``consumer`` does not run again before the next start. A cursor in memory is worth nothing then, so it bounds pruning
        no longer; a cursor on disk still does. Ignored for a name that is not registered."""
        self._parked.add(consumer)

    def prunable_through(self) -> int:
        """The newest batch that no consumer needs any more, as far as the cursors are on disk."""
        bounds = [
            self._on_disk[name] if policy.durable else self._cursors[name]
            for name, policy in self._policies.items()
            if policy.bounds_pruning and (policy.durable or name not in self._parked)
        ]
        return min(bounds, default=_NO_BOUND)

    @property
    def dirty(self) -> bool:
        """Whether a cursor is to be written."""
        return bool(self._unwritten)

    def unwritten(self) -> dict[str, int]:
        """The cursors to write."""
        return {name: self._cursors[name] for name in sorted(self._unwritten)}

    def written(self, cursors: Mapping[str, int]) -> None:
        """``cursors`` are on disk."""
        for name, seq in cursors.items():
            self._on_disk[name] = seq
            if self._cursors[name] == seq:
                self._unwritten.discard(name)
