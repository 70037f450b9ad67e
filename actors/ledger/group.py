"""The contents of one commit, and its result."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from actors.elapsed import Jumped
from actors.ledger.codec import ENCODE_ERRORS, encode_events, encode_parts
from actors.mailbox import EventRefused
from actors.trusted_time import Anchor
from protocols.event import Event
from protocols.ledger import ChangeBatch, EventBatch, RecordedBatch, Snapshot

_PIECE_BYTES = 4 * 1024 * 1024
_EVENT_BYTES = 200
"""An Event takes about this many bytes in the file."""


class SnapshotPiece(Struct, frozen=True):
    """A part of an encoded snapshot. A large snapshot is written in several commits, so that no commit takes long."""

    through: int
    number: int
    body: memoryview
    pieces: int

    @property
    def last(self) -> bool:
        """Whether the snapshot is whole with the commit of this piece."""
        return self.number == self.pieces - 1


class LedgerTime(Struct, frozen=True):
    """The ledger's time at a commit: the anchor, and the jumps that count for the retention."""

    anchor: Anchor
    jumps: Sequence[Jumped] = ()


class CommitGroup(Struct, frozen=True):
    """The contents of one commit: the Events of requests, the Changes that came back (in order), pieces of a snapshot, cursors.

    After this commit the Changes of all Events up to offset ``through`` are recorded. ``now`` stamps the Events, unless the
    last stamp is later and the time does not ``step``. ``time`` is for the next run; None leaves the one on disk.
    """

    now: datetime
    through: int
    appends: Sequence[Sequence[Event]] = ()
    folded: Sequence[ChangeBatch | SnapshotPiece] = ()
    cursors: Mapping[str, int] = {}
    step: bool = False
    time: "LedgerTime | None" = None

    @property
    def batches(self) -> int:
        """The number of recorded batches that ``folded`` makes."""
        return sum(1 for item in self.folded if isinstance(item, ChangeBatch) and item.changes)


class Written(Struct, frozen=True):
    """The result of a commit that is on disk. ``firsts`` has the first offset of each request; None where the request is in
    ``refused``, by its index. ``sizes`` are the encoded bytes of each of ``recorded``."""

    batch: EventBatch | None
    firsts: Sequence[int | None]
    refused: Mapping[int, EventRefused]
    recorded: Sequence[RecordedBatch]
    sizes: Sequence[int]
    quarantined: int | None
    """The number of rows in quarantine after the commit; None when the commit changed none."""
    seconds: float


class Encoded(Struct, frozen=True):
    """The Events of several requests as the body of one row. ``refused`` has the requests that are not in it, by index."""

    events: list[Event]
    body: bytes
    refused: dict[int, EventRefused]


def encode(appends: Sequence[Sequence[Event]], largest: int) -> Encoded:
    """Encode requests into one body of at most ``largest`` bytes. A request that cannot be encoded, or does not fit, is
    refused."""
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
    """The encoded snapshot, in pieces of a few megabytes."""
    body = memoryview(encode_parts(snapshot.parts))
    count = -(-len(body) // _PIECE_BYTES)
    return [
        SnapshotPiece(snapshot.through, number, body[number * _PIECE_BYTES : (number + 1) * _PIECE_BYTES], count)
        for number in range(count)
    ]


def worth(pieces: Sequence[SnapshotPiece]) -> int:
    """The number of Events that take as many bytes as the snapshot. Snapshots are that far apart at least, so that they never
    take more bytes than the Events between them."""
    return sum(len(piece.body) for piece in pieces) // _EVENT_BYTES
