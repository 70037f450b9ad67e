"""A strategy that fails hides nothing from people."""

from typing import Any

import pytest
from vocabulary.world import World

from actors.correlator.strategies import order
from actors.correlator.strategies.strategy import Strategy
from protocols.change import NotificationRequested


def test_an_alarm_on_which_a_strategy_fails_is_told_and_so_is_the_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_draft: Any, _before: Any, alarm: Any) -> None:
        if alarm.alarm_type == "device.down":
            raise ValueError("odd")

    monkeypatch.setattr("actors.correlator.strategies.run_strategies.STRATEGIES", (Strategy("odd", fails), *order.STRATEGIES))
    world.at(0).network("device.down")
    told = []
    for second in range(1, 40):
        world.at(second).tick()
        told += [world.state.alarms[each.alarm_id] for each in world.all(NotificationRequested)]
    names = [alarm.alarm_type for alarm in told]
    assert names.count("device.down") == 1
    assert "correlation.failed" in names
    assert {alarm.status for alarm in told} == {"active"}
