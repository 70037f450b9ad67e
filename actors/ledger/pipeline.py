"""What is under way between the ledger and the fold: batches in flight, and who waits for what came of them. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence

from actors.ledger.errors import FoldOutOfStep
from actors.mailbox import Abandoned, Outcome, Reply
from protocols.change import Change


class _Asked:
    """An Append whose Outcome somebody waits for."""

    __slots__ = ("changes", "first", "last", "reply", "seq")

    def __init__(self, first: int, last: int, reply: Reply[Outcome]) -> None:
        self.first, self.last, self.reply = first, last, reply
        self.seq = 0
        self.changes: list[Change] = []


class Pipeline:
    """Batches sent to the fold and not recorded yet. ``through`` is the offset through which all is settled: its Changes are
    on the ledger, or there were none."""

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
        """Whether somebody waits for what Events came to."""
        return bool(self._asked)

    @property
    def in_flight(self) -> int:
        """Batches sent whose Changes are not recorded."""
        return len(self._in_flight)

    @property
    def sent(self) -> int:
        """Offset of the newest Event sent to the fold."""
        return self._sent

    def send(self, through: int) -> None:
        """A batch ending with offset ``through`` goes to the fold."""
        self._sent = through
        self._in_flight.append(through)

    def ask(self, first: int, last: int, reply: Reply[Outcome]) -> None:
        """``reply`` is owed what Events ``first`` to ``last`` come to. Called in the order of offsets."""
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
        """A batch is recorded as ``seq``, or had no Changes: frees its place and answers who waited for it."""
        self.through = through
        while self._in_flight and self._in_flight[0] <= through:
            self._in_flight.popleft()
        if not self._asked:
            return
        if changes and self._asked[0].first <= through:
            self._collect(through, seq, changes)
        while self._asked and self._asked[0].last <= through:
            asked = self._asked.popleft()
            asked.reply.give(Outcome(asked.first, asked.seq, tuple(asked.changes)))

    def _collect(self, through: int, seq: int, changes: Iterable[Change]) -> None:
        by_offset: dict[int, list[Change]] = {}
        for change in changes:
            by_offset.setdefault(change.offset, []).append(change)
        for asked in self._asked:
            if asked.first > through:
                return
            for offset in range(asked.first, min(asked.last, through) + 1):
                found = by_offset.get(offset)
                if found:
                    asked.changes += found
                    asked.seq = seq

    def abandon(self) -> None:
        """The ledger leaves: whoever still waits learns that the result is unknown to it."""
        while self._asked:
            self._asked.popleft().reply.fail(Abandoned("the ledger ended before the Changes were recorded"))
