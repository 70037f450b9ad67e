"""Raising and clearing on a Draft: more than one thing in one Event, and memories that stay bounded."""

from datetime import UTC, datetime
from itertools import count

import pytest

from actors.correlator import problems
from actors.correlator.draft import Draft
from actors.correlator.problems import Problem, Report, clear_problems, raise_problem, remember
from actors.correlator.state import State
from protocols.alarm import Identity

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
REPORT = Report(received=NOW, reporter="device:olt-1", source="10.0.0.1")
PROBLEM = Problem(
    identity=Identity("t", "olt-1", "x"), severity="major", source="network_device", resource_type="olt", title="x"
)
offsets = count(1)


@pytest.fixture
def state() -> State:
    return State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")


def draft_of(state: State) -> Draft:
    return Draft(state, next(offsets), NOW)


def clear(draft: Draft) -> int:
    return len(clear_problems(draft, "t", "olt-1", ("x",), "*", REPORT, "over"))


def test_what_one_event_raises_it_can_also_repeat_and_clear(state: State) -> None:
    draft = draft_of(state)
    raise_problem(draft, PROBLEM, REPORT)
    raise_problem(draft, PROBLEM, REPORT)
    assert clear(draft) == 1
    draft.commit()
    (alarm,) = state.alarms.values()
    assert (alarm.status, alarm.occurrence_count) == ("cleared", 2)


def test_what_one_event_reopens_it_can_also_clear(state: State) -> None:
    first = draft_of(state)
    raise_problem(first, PROBLEM, REPORT)
    clear(first)
    first.commit()
    second = draft_of(state)
    raise_problem(second, PROBLEM, REPORT)
    assert clear(second) == 1
    second.commit()
    assert [alarm.status for alarm in state.alarms.values()] == ["cleared"]
    assert state.open == {}


def test_what_one_event_clears_is_cleared_once(state: State) -> None:
    first = draft_of(state)
    raise_problem(first, PROBLEM, REPORT)
    first.commit()
    second = draft_of(state)
    assert (clear(second), clear(second)) == (1, 0)


def test_a_memory_is_bounded_and_lets_go_of_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "MAX_MEMORIES", 200)
    memory: dict[int, int] = {}
    for key in range(200):
        remember(memory, key, key)
    remember(memory, 0, 1)
    assert len(memory) == 200
    remember(memory, 200, 200)
    assert len(memory) == 199, "a hundredth at a time: one by one, each removal walks over those before it"
    assert list(memory)[-2:] == [0, 200]
    assert 1 not in memory
