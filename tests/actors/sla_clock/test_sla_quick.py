"""A batch that concerns no instance is folded as a whole, and comes to the same state as its Events one by one."""

from typing import Any

import msgspec
import pytest
from vocabulary.sla import SlaWorld, plant
from vocabulary.world import ADMIN

from actors.guarded_stage import GuardedStage
from actors.stage import Stage, fold_batch
from protocols.change import Change
from protocols.command import Command, Raise
from protocols.event import Event, Tick
from protocols.ledger import EventBatch

DOWN: dict[str, Any] = {"tenant_id": "t", "severity": "major", "title": "down", "resource_type": "ont", "alarm_type": "ont.los"}


def batch_of(world: SlaWorld, *resources: str) -> EventBatch:
    """What the correlator makes of an outage of each resource, told as if by traps."""
    events: list[Event] = []
    changes: list[Change] = []
    for number, resource in enumerate(resources, world.offset + 1):
        made = world.stages.correlator.fold(number, world.now, Command(ADMIN, Raise(resource_id=resource, **DOWN)), ())
        changes += [change for change in made if type(change).__name__ == "AlarmChanged"]
        events.append(Tick())
    return EventBatch(world.offset + 1, world.now, events, changes)


def octets(stage: Stage) -> bytes:
    return b"".join(stage.saving())


@pytest.mark.parametrize(
    ("resources", "quick"),
    [
        ((), True),
        (("olt-1/1/2/1", "olt-1/1/2/2", "elsewhere"), True),
        (("olt-1/1/2/1", "olt-1/1/1/1"), False),
        (("svc-1",), False),
    ],
)
def test_a_batch_is_folded_as_a_whole_or_not_at_all(resources: tuple[str, ...], quick: bool) -> None:
    states = []
    for whole in (True, False):
        world = SlaWorld(nodes=plant())
        world.serve(world.define(), "svc-1")
        batch, stage = batch_of(world, *resources), world.stages.all[1]
        before = octets(stage)
        assert stage.folds_quickly(batch) is quick
        if not quick:
            assert octets(stage) == before
        if whole:
            changes = fold_batch(stage, batch)
        else:
            changes = [
                each
                for offset, event in enumerate(batch.events, batch.first)
                for own in [[change for change in batch.changes if change.offset == offset]]
                for each in (*own, *stage.fold(offset, batch.at, event, own))
            ]
        states.append((octets(stage), msgspec.msgpack.encode(changes)))
    assert states[0] == states[1]


def test_a_failure_of_the_quick_way_leaves_the_batch_to_the_slow_one() -> None:
    class Broken(Stage):
        name = "broken"
        folded = 0

        def load(self, octets: bytes) -> None: ...

        def folds_quickly(self, batch: EventBatch) -> bool:
            raise RuntimeError("a bug")

        def fold(self, *_: object) -> list[Change]:
            self.folded += 1
            return []

        def saving(self) -> list[bytes]:
            return []

    stage = Broken()
    world = SlaWorld()
    assert fold_batch(GuardedStage(stage), EventBatch(1, world.now, [Tick(), Tick()])) == []
    assert stage.folded == 2
