"""What is said to tell nothing about a port: a look at it would have changed nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from vocabulary.outage_stories import Step, play, steps
from vocabulary.outages import Olt, onts
from vocabulary.world import World

from actors.correlator.draft import Draft
from actors.correlator.pon import port, strategy
from actors.correlator.pon.memory import Concluded, PonMemory
from actors.correlator.pon.relevance import is_irrelevant

LEG = onts(0, [1])
BEHIND_THE_CARD: list[Step] = [
    *[("gasp", 0, "north")] * 2,
    *[(what, 0, "north") for what in ("legback", "card", "leg", "long", "card")],
    *[(what, 1, "north") for what in ("move", "back")],
    ("gasp", 0, "north"),
]
"""An outage is withdrawn while the card is gone; once it is back, what is out still has to be explained."""


def would_change(world: World, subject: str) -> list[Any]:
    """What a look at the port would put into alarms now."""
    draft = Draft(world.state, world.state.offset + 1, world.state.at)
    port.look(draft, world.state.memory(PonMemory), subject)
    return draft.touched()


@pytest.mark.interpreted
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps)
@example(story=BEHIND_THE_CARD)
def test_a_look_at_it_would_change_nothing(make_world: Any, story: list[Step]) -> None:
    passed: list[str] = []

    def noting(draft: Draft, memory: PonMemory, subject: str, alarm: Any) -> bool:
        nothing = is_irrelevant(draft, memory, subject, alarm)
        if nothing:
            passed.append(subject)
        return nothing

    def look(world: World, _number: int) -> None:
        memory = world.state.memory(PonMemory)
        for each in dict.fromkeys(passed):
            if each not in memory.first and not world.state.timers.first <= world.state.at:
                assert would_change(world, each) == []
        passed.clear()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(strategy, "is_irrelevant", noting)
        play(make_world(), story, look)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ports that were looked at."""
    found: list[str] = []
    real: Callable[..., Any] = port.look

    def look(draft: Draft, memory: PonMemory, subject: str) -> Any:
        found.append(subject)
        return real(draft, memory, subject)

    monkeypatch.setattr(port, "look", look)
    return found


@pytest.mark.interpreted
def test_one_after_the_other_comes_back_and_only_the_first_and_the_last_but_one_are_looked_at(
    world: World, looked: list[str]
) -> None:
    olt = Olt(world)
    olt.reports("ont.los", *LEG)
    olt.waits(5)
    (cut,) = olt.concluded().values()
    looked.clear()
    olt.clears("ont.los", LEG[0])
    olt.waits(2)
    assert looked == ["olt/1/0"]
    for ont in LEG[1:6]:
        olt.clears("ont.los", ont)
        olt.waits(2)
    assert looked == ["olt/1/0"]
    assert next(iter(olt.concluded().values())).id == cut.id
    olt.clears("ont.los", LEG[6])
    olt.waits(2)
    assert len(looked) == 2
    assert not olt.concluded()


def test_what_comes_back_where_nothing_was_concluded_is_not_looked_at(world: World, looked: list[str]) -> None:
    olt = Olt(world)
    olt.reports("ont.los", LEG[0])
    olt.waits(3)
    looked.clear()
    olt.clears("ont.los", LEG[0])
    olt.waits(3)
    assert looked == []


def test_what_decides_about_a_cause() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)

    def decided(seconds: float, **fields: Any) -> bool:
        cause = Concluded(**{"kind": "cut", "place": "p", "ports": ["p"], "members": [], "since": since, **fields})
        return cause.decided(since + timedelta(seconds=seconds))

    assert not decided(60)
    assert decided(121)
    assert decided(60, ports=["p", "q"])
    assert decided(60, kind="card")
    assert decided(60, returning=since + timedelta(seconds=20))
    assert not decided(100, returning=since + timedelta(seconds=20))
    assert decided(100, returning=since + timedelta(seconds=20), told_back=1)
    assert not decided(1_000, kind="rogue")
    assert not decided(1_000, kind="degraded")
