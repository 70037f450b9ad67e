"""The schedule of snapshots: the next marker, the parts that are missing, the pieces to write. Pure."""

import math
from collections import deque
from collections.abc import Collection

from actors.ledger.errors import FoldOutOfStep
from actors.ledger.group import SnapshotPiece, pieces_of, worth
from actors.ledger.settings import LedgerSettings
from protocols.ledger import Snapshot, SnapshotPart


class SnapshotSchedule:
    """``marked`` is the offset of the newest marker sent to the stages, or of the newest snapshot on disk. Times are of one
    monotonic clock, in seconds."""

    def __init__(self, settings: LedgerSettings, through: int, stages: Collection[str]) -> None:
        """``through`` is the offset of the newest snapshot on disk. A snapshot is whole with a part of each of ``stages``."""
        self.marked = through
        self._settings = settings
        self._stages = frozenset(stages)
        self._marked_at = 0.0
        self._under_way: dict[int, dict[str, bytes]] = {}
        """The parts that have arrived, by the offset of the marker."""
        self._worth = 0
        self._pieces: deque[SnapshotPiece] = deque()
        self._arrived_at = 0.0

    @property
    def piece(self) -> SnapshotPiece | None:
        """The next piece to write; None when there is none."""
        return self._pieces[0] if self._pieces else None

    def start(self, now: float) -> None:
        """The interval before the first snapshot begins ``now``."""
        self._marked_at = now

    def due(self, sent: int) -> float:
        """The time at which a marker is to follow the Event at offset ``sent``, the newest that the stages were sent. It is in
        the past after many Events, and infinite while there is no new Event or a marker is under way."""
        since = sent - self.marked
        if self._under_way or since <= 0:
            return math.inf
        if since >= max(self._settings.snapshot_every_events, self._worth):
            return -math.inf
        return self._marked_at + self._settings.snapshot_every_seconds

    def mark(self, sent: int, now: float) -> None:
        """A marker is sent after the Event at offset ``sent``."""
        self.marked, self._marked_at = sent, now
        self._under_way[sent] = {}

    def arrive(self, part: SnapshotPart, now: float) -> None:
        """A stage handed ``part`` back. Raises FoldOutOfStep for one that was not asked for, or that came before."""
        parts = self._under_way.get(part.through)
        if parts is None or part.name not in self._stages or part.name in parts:
            raise FoldOutOfStep(f"a snapshot's part of {part.name!r} through {part.through}, which is not awaited")
        parts[part.name] = part.octets
        if len(parts) < len(self._stages):
            return
        del self._under_way[part.through]
        self._arrived_at = now
        pieces = pieces_of(Snapshot(part.through, dict(sorted(parts.items()))))
        self._pieces.extend(pieces)
        self._worth = worth(pieces)

    def written(self, now: float) -> float | None:
        """:attr:`piece` is on disk. Returns the seconds that writing the whole snapshot took, after its last piece; else
        None."""
        return now - self._arrived_at if self._pieces.popleft().last else None
