"""Messages between the ledger and the stages, and what a recovery starts from."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from protocols.alarm import Alarm
from protocols.change import Change
from protocols.command import FIRST_STAGE
from protocols.event import Event


class EventBatch(Struct, frozen=True):
    """The one message between the ledger and the stages: durable Events, and the Changes that the stages so far made of them.

    The first Event has offset ``first``, the others follow it, all have the time ``at``. ``changes`` are in the order of
    their Events' offsets (``Change.offset``), those of one Event in the order of the stages. The ledger sends a batch without
    Changes, each stage passes it on with its own added, and the ledger records what the last one hands back."""

    first: int
    at: datetime
    events: Sequence[Event]
    changes: Sequence[Change] = ()

    @property
    def through(self) -> int:
        """Offset of the last Event."""
        return self.first + len(self.events) - 1


class SnapshotMarker(Struct, frozen=True):
    """Follows the batch that ends with offset ``through``. Every stage passes it on in order with the batches, and sends a
    :class:`SnapshotPart` after it."""

    through: int


class SnapshotPart(Struct, frozen=True):
    """The state of the stage ``name`` after the Event at ``through``, encoded. It comes when it is encoded, which may
    be after later batches; the stages behind pass it on to the ledger. When the stage could not encode it, ``error`` says why,
    and ``octets`` is empty."""

    through: int
    name: str
    octets: bytes
    error: str = ""


PipeMessage = EventBatch | SnapshotMarker | SnapshotPart
"""From the ledger through all stages to the ledger."""


class Snapshot(Struct, frozen=True):
    """The states of all stages after the Event at ``through``, by stage."""

    through: int
    parts: dict[str, bytes]


class ChangeBatch(Struct, frozen=True):
    """Changes for the ledger to record: of the Events behind the batch before, up to and including ``through``."""

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
    """An Event whose fold by ``stage`` raised, kept for retry: its offset and time, its kind, the error, its msgpack, and that
    of the Changes that the stages before made of it."""

    offset: int
    at: datetime
    kind: str
    error: str
    event: bytes
    stage: str = FIRST_STAGE
    changes: bytes = b""


class Seed(Struct, frozen=True):
    """The beginning of a consumer whose next batches the ledger no longer has: every alarm that the State holds, as of the
    recorded batch ``seq``, and the Events in quarantine. ``at`` is the time of the seed (None: PostgreSQL's own). ``made`` are
    every rule, window, node and record of service level agreements that the stages hold, as of that batch or a later one."""

    seq: int
    alarms: Sequence[Alarm]
    quarantined: Sequence[QuarantinedEvent] = ()
    at: datetime | None = None
    made: Sequence[Change] = ()
    whole: bool = True
    """False: a stage did not tell what it holds, so that what is missing in ``made`` may exist."""
