"""A stage: one of the deterministic folds in series between the ledger and itself (docs/architecture.md, "The path of data").

Each stage is given every Event in the order of its offset, with the Changes that the stages before it made of that Event, and
adds its own. It reads no clock, no socket and no random number, so the same Events give the same Changes, and a recovery may
fold them again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from actors.metrics import Metrics
from actors.state_encoding import Piece
from protocols.change import Change
from protocols.event import Event
from protocols.ledger import EventBatch


class StageFailed(Exception):
    """A stage behind the correlator could not do ``method``: ``error`` is the text of the exception."""

    def __init__(self, stage: str, method: str, error: str) -> None:
        super().__init__(f"stage {stage}, {method}: {error}")
        self.stage, self.method, self.error = stage, method, error


class Stage(ABC):
    """The state of one stage and what it does with an Event. What has a body here, a stage may leave as it is."""

    name: str
    """Under this name its state stands in a snapshot; unique among the stages of a ledger."""

    @abstractmethod
    def load(self, octets: bytes) -> None:
        """Replace the state by the one that :meth:`saving` encoded. Raises ``msgspec.MsgspecError`` for octets that it cannot
        read; the state is then as before."""

    @abstractmethod
    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        """The Changes that this stage makes of ``event``, which the ledger stamped ``at``. ``changes_before`` are those of the
        stages before it, of the same Event only; they are not to be altered."""

    def folds_quickly(self, batch: EventBatch) -> bool:
        """Fold a whole batch of which this stage makes no Change, at less than the cost of its Events one by one, and return
        True. False: nothing was done."""
        return False

    @abstractmethod
    def saving(self) -> Iterable[Piece]:
        """The encoded state in pieces, which another thread may ask for while the fold goes on: they tell the state as it was
        when this was called."""

    def begin(self, offset: int, at: datetime, held: Sequence[Change]) -> None:
        """The state after the Event at ``offset``, stamped ``at``, for a ledger that has gone on without this stage until now:
        empty, but for what follows from ``held``, the Changes by which the stages before would tell what they hold."""
        return

    def held(self) -> Iterable[Change]:
        """The state as Changes, for a stage or a consumer that begins: the Changes that would have given it this state. Iterate
        from between two Events on; the fold may go on between two of them."""
        return []

    def preparing(self, batch: EventBatch) -> Callable[[], None] | None:
        """Work that takes seconds and that folding ``batch`` needs, to be done in a thread before it is folded. A fold without
        it comes to the same Changes."""
        return None

    def count(self, metrics: Metrics | None) -> None:
        """Move what was counted since the last call into ``metrics``; drop it for None, when an earlier run has counted it."""
        return

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        """Append Events that do not follow from the fold of others: measured times, or one that asks for the next slice of
        the stage's own work. Called after every batch, also after one of Ticks alone. ``append`` never waits, and says whether
        the ledger takes them; those that it does not take are to be offered again with the next call. Those that it takes are
        folded, later, unless the process ends first: a stage remembers in memory alone that it asked, not in its snapshot. At
        a start it is called when the Events that an earlier run left are folded, its reports among them."""
        return


def fold_batch(stage: Stage, batch: EventBatch) -> list[Change]:
    """Fold the Events of ``batch`` in order: its Changes with those of ``stage`` among them, Event by Event."""
    if stage.folds_quickly(batch):
        return list(batch.changes)
    fold, first, at, before = stage.fold, batch.first, batch.at, batch.changes
    changes: list[Change] = []
    if not before:
        for offset, event in enumerate(batch.events, first):
            changes += fold(offset, at, event, ())
        return changes
    done, count = 0, len(before)
    for offset, event in enumerate(batch.events, first):
        start = done
        while done < count and before[done].offset == offset:
            done += 1
        of_this_event = before[start:done]
        changes += of_this_event
        changes += fold(offset, at, event, of_this_event)
    if done < count:
        raise ValueError(f"a Change of Event {before[done].offset} is out of order in the batch {first} to {batch.through}")
    return changes
