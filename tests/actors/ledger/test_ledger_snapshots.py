"""When a snapshot is due, and what of one is still to be written."""

import math

import pytest

from actors.ledger.codec import decode_parts
from actors.ledger.errors import FoldOutOfStep
from actors.ledger.group import pieces_of, worth
from actors.ledger.settings import LedgerSettings
from actors.ledger.snapshots import SnapshotSchedule
from protocols.event import SystemReport
from protocols.ledger import Snapshot, SnapshotPart

SETTINGS = LedgerSettings(snapshot_every_events=1_000, snapshot_every_seconds=600.0)
LARGE = Snapshot(5_000, {"correlator": bytes(10_000_000)})


def test_none_is_due_while_nothing_is_new() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=500, stages=("correlator",))
    snapshots.start(now=100.0)
    assert snapshots.due(500) == math.inf
    assert snapshots.due(501) == 700.0


def test_it_is_due_at_once_after_many_events_and_not_again_while_a_marker_is_under_way() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=0, stages=("correlator",))
    snapshots.start(now=0.0)
    assert snapshots.due(999) == 600.0
    assert snapshots.due(1_000) == -math.inf
    snapshots.mark(1_000, now=5.0)
    assert snapshots.due(9_000) == math.inf
    snapshots.arrive(SnapshotPart(1_000, "correlator", b"x"), now=6.0)
    assert snapshots.due(1_001) == 605.0


def test_a_large_one_is_not_taken_before_as_many_events_as_take_its_size() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=0, stages=("correlator",))
    snapshots.start(now=0.0)
    snapshots.mark(5_000, now=0.0)
    snapshots.arrive(SnapshotPart(5_000, "correlator", LARGE.parts["correlator"]), now=1.0)
    events = worth(pieces_of(LARGE))
    assert events > SETTINGS.snapshot_every_events
    assert snapshots.due(5_000 + events - 1) == 600.0
    assert snapshots.due(5_000 + events) == -math.inf


def test_its_time_is_told_with_its_last_piece_also_when_the_next_has_arrived() -> None:
    snapshots = SnapshotSchedule(SETTINGS, through=0, stages=("correlator",))
    snapshots.start(now=0.0)
    assert snapshots.piece is None
    for through, now in ((5_000, 10.0), (9_000, 11.0)):
        snapshots.mark(through, now)
        snapshots.arrive(SnapshotPart(through, "correlator", LARGE.parts["correlator"]), now)
    written: list[tuple[int, bool, float | None]] = []
    while (piece := snapshots.piece) is not None:
        written.append((piece.through, piece.last, snapshots.written(now=15.0)))
    count = len(pieces_of(LARGE))
    assert count > 1
    assert [through for through, _, _ in written] == [5_000] * count + [9_000] * count
    assert [seconds for _, last, seconds in written if last] == [4.0, 4.0]
    assert all(seconds is None for _, last, seconds in written if not last)


def awaiting(*marked: int) -> SnapshotSchedule:
    snapshots = SnapshotSchedule(SETTINGS, through=0, stages=("correlator", "counter"))
    snapshots.start(now=0.0)
    for through in marked:
        snapshots.mark(through, now=0.0)
    return snapshots


def test_a_snapshot_is_whole_with_the_part_of_every_stage_and_has_each_piece_once() -> None:
    snapshots = awaiting(1_000)
    snapshots.arrive(SnapshotPart(1_000, "counter", b"2"), now=1.0)
    assert snapshots.piece is None
    assert snapshots.due(9_000) == math.inf, "the snapshot is still under way"
    snapshots.arrive(SnapshotPart(1_000, "correlator", b"1"), now=2.0)
    assert snapshots.piece is not None
    assert decode_parts(bytes(snapshots.piece.body)) == {"correlator": b"1", "counter": b"2"}
    assert snapshots.written(now=5.0) == 3.0
    assert snapshots.piece is None
    assert snapshots.due(9_000) == -math.inf, "and the next one is due"


def test_parts_of_two_snapshots_may_come_in_any_order() -> None:
    snapshots = awaiting(1_000, 1_500)
    for through, name in ((1_500, "correlator"), (1_000, "counter"), (1_500, "counter"), (1_000, "correlator")):
        snapshots.arrive(SnapshotPart(through, name, str(through).encode()), now=1.0)
    written = []
    while (piece := snapshots.piece) is not None:
        written.append((piece.through, decode_parts(bytes(piece.body))))
        snapshots.written(now=1.0)
    assert written == [(through, dict.fromkeys(("correlator", "counter"), str(through).encode())) for through in (1_500, 1_000)]


@pytest.mark.parametrize(
    "parts",
    [
        [SnapshotPart(1_000, "counter", b""), SnapshotPart(1_000, "counter", b"")],
        [SnapshotPart(1_000, "counter", b""), SnapshotPart(1_000, "correlator", b""), SnapshotPart(1_000, "correlator", b"")],
        [SnapshotPart(1_001, "counter", b"")],
        [SnapshotPart(1_000, "stranger", b"")],
    ],
    ids=["twice", "after the snapshot was whole", "without a marker", "of an unknown stage"],
)
def test_a_part_that_is_not_awaited_is_a_bug(parts: list[SnapshotPart]) -> None:
    snapshots = awaiting(1_000)
    for part in parts[:-1]:
        snapshots.arrive(part, now=1.0)
    with pytest.raises(FoldOutOfStep):
        snapshots.arrive(parts[-1], now=1.0)


def test_a_snapshot_that_lacks_a_part_is_given_up_and_the_alarm_ends_with_the_next_whole_one() -> None:
    snapshots = awaiting(1_000)
    assert snapshots.arrive(SnapshotPart(1_000, "counter", b"", "ValueError: x"), now=1.0) == []
    (raised,) = snapshots.arrive(SnapshotPart(1_000, "correlator", b"1"), now=1.0)
    assert (raised.alarm_type, raised.active, raised.qualifier, raised.description) == (
        "snapshot.failed",
        True,
        "counter",
        "ValueError: x",
    )
    assert snapshots.piece is None
    assert snapshots.due(1_001) == 600.0, "the next one is tried at its time"
    assert snapshots.due(2_000) == -math.inf
    snapshots.mark(2_000, now=2.0)
    snapshots.arrive(SnapshotPart(2_000, "correlator", b"1"), now=3.0)
    assert snapshots.arrive(SnapshotPart(2_000, "counter", b"2"), now=3.0) == [
        SystemReport(alarm_type="snapshot.failed", active=False, qualifier="counter")
    ]
    assert snapshots.piece is not None
    assert snapshots.piece.through == 2_000
