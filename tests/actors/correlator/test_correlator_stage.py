"""The correlator's shell on its channels: Changes for each batch, a snapshot where a marker passes, nothing counted twice."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from vocabulary.traps import make_trap

from actors.correlator import stage as staging
from actors.correlator.events import topology_changes
from actors.correlator.plant import check, prepared
from actors.correlator.stage import Correlator
from actors.correlator.state import State
from actors.metrics import Metrics
from actors.stage import fold_batch
from actors.stage_actor import StageActor
from protocols.change import Answer, UnknownTrap
from protocols.command import ChangeTopology, Command
from protocols.event import Event, TopologyChanged, TopologyLoaded
from protocols.ledger import EventBatch, PipeMessage, SnapshotMarker, SnapshotPart
from protocols.principal import Principal
from protocols.topology import Node

LEDGER = "6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11"
NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
STRANGE = make_trap("1.3.6.1.4.1.99999.7", at=NOW, uptime=None)


async def test_batches_pass_in_order_with_a_snapshot_of_where_the_marker_was_and_the_end_is_passed_on() -> None:
    to_fold, inbox = trio.open_memory_channel[PipeMessage](8)
    outbox, folded = trio.open_memory_channel[PipeMessage](8)
    metrics = Metrics()
    async with to_fold:
        await to_fold.send(EventBatch(1, NOW, (STRANGE, STRANGE)))
        await to_fold.send(SnapshotMarker(2))
        await to_fold.send(EventBatch(3, NOW, (STRANGE,)))
    await StageActor(Correlator(LEDGER), inbox, outbox, metrics).run()
    messages = [message async for message in folded]
    first, second = (message for message in messages if isinstance(message, EventBatch))
    # It may come later than what was folded behind it: it is encoded beside the fold, and tells the state where the marker
    # passed.
    (part,) = (message for message in messages if isinstance(message, SnapshotPart))
    assert [(batch.through, [change.offset for change in batch.changes]) for batch in (first, second)] == [
        (2, [1, 2]),
        (3, [3]),
    ]
    assert all(isinstance(change, UnknownTrap) for change in (*first.changes, *second.changes))
    assert (part.through, part.name, State.load(part.octets).offset) == (2, "correlator", 2)
    assert metrics.value("faultd_traps_unknown_total") == 3


SITE = Node(id="site", type="site")
NODES = (SITE, *(Node(id=f"olt-{n}", type="olt", parents=("site",), address=f"10.0.0.{n}", tenant="t") for n in range(1, 9)))
FIRST: dict[str, Event] = {
    "a start": TopologyLoaded("d", NODES),
    "a reload": TopologyChanged(puts=NODES, by="file", digest="d"),
    "a request": Command(Principal("ada", "admin"), ChangeTopology(NODES)),
    "a mistake": TopologyChanged(puts=(*NODES, Node(id="lost", type="ont", parents=("nothing",))), by="file", digest="d"),
    "not the first of its batch": TopologyLoaded("d", NODES),
}


@pytest.mark.parametrize("how", FIRST)
async def test_a_first_large_plant_is_made_while_others_go_on_and_comes_to_the_same(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others_go_on = threading.Event()

    def made(offset: int, event: Event) -> prepared.Prepared:
        assert others_go_on.wait(20), "nothing else runs while the plant is made"
        plant = prepared.prepare(offset, event)
        checked.append(offset)
        return plant

    checked: list[int] = []

    trap, then = STRANGE, TopologyChanged(puts=(Node(id="olt-1/7", type="ont", parents=("olt-1",)),), by="ops")
    batches = [(trap, FIRST[how], trap) if "batch" in how else (FIRST[how],), (then,), (trap,)]
    expected, changes = Correlator(LEDGER), []
    for number, events in enumerate(batches):
        changes += fold_batch(expected, EventBatch(1 + sum(map(len, batches[:number])), NOW, events))

    monkeypatch.setattr(prepared, "LARGE", 5)
    monkeypatch.setattr(staging, "prepare", made)
    to_fold, inbox = trio.open_memory_channel[PipeMessage](8)
    outbox, folded = trio.open_memory_channel[PipeMessage](8)
    correlator = Correlator(LEDGER)
    async with trio.open_nursery() as nursery:
        await nursery.start(StageActor(correlator, inbox, outbox, Metrics()).run)
        async with to_fold:
            for number, events in enumerate(batches):
                await to_fold.send(EventBatch(1 + sum(map(len, batches[:number])), NOW, events))
            others_go_on.set()
            got = [await folded.receive() for _ in batches]
    assert [change for batch in got if isinstance(batch, EventBatch) for change in batch.changes] == changes
    state = correlator.state
    assert state.save() == expected.state.save()
    assert list(state.plant.nodes) == list(expected.state.plant.nodes)
    assert bool(state.plant.nodes) == (how != "a mistake")
    refused = [change for change in changes if isinstance(change, Answer) and change.refusals]
    assert bool(refused) == (how == "a mistake")
    assert checked == [2 if "batch" in how else 1]
    assert state.prepared is None, "what was prepared is taken, or let go"


@pytest.mark.parametrize("how", FIRST)
def test_a_plant_that_was_prepared_for_another_event_is_not_taken(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "LARGE", 5)
    correlator, expected = Correlator(LEDGER), Correlator(LEDGER)
    others = EventBatch(1, NOW, (TopologyLoaded("e", tuple(Node(id=str(n), type="site") for n in range(9))),))
    make = correlator.preparing(others)
    assert make is not None
    make()
    batch = EventBatch(2, NOW, (FIRST[how],))
    assert fold_batch(correlator, batch) == fold_batch(expected, batch)
    assert correlator.state.save() == expected.state.save()


def test_no_plant_is_checked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*arguments: Any) -> list[Any]:
        calls.append(len(arguments[1]))
        return check.mistakes(*arguments)

    for module in (prepared, topology_changes):
        monkeypatch.setattr(module, "mistakes", counted)
    monkeypatch.setattr(prepared, "LARGE", 5)
    correlator = Correlator(LEDGER)
    batch = EventBatch(1, NOW, (FIRST["a request"],))
    make = correlator.preparing(batch)
    assert make is not None
    make()
    fold_batch(correlator, batch)
    assert correlator.state.plant.nodes
    assert calls == [len(NODES)]
