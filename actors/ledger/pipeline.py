"""The batches of Events between the ledger and the stages, and the requests that wait for their Outcome. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence

from actors.ledger.errors import FoldOutOfStep
from actors.mailbox import Abandoned, Outcome, Reply
from protocols.change import Change


class _Asked:
    """A request that waits for its Outcome. Its Events have the offsets ``first`` to ``last``."""

    __slots__ = ("changes", "first", "last", "reply", "seq")

    def __init__(self, first: int, last: int, reply: Reply[Outcome]) -> None:
        self.first, self.last, self.reply = first, last, reply
        self.seq = 0
        self.changes: list[Sequence[Change]] = []

    def take(self, by_offset: Mapping[int, Sequence[Change]], through: int, seq: int) -> None:
        """The Changes of its Events up to ``through``, which are recorded as ``seq``."""
        for offset in range(self.first + len(self.changes), min(self.last, through) + 1):
            found = by_offset.get(offset, ())
            self.changes.append(found)
            if found:
                self.seq = seq


class Pipeline:
    """Batches that were sent to the stages and are not settled. A batch is settled when its Changes are on the ledger, or when
    it has none. ``through`` is the offset of the last Event of the newest settled batch."""

    def __init__(self, bound: int, through: int) -> None:
        self.through = through
        self._bound = bound
        self._sent = through
        self._arrived = through
        self._in_flight: deque[int] = deque()
        self._asked: deque[_Asked] = deque()

    @property
    def room(self) -> bool:
        """Whether another batch may be sent."""
        return len(self._in_flight) < self._bound

    @property
    def asked(self) -> bool:
        """Whether a request waits for its Outcome."""
        return bool(self._asked)

    @property
    def idle(self) -> bool:
        """Whether every batch that was sent is settled."""
        return not self._in_flight

    @property
    def sent(self) -> int:
        """Offset of the newest Event that was sent to the stages."""
        return self._sent

    def send(self, through: int) -> None:
        """A batch that ends with offset ``through`` is sent to the stages."""
        self._sent = through
        self._in_flight.append(through)

    def ask(self, first: int, last: int, reply: Reply[Outcome]) -> None:
        """``reply`` waits for the Outcome of the Events ``first`` to ``last``. Called in the order of offsets."""
        if last < first:
            reply.give(Outcome(first, 0, ()))
        else:
            self._asked.append(_Asked(first, last, reply))

    def arrive(self, through: int) -> None:
        """The last stage handed back a batch that ends with offset ``through``. Raises FoldOutOfStep for Events that were not
        sent, or that came back before."""
        if not self._arrived < through <= self._sent:
            raise FoldOutOfStep(
                f"Changes through {through}, after those through {self._arrived} and Events sent through {self._sent}"
            )
        self._arrived = through

    def settle(self, through: int, seq: int, changes: Sequence[Change]) -> None:
        """The batches up to ``through`` are recorded as ``seq``, or have no Changes: make room, and answer the requests that
        are complete. ``changes`` are those of all these batches."""
        self.through = through
        while self._in_flight and self._in_flight[0] <= through:
            self._in_flight.popleft()
        if not self._asked or self._asked[0].first > through:
            return
        by_offset: dict[int, list[Change]] = {}
        for change in changes:
            by_offset.setdefault(change.offset, []).append(change)
        for asked in self._asked:
            if asked.first > through:
                break
            asked.take(by_offset, through, seq)
        while self._asked and self._asked[0].last <= through:
            asked = self._asked.popleft()
            asked.reply.give(Outcome(asked.first, asked.seq, tuple(asked.changes)))

    def abandon(self) -> None:
        """The ledger ends: fail the replies that are still open with Abandoned."""
        while self._asked:
            self._asked.popleft().reply.fail(Abandoned("the ledger ended before the Changes were recorded"))
