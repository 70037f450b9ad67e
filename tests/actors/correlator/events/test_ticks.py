"""What a tick does, and how much of it at once."""

from datetime import timedelta

import msgspec
import pytest
from vocabulary.world import World

from actors.correlator.events import ticks
from actors.correlator.saved import ReportMark
from protocols.alarm import Identity
from protocols.change import AlarmChanged, AlarmForgotten
from protocols.command import Shelve


def test_many_shelves_that_end_together_end_over_several_ticks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "AT_MOST", 2)
    for number in range(3):
        world.at(0).network("device.down", f"olt-{number}")
    for number, alarm in enumerate(world.alarms):
        world.at(0).command(Shelve(world.now + timedelta(seconds=60 - number)), alarm.id)
    world.at(100).tick()
    assert [change.alarm.resource_id for change in world.all(AlarmChanged)] == ["olt-2", "olt-1"]
    world.at(101).tick()
    assert [change.alarm.resource_id for change in world.all(AlarmChanged)] == ["olt-0"]


def test_much_history_is_let_go_of_over_several_ticks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "AT_MOST", 2)
    for number in range(3):
        world.at(number).network("device.down", f"olt-{number}")
        world.at(number).network("device.up", f"olt-{number}")
    world.at(90_000).tick()
    assert len(world.all(AlarmForgotten)) == 2
    world.at(90_001).tick()
    assert len(world.all(AlarmForgotten)) == 1
    state = world.state
    assert [state.alarms, state.names, state.current, state.cleared, state.marks, state.open] == [{}] * 6


def test_history_beyond_its_bound_goes_faster_the_more_there_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "AT_MOST", 2)
    world.state.use_settings(msgspec.structs.replace(world.state.settings, keep_cleared_max=10))
    world.at(0)
    most = 0
    for round in range(60):
        for number in range(8):
            world.network("device.down", f"olt-{round}-{number}")
            world.network("device.up", f"olt-{round}-{number}")
        world.tick()
        most = max(most, len(world.state.cleared))
    assert most <= 10 + 8 * 9, "8 come for each tick, and an eighth of the surplus goes"


def test_memories_fade_and_younger_ones_stay(world: World) -> None:
    state = world.state
    settings = state.settings
    world.at(0)
    old = world.now
    world.at(settings.inform_window_seconds)
    state.informs.update(old=old - timedelta(seconds=1), edge=old, young=world.now)
    old_key, young_key = (Identity("t", "olt-1", name, "") for name in ("old", "young"))
    mark = ReportMark("10.0.0.1", None, None, old, "major")
    state.ended.update({old_key: (world.now - timedelta(seconds=121), mark), young_key: (world.now, mark)})
    world.tick()
    assert list(state.informs) == ["edge", "young"]
    assert list(state.ended) == [young_key]
