"""What is kept of an area from look to look is what asking all of its ONTs would say."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from outages import Olt, onts, plant

from actors.correlator import strategies
from actors.correlator.state import State
from actors.correlator.strategy import Strategy
from protocols.event import TopologyChanged

NODES = tuple(plant(ports=2))
PLACES = [*onts(0, [0, 1]), *onts(1, [0, 1]), *onts(0, [2])]

Step = tuple[str, int, str]
steps = st.lists(
    st.tuples(
        st.sampled_from(("gasp", "gasp", "gasp", "los", "back", "back", "wait", "move")),
        st.integers(0, len(PLACES) - 1),
        st.sampled_from(("north", "south", "")),
    ),
    max_size=60,
)


def play(world: Any, story: list[Step], interrupt: Any) -> bytes:
    world.__init__()
    olt = Olt(world, NODES)
    olt.says("ont.dying_gasp", *PLACES[:24])
    for number, (what, where, area) in enumerate(story):
        interrupt(world, number)
        place = PLACES[where]
        if what == "gasp":
            olt.says("ont.dying_gasp", place)
        elif what == "los":
            olt.says("ont.los", place)
        elif what == "back":
            for alarm in [a for a in world.alarms if a.resource_id == place and not a.cleared_at]:
                olt.says_over(alarm.alarm_type, place)
        elif what == "move":
            node = world.state.plant.nodes[place]
            world.at(olt.seconds)(TopologyChanged(puts=(replace(node, area=area),), by="ops"))
        else:
            olt.waits(1)
    olt.waits(6)
    octets: bytes = world.state.save()
    return octets


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps)
def test_it_decides_as_if_nothing_were_kept(make_world: Any, story: list[Step]) -> None:
    kept = play(make_world(), story, lambda _world, _number: None)

    def forget(world: Any, _number: int) -> None:
        world.state.derived.clear()

    def reload(world: Any, number: int) -> None:
        if number % 7 == 3:
            world.state = State.load(world.state.save())

    assert play(make_world(), story, forget) == kept
    assert play(make_world(), story, reload) == kept


def test_what_a_strategy_that_failed_kept_from_it_is_asked_for(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    north = [ont for port in (0, 1) for ont in onts(port, [0, 1])]
    olt = Olt(world, NODES)
    olt.says("ont.dying_gasp", *north[:2])
    olt.waits(5)

    def fails(_draft: Any, _before: Any, alarm: Any) -> None:
        if alarm.resource_id in north[2:31]:
            raise ValueError("odd")

    with monkeypatch.context() as patched:
        patched.setattr("actors.correlator.ponder.STRATEGIES", (Strategy("odd", fails), *strategies.STRATEGIES))
        olt.says("ont.dying_gasp", *north[2:31])
    olt.says("ont.dying_gasp", north[31])
    olt.waits(5)
    (outage,) = (alarm for key, alarm in olt.concluded().items() if key == "power.outage area:north")
    assert outage.metadata["gasped"] == 32
