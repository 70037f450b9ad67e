"""What is kept of ports, areas and causes from look to look is what asking all of their ONTs would say."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from vocabulary.outage_stories import NODES, Step, play, steps
from vocabulary.outages import Olt, onts
from vocabulary.world import World

from actors.correlator.strategies import order
from actors.correlator.strategies.strategy import Strategy


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps)
def test_it_decides_as_if_nothing_were_kept(make_world: Any, story: list[Step]) -> None:
    kept = play(make_world(), story, lambda _world, _number: None)

    def forget(world: World, _number: int) -> None:
        world.state.forget_views()

    def reload(world: World, number: int) -> None:
        if number % 7 == 3:
            world.restart()

    assert play(make_world(), story, forget) == kept
    assert play(make_world(), story, reload) == kept


def test_what_a_strategy_that_failed_kept_from_it_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    north = [ont for port in (0, 1) for ont in onts(port, [0, 1])]
    olt = Olt(world, NODES)
    olt.reports("ont.dying_gasp", *north[:2])
    olt.waits(1)

    def fails(_draft: Any, _before: Any, alarm: Any) -> None:
        if alarm.resource_id in north[2:31]:
            raise ValueError("odd")

    with monkeypatch.context() as patched:
        patched.setattr("actors.correlator.strategies.run_strategies.STRATEGIES", (Strategy("odd", fails), *order.STRATEGIES))
        olt.reports("ont.dying_gasp", *north[2:31])
    olt.reports("ont.dying_gasp", north[31])
    olt.waits(5)
    (outage,) = (alarm for key, alarm in olt.concluded().items() if key == "power.outage area:north")
    assert outage.metadata["gasped"] == 32
