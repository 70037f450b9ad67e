"""The schedule of snapshots: the next marker, the parts that are missing, the pieces to write. Pure."""

import math
from collections import deque
from collections.abc import Collection
from typing import Final

import structlog

from actors.ledger.errors import FoldOutOfStep
from actors.ledger.group import SnapshotPiece, pieces_of, worth
from actors.ledger.settings import LedgerSettings
from protocols.event import SystemReport
from protocols.ledger import Snapshot, SnapshotPart

log = structlog.get_logger()

FAILED: Final = "snapshot.failed"
"""The alarm type of a stage whose part could not be encoded. Its qualifier is the stage."""


class SnapshotSchedule:
    """``marked`` is the offset of the newest marker sent to the stages, or of the newest snapshot on disk. Times are of one
    monotonic clock, in seconds."""

    def __init__(self, settings: LedgerSettings, through: int, stages: Collection[str]) -> None:
        """``through`` is the offset of the newest snapshot on disk. A snapshot is whole with a part of each of ``stages``."""
        self.marked = through
        self._settings = settings
        self._stages = frozenset(stages)
        self._marked_at = 0.0
        self._under_way: dict[int, dict[str, SnapshotPart]] = {}
        """The parts that have arrived, by the offset of the marker."""
        self._worth = 0
        self._pieces: deque[SnapshotPiece] = deque()
        self._arrived_at = 0.0
        self._failing: set[str] = set()
        """The stages whose part the newest snapshot lacked."""

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

    def arrive(self, part: SnapshotPart, now: float) -> list[SystemReport]:
        """A stage handed ``part`` back. Returns the alarms to raise and clear. Raises FoldOutOfStep for a part that was not
        asked for, or that came before.

        A snapshot that lacks a part is given up, and those on disk stay. The next one is due as if this had been written."""
        parts = self._under_way.get(part.through)
        if parts is None or part.name not in self._stages or part.name in parts:
            raise FoldOutOfStep(f"a snapshot's part of {part.name!r} through {part.through}, which is not awaited")
        parts[part.name] = part
        if len(parts) < len(self._stages):
            return []
        del self._under_way[part.through]
        failed = {name: lacking.error for name, lacking in sorted(parts.items()) if lacking.error}
        mended = sorted(self._failing - failed.keys())
        reports = [SystemReport(alarm_type=FAILED, active=False, qualifier=name) for name in mended]
        self._failing = set(failed)
        if failed:
            log.error("a snapshot is given up; the older ones stay", through=part.through, stages=failed)
            return reports + [_failed(name, error) for name, error in failed.items()]
        self._arrived_at = now
        pieces = pieces_of(Snapshot(part.through, {name: parts[name].octets for name in sorted(parts)}))
        self._pieces.extend(pieces)
        self._worth = worth(pieces)
        return reports

    def written(self, now: float) -> float | None:
        """:attr:`piece` is on disk. Returns the seconds that writing the whole snapshot took, after its last piece; else
        None."""
        return now - self._arrived_at if self._pieces.popleft().last else None


def _failed(stage: str, error: str) -> SystemReport:
    return SystemReport(
        alarm_type=FAILED,
        active=True,
        severity="major",
        qualifier=stage,
        title=f"No snapshot could be taken: stage {stage} could not encode its state; the older snapshots stay",
        description=error,
    )
