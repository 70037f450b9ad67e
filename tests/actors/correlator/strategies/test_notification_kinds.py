"""What people need not know when its hold is over is not told."""

from typing import Any

from actors.correlator.settings import CorrelatorSettings
from protocols.change import NotificationRequested
from protocols.command import Acknowledge, Edit, Edited, Unacknowledge


def test_an_alarm_that_has_become_unimportant_meanwhile_is_not_told_until_it_matters(make_world: Any) -> None:
    world = make_world(CorrelatorSettings(hold_critical_seconds=30))
    world.at(0).network("device.down")
    world.at(1).command(Edit(fields=Edited(severity="warning")), world.alarm.id)
    world.at(100).tick()
    assert world.all(NotificationRequested) == []
    world.at(101).command(Edit(fields=Edited(severity="major")), world.alarm.id)
    world.at(140).tick()
    assert world.only(NotificationRequested).kind == "raised"


def test_what_was_acknowledged_in_time_and_given_back_is_told(make_world: Any) -> None:
    world = make_world(CorrelatorSettings(hold_critical_seconds=5))
    world.at(0).network("device.down")
    world.at(2).command(Acknowledge(), world.alarm.id)
    world.at(10).tick()
    assert world.all(NotificationRequested) == []
    world.at(60).command(Unacknowledge(), world.alarm.id)
    world.at(66).tick()
    assert world.only(NotificationRequested).kind == "raised"
