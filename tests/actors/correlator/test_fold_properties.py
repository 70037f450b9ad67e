"""Whatever comes, in whatever order: the fold never raises, never lies about its indexes, and a restart changes nothing."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.lives import LEDGER, events_and_jumps, indexes_are_right, timeline
from vocabulary.notifications import unmatched_requests

from actors.correlator.fold import fold
from actors.correlator.state import State
from protocols.change import Change, Quarantined
from protocols.event import Event

encode = msgspec.msgpack.Encoder().encode


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=30, deadline=None)
@given(events_and_jumps)
def test_what_is_being_saved_does_not_see_what_is_folded_meanwhile(steps: list[tuple[int, Event]]) -> None:
    state = State(LEDGER)
    taken = []
    for offset, now, event in timeline(steps):
        fold(state, offset, now, event)
        taken.append((state.saving(), state.save()))
    for pieces, then in taken:
        assert b"".join(pieces) == then


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=60, deadline=None)
@given(events_and_jumps, st.sets(st.integers(4, 40), max_size=4))
def test_a_restart_at_any_point_changes_nothing(steps: list[tuple[int, Event]], restarts: set[int]) -> None:
    straight, broken = State(LEDGER), State(LEDGER)
    for offset, now, event in timeline(steps):
        if offset in restarts:
            broken = State.load(broken.save())
        expected: list[Change] = fold(straight, offset, now, event)
        assert encode(fold(broken, offset, now, event)) == encode(expected)
        assert not any(isinstance(change, Quarantined) for change in expected), expected
        indexes_are_right(straight)
        assert not unmatched_requests(expected)
    assert broken.save() == straight.save()
    indexes_are_right(State.load(straight.save()))
