"""A strategy that fails is left out for that Event: the others go on, and an alarm names it."""

from typing import Any

import pytest
from vocabulary.world import World

from actors.correlator.strategies import order, run_strategies
from actors.correlator.strategies.strategy import Strategy
from protocols.change import AlarmChanged, NotificationRequested


def fails(_draft: Any, _before: Any, alarm: Any) -> None:
    if alarm.alarm_type == "device.down":
        raise ValueError("odd")


def use(monkeypatch: pytest.MonkeyPatch, *strategies: Strategy) -> None:
    monkeypatch.setattr(run_strategies, "STRATEGIES", strategies)


def failures(world: World) -> dict[str, str]:
    """The open ``correlation.failed`` alarms, by the strategy that failed."""
    return {
        alarm.qualifier: alarm.description
        for alarm in world.state.alarms.values()
        if alarm.alarm_type == run_strategies.FAILED and alarm.cleared_at is None
    }


def notes(name: str) -> Strategy:
    """A strategy that leaves a line with its name on every alarm that a device raised."""

    def touched(draft: Any, before: Any, alarm: Any) -> None:
        if before is None and alarm.source != "system":
            draft.put(draft.latest(alarm), "noted", f"faultd:{name}", name)

    return Strategy(name, touched)


def lines(world: World) -> list[str]:
    return [entry.text for change in world.all(AlarmChanged) for entry in change.entries if entry.action == "noted"]


def test_an_alarm_on_which_a_strategy_fails_is_told_and_so_is_the_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Strategy("odd", fails), *order.STRATEGIES)
    world.at(0).network("device.down")
    told = []
    for second in range(1, 40):
        world.at(second).tick()
        told += [world.state.alarms[each.alarm_id] for each in world.all(NotificationRequested)]
    names = [alarm.alarm_type for alarm in told]
    assert names.count("device.down") == 1
    assert "correlation.failed" in names
    assert {alarm.status for alarm in told} == {"active"}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_others_go_on_wherever_the_failing_one_stands(place: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    strategies = [notes("first"), notes("second")]
    strategies.insert(place, Strategy("odd", fails))
    use(monkeypatch, *strategies)
    world.at(0).network("device.down")
    assert lines(world) == ["first", "second"]
    assert list(failures(world)) == ["odd"]
    assert failures(world)["odd"].endswith("ValueError: odd")


def test_several_failing_strategies_are_each_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Strategy("odd", fails), notes("sound"), Strategy("odder", fails))
    world.at(0).network("device.down")
    assert lines(world) == ["sound"]
    assert sorted(failures(world)) == ["odd", "odder"]


def test_a_strategy_that_fails_on_the_alarm_of_the_failure_is_named_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_on_failures(_draft: Any, _before: Any, alarm: Any) -> None:
        if alarm.alarm_type == run_strategies.FAILED:
            raise KeyError(alarm.qualifier)

    use(monkeypatch, Strategy("odd", fails), Strategy("touchy", fails_on_failures))
    world.at(0).network("device.down")
    assert sorted(failures(world)) == ["odd", "touchy"]


def test_a_failing_strategy_is_asked_again_with_the_next_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fails_once(_draft: Any, _before: Any, alarm: Any) -> None:
        asked.append(alarm.alarm_type)
        if alarm.alarm_type == "device.down":
            raise ValueError("odd")

    use(monkeypatch, Strategy("odd", fails_once))
    world.at(0).network("device.down")
    world.at(1).network("service.outage")
    assert asked == ["device.down", "device.down", "service.outage"], "once more to see who it was, and then no more"


def test_a_timer_that_fails_is_named_and_does_not_come_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def sets_a_timer(draft: Any, _before: Any, alarm: Any) -> None:
        if alarm.alarm_type == "device.down":
            draft.wake("odd", alarm.id, draft.at)

    def due(_draft: Any, _subject: str) -> None:
        raise ValueError("late")

    use(monkeypatch, Strategy("odd", sets_a_timer), notes("sound"))
    monkeypatch.setitem(run_strategies._DUE, "odd", due)
    world.at(0).network("device.down")
    world.at(1).tick()
    assert list(failures(world)) == ["odd"]
    assert failures(world)["odd"].startswith("odd ")
    before = dict(failures(world))
    world.at(2).tick()
    assert failures(world) == before


def test_counting_repeats_may_fail_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def repeated(_draft: Any, _before: Any, _alarm: Any) -> None:
        raise ValueError("cannot count")

    seen: list[str] = []
    counts = Strategy("counts", lambda *_: None, None, repeated)
    watches = Strategy("watches", lambda *_: None, None, lambda _draft, _before, alarm: seen.append(alarm.alarm_type))
    use(monkeypatch, counts, watches)
    world.state.counts_repeats = True
    world.at(0).network("device.down")
    world.at(1).network("device.down")
    assert list(failures(world)) == ["counts"]
    assert seen[-1] == "device.down"
