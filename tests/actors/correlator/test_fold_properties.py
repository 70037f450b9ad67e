"""Whatever comes, in whatever order: the fold never raises, never lies about its indexes, and a restart changes nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.lives import events_and_jumps, indexes_are_right, timeline
from vocabulary.notifications import unmatched_requests
from vocabulary.recovery import RestartedWorld
from vocabulary.world import World

from actors.correlator.state import State
from protocols.event import Event


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=30, deadline=None)
@given(events_and_jumps)
def test_what_is_being_saved_does_not_see_what_is_folded_meanwhile(steps: list[tuple[int, Event]]) -> None:
    world = World()
    taken = []
    for _, now, event in timeline(steps):
        world.now = now
        world(event)
        taken.append((world.state.saving(), world.state.save()))
    for pieces, then in taken:
        assert b"".join(pieces) == then


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=60, deadline=None)
@given(events_and_jumps, st.sets(st.integers(4, 40), max_size=4))
def test_a_restart_at_any_point_changes_nothing(steps: list[tuple[int, Event]], restarts: set[int]) -> None:
    world = RestartedWorld()
    for offset, now, event in timeline(steps):
        if offset in restarts:
            world.restart()
        world.now = now
        world(event)
        indexes_are_right(world.state)
        assert not unmatched_requests(world.changes)
    world.check_states()
    indexes_are_right(State.load(world.state.save()))
