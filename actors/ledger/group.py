"""One commit: what goes into it, and what it came to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from actors.elapsed import Jumped
from actors.ledger.codec import ENCODE_ERRORS, encode_events, encode_parts
from actors.ledger.errors import EventRefused
from actors.trusted_time import Anchor
from protocols.event import Event
from protocols.ledger import ChangeBatch, EventBatch, RecordedBatch, Snapshot

_PIECE_BYTES = 4 * 1024 * 1024
_EVENT_BYTES = 200
"""What an Event takes in the file, about."""


class SnapshotPiece(Struct, frozen=True):
    """A part of an encoded snapshot; large ones are written over several commits so that none is held up for long."""

    through: int
    number: int
    body: memoryview
    pieces: int

    @property
    def last(self) -> bool:
        """The snapshot counts from this piece's commit on."""
        return self.number == self.pieces - 1


class LedgerTime(Struct, frozen=True):
    """The ledger's time at a commit: its anchor, and the jumps that retention takes into account."""

    anchor: Anchor
    jumps: Sequence[Jumped] = ()


class CommitGroup(Struct, frozen=True):
    """Requests' Events, what the fold handed back (in order), and cursors to remember. ``through`` is the offset through which
    all Changes are recorded once this is; ``now`` stamps the Events, unless the last stamp is later and the time does not
    ``step``. ``time`` is to be kept for the next run."""

    now: datetime
    through: int
    appends: Sequence[Sequence[Event]] = ()
    folded: Sequence[ChangeBatch | SnapshotPiece] = ()
    cursors: Mapping[str, int] = {}
    step: bool = False
    time: "LedgerTime | None" = None

    @property
    def batches(self) -> int:
        """How many of ``folded`` become recorded batches."""
        return sum(1 for item in self.folded if isinstance(item, ChangeBatch) and item.changes)


class Written(Struct, frozen=True):
    """A commit that is on disk. ``firsts`` has the first offset of each request, None where ``refused`` says why not.
    ``sizes`` are the encoded bytes of ``recorded``."""

    batch: EventBatch | None
    firsts: Sequence[int | None]
    refused: Mapping[int, EventRefused]
    recorded: Sequence[RecordedBatch]
    sizes: Sequence[int]
    quarantined: int | None
    """Rows in quarantine after it; None when it did not touch them."""
    seconds: float


class Encoded(Struct, frozen=True):
    """The requests' Events as one row's body, and which requests are in it."""

    events: list[Event]
    body: bytes
    refused: dict[int, EventRefused]


def encode(appends: Sequence[Sequence[Event]], largest: int) -> Encoded:
    """All requests in one body of at most ``largest`` bytes; one that cannot be encoded, or does not fit, is refused."""
    events = [event for append in appends for event in append]
    try:
        body = encode_events(events)
        if len(body) <= largest:
            return Encoded(events, body, {})
    except ENCODE_ERRORS:
        pass
    kept: list[Event] = []
    refused = {}
    size = 5
    for index, append in enumerate(appends):
        try:
            length = len(encode_events(append))
        except ENCODE_ERRORS as error:
            refused[index] = EventRefused(f"an Event cannot be encoded: {error}")
            continue
        if size + length > largest:
            refused[index] = EventRefused(f"{length} bytes of Events are more than a batch can still hold ({largest})")
            continue
        size += length
        kept += append
    return Encoded(kept, encode_events(kept), refused)


def pieces_of(snapshot: Snapshot) -> list[SnapshotPiece]:
    """The encoded snapshot in parts of a few megabytes."""
    body = memoryview(encode_parts(snapshot.parts))
    count = -(-len(body) // _PIECE_BYTES)
    return [
        SnapshotPiece(snapshot.through, number, body[number * _PIECE_BYTES : (number + 1) * _PIECE_BYTES], count)
        for number in range(count)
    ]


def worth(pieces: Sequence[SnapshotPiece]) -> int:
    """How many Events take as many bytes as the snapshot. It is not taken more often than that: of snapshots there are never
    more bytes than of the Events that they save folding."""
    return sum(len(piece.body) for piece in pieces) // _EVENT_BYTES
