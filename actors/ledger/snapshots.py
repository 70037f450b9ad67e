"""When snapshots of the fold's state are taken, and what of one is still to be written. Pure."""

import math
from collections import deque

from actors.ledger.group import SnapshotPiece, pieces_of, worth
from actors.ledger.settings import LedgerSettings
from protocols.ledger import Snapshot


class SnapshotSchedule:
    """``marked`` is the offset of the newest marker sent to the fold, or of the newest snapshot on disk. Times are of one
    monotonic clock, in seconds."""

    def __init__(self, settings: LedgerSettings, through: int) -> None:
        """``through`` is the offset of the newest snapshot on disk."""
        self.marked = through
        self._settings = settings
        self._marked_at = 0.0
        self._under_way = 0
        self._worth = 0
        self._pieces: deque[SnapshotPiece] = deque()
        self._arrived_at = 0.0

    @property
    def piece(self) -> SnapshotPiece | None:
        """The next to be written."""
        return self._pieces[0] if self._pieces else None

    def start(self, now: float) -> None:
        """The time for the first one runs from now on."""
        self._marked_at = now

    def due(self, sent: int) -> float:
        """When a marker is to follow the Event at offset ``sent``, the newest that the fold was sent: past already after many
        Events, never while there is no new one or a marker is under way."""
        since = sent - self.marked
        if self._under_way or since <= 0:
            return math.inf
        if since >= max(self._settings.snapshot_every_events, self._worth):
            return -math.inf
        return self._marked_at + self._settings.snapshot_every_seconds

    def mark(self, sent: int, now: float) -> None:
        """A marker follows the Event at offset ``sent``."""
        self.marked, self._marked_at = sent, now
        self._under_way += 1

    def arrive(self, snapshot: Snapshot, now: float) -> None:
        """The fold handed ``snapshot`` back."""
        self._under_way -= 1
        self._arrived_at = now
        pieces = pieces_of(snapshot)
        self._pieces.extend(pieces)
        self._worth = worth(pieces)

    def written(self, now: float) -> float | None:
        """:attr:`piece` is on disk. The seconds that writing the snapshot took, if it was the last one."""
        return now - self._arrived_at if self._pieces.popleft().last else None
