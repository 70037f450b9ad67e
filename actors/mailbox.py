"""Messages between actors: trio memory channels, one-shot replies, and the actors' ends of the ledger.

The channels are plain ``trio`` memory channels made by ``faultd/app.py``. This module has the messages that need trio.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

import trio
from msgspec import Struct

from protocols.change import Change
from protocols.event import Event
from protocols.ledger import RecordedBatch

T = TypeVar("T")


class Abandoned(Exception):
    """The actor ended before it gave its reply. Whether the request took effect is unknown."""


class Reply(Generic[T]):
    """A one-shot channel inside a request. The asker awaits :meth:`wait`; the answerer calls :meth:`give` once.

    Giving never blocks and never fails, also when the asker has been cancelled and no longer waits.
    """

    __slots__ = ("_done", "_error", "_value")

    def __init__(self) -> None:
        self._done = trio.Event()
        self._value: T | None = None
        self._error: Exception | None = None

    def give(self, value: T) -> None:
        """Answer. Later calls are ignored: the first answer stands."""
        if not self._done.is_set():
            self._value = value
            self._done.set()

    def fail(self, error: Exception) -> None:
        """Answer with an error, which :meth:`wait` raises."""
        if not self._done.is_set():
            self._error = error
            self._done.set()

    @property
    def done(self) -> bool:
        return self._done.is_set()

    async def wait(self) -> T:
        """The answer. Raises what :meth:`fail` was given. Cancelling the wait leaves the request under way."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


class Outcome(Struct, frozen=True):
    """The outcome of appended Events. ``first`` is the offset of the first one, ``seq`` the recorded batch that has the last of
    their Changes (0: there are none). ``changes`` has the Changes of each Event, in the order of the Events."""

    first: int
    seq: int
    changes: Sequence[Sequence[Change]]


class Append(Struct, frozen=True):
    """A request to the ledger: make these Events durable, in this order, then have them folded.

    ``committed`` is given the first Event's offset once all are on disk (an INFORM is answered then);
    ``answered`` is given the Outcome once their Changes are on disk. Both fail with ``LedgerUnavailable`` when
    the disk refuses, in which case nothing of the request was kept.

    ``keep`` is for reports that nobody sends again, such as an alarm of faultd about itself: while the disk refuses, the ledger
    keeps the request in memory and tries it again. It has no replies.
    """

    events: Sequence[Event]
    committed: Reply[int] | None = None
    answered: Reply[Outcome] | None = None
    keep: bool = False


class LedgerUnavailable(Exception):
    """The ledger cannot write (disk full, I/O error). Nothing of the request was kept; try again later."""


class EventRefused(LedgerUnavailable):
    """The Events of one request cannot be encoded, or are larger than a row can be. Another attempt does not help."""


AppendSender = trio.MemorySendChannel[Append]


class Feed(Protocol):
    """The recorded Changes, in order, for one consumer. Reading is from memory when the consumer is close behind."""

    @property
    def last(self) -> int:
        """``seq`` of the newest recorded batch, 0 when there is none."""

    async def after(self, seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
        """Batches with ``seq`` greater than given, oldest first, at most ``limit``, at least one: waits for it.

        Raises ``EndOfFeed`` when the ledger has closed and nothing is left, ``FeedPruned`` when batches
        after ``seq`` no longer exist.
        """

    def reading(self, consumer: str) -> AbstractContextManager[int]:
        """The cursor of ``consumer``: the last batch that it has acknowledged, or the one before its first.

        A ledger that stops waits until the block is left, so that the last acknowledgements get on disk. After a crash some of
        them are missing: their batches come again.
        """

    async def acknowledge(self, consumer: str, seq: int) -> None:
        """Remember that ``consumer`` has everything up to ``seq``: reading goes on there after a restart."""


class EndOfFeed(Exception):
    """The ledger has closed, and every recorded batch has been read."""


class FeedPruned(Exception):
    """The batches after ``seq`` are no longer on the ledger; ``oldest`` is the first one that is."""

    def __init__(self, seq: int, oldest: int) -> None:
        super().__init__(f"batches after {seq} were pruned; the oldest kept is {oldest}")
        self.seq, self.oldest = seq, oldest


class Progress:
    """A consumer's position, for readers that wait until their own write is visible."""

    def __init__(self) -> None:
        self.seq = 0
        self._moved = trio.Event()
        self._asked = trio.Event()

    def advance(self, seq: int) -> None:
        """Record that everything up to ``seq`` is visible. Going back is ignored."""
        if seq > self.seq:
            self.seq = seq
            moved, self._moved = self._moved, trio.Event()
            self._asked = trio.Event()
            # A waiter that has to go on waiting asks again.
            moved.set()

    async def reach(self, seq: int, seconds: float) -> bool:
        """Wait at most ``seconds`` until :attr:`seq` is at least ``seq``; says whether it is."""
        with trio.move_on_after(seconds):
            while self.seq < seq:
                self._asked.set()
                await self._moved.wait()
        return self.seq >= seq

    async def asked(self) -> None:
        """Return once a request waits in :meth:`reach`, or has waited since the last advance."""
        await self._asked.wait()
