"""The correlator's shell on its channels: Changes for each batch, a snapshot where a marker passes, nothing counted twice."""

from datetime import UTC, datetime

import trio

from actors.correlator.actor import NAME, Correlator
from actors.correlator.state import State
from actors.metrics import Metrics
from protocols.change import UnknownTrap
from protocols.event import Trap
from protocols.ledger import ChangeBatch, EventBatch, Snapshot, SnapshotMarker
from protocols.snmp.notification import Notification

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
STRANGE = Trap(
    "10.0.0.1",
    NOW,
    Notification(version="2c", kind="trap", security="public", trap_oid="1.3.6.1.4.1.99999.7", uptime=None, varbinds=()),
)


async def test_batches_pass_in_order_with_a_snapshot_of_where_the_marker_was_and_the_end_is_passed_on() -> None:
    to_fold, inbox = trio.open_memory_channel[EventBatch | SnapshotMarker](8)
    outbox, folded = trio.open_memory_channel[ChangeBatch | Snapshot](8)
    metrics = Metrics()
    state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")
    async with to_fold:
        await to_fold.send(EventBatch(1, NOW, (STRANGE, STRANGE)))
        await to_fold.send(SnapshotMarker(2))
        await to_fold.send(EventBatch(3, NOW, (STRANGE,)))
    await Correlator(state, inbox, outbox, metrics).run()
    messages = [message async for message in folded]
    first, second = (message for message in messages if isinstance(message, ChangeBatch))
    # It may come later than what was folded behind it: it is encoded beside the fold, and tells the state where the marker passed.
    (snapshot,) = (message for message in messages if isinstance(message, Snapshot))
    assert [(batch.through, [change.offset for change in batch.changes]) for batch in (first, second)] == [
        (2, [1, 2]),
        (3, [3]),
    ]
    assert all(isinstance(change, UnknownTrap) for change in (*first.changes, *second.changes))
    assert (snapshot.through, State.load(snapshot.parts[NAME]).offset) == (2, 2)
    assert metrics.value("faultd_traps_unknown_total") == 3
