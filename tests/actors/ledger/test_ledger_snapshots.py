"""When a snapshot is due, and what of one is still to be written."""

import math

from actors.ledger.group import pieces_of, worth
from actors.ledger.settings import LedgerSettings
from actors.ledger.snapshots import SnapshotSchedule
from protocols.ledger import Snapshot

SETTINGS = LedgerSettings(snapshot_every_events=1_000, snapshot_every_seconds=600.0)
LARGE = Snapshot(5_000, {"correlator": bytes(10_000_000)})


def test_none_is_due_while_nothing_is_new() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=500)
    snapshots.start(now=100.0)
    assert snapshots.due(500) == math.inf
    assert snapshots.due(501) == 700.0


def test_it_is_due_at_once_after_many_events_and_not_again_while_a_marker_is_under_way() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=0)
    snapshots.start(now=0.0)
    assert snapshots.due(999) == 600.0
    assert snapshots.due(1_000) == -math.inf
    snapshots.mark(1_000, now=5.0)
    assert snapshots.due(9_000) == math.inf
    snapshots.arrive(Snapshot(1_000, {"correlator": b"x"}), now=6.0)
    assert snapshots.due(1_001) == 605.0


def test_a_large_one_is_not_taken_before_as_many_events_as_take_its_size() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=0)
    snapshots.start(now=0.0)
    snapshots.mark(5_000, now=0.0)
    snapshots.arrive(LARGE, now=1.0)
    events = worth(pieces_of(LARGE))
    assert events > SETTINGS.snapshot_every_events
    assert snapshots.due(5_000 + events - 1) == 600.0
    assert snapshots.due(5_000 + events) == -math.inf


def test_its_time_is_told_with_its_last_piece_also_when_the_next_has_arrived() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=0)
    snapshots.start(now=0.0)
    assert snapshots.piece is None
    for through, now in ((5_000, 10.0), (9_000, 11.0)):
        snapshots.mark(through, now)
        snapshots.arrive(Snapshot(through, LARGE.parts), now)
    written: list[tuple[int, bool, float | None]] = []
    while (piece := snapshots.piece) is not None:
        written.append((piece.through, piece.last, snapshots.written(now=15.0)))
    count = len(pieces_of(LARGE))
    assert count > 1
    assert [through for through, _, _ in written] == [5_000] * count + [9_000] * count
    assert [seconds for _, last, seconds in written if last] == [4.0, 4.0]
    assert all(seconds is None for _, last, seconds in written if not last)
