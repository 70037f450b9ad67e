"""The words spoken with the ledger: what goes in, what comes out, what recovery starts from."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from protocols.alarm import Alarm
from protocols.change import Change
from protocols.event import Event


class EventBatch(Struct, frozen=True):
    """Consecutive Events, durable, on their way to the fold: the first has offset ``first``, all the time ``at``."""

    first: int
    at: datetime
    events: Sequence[Event]

    @property
    def through(self) -> int:
        """Offset of the last Event."""
        return self.first + len(self.events) - 1


class SnapshotMarker(Struct, frozen=True):
    """Flows down the pipe behind offset ``through``; each folding actor adds its encoded state as it passes."""

    through: int


class Snapshot(Struct, frozen=True):
    """The folds' states after the Event at ``through``, by actor name."""

    through: int
    parts: dict[str, bytes]


class ChangeBatch(Struct, frozen=True):
    """What the Events up to and including ``through`` (since the batch before) came to."""

    through: int
    changes: Sequence[Change]


class RecordedBatch(Struct, frozen=True):
    """A ChangeBatch on the ledger. ``seq`` counts batches from 1 without gaps: the sequence that cursors and the
    stream speak of. ``at`` is the ledger's time of the commit that recorded it (None: not known), which tells this batch
    from another that a restored copy of the ledger came to give the same ``seq``."""

    seq: int
    through: int
    changes: Sequence[Change]
    at: datetime | None = None


class ConsumerLag(Struct, frozen=True):
    """How far a consumer of the feed is. ``acknowledged`` is the ``seq`` of its cursor, ``lag_batches`` the number of batches
    after it, ``lag_seconds`` the age of the oldest of them (0.0: there is none)."""

    acknowledged: int
    lag_batches: int
    lag_seconds: float


class QuarantinedEvent(Struct, frozen=True):
    """An Event whose fold raised, kept for retry: its offset and time, its kind, the error, and its msgpack."""

    offset: int
    at: datetime
    kind: str
    error: str
    event: bytes


class Seed(Struct, frozen=True):
    """The beginning of a consumer whose next batches the ledger no longer has: every alarm that the State holds, as of the
    recorded batch ``seq``, and the Events in quarantine. ``at`` is the time of the seed (None: PostgreSQL's own)."""

    seq: int
    alarms: Sequence[Alarm]
    quarantined: Sequence[QuarantinedEvent] = ()
    at: datetime | None = None
