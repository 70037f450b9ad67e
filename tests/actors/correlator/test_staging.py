"""Staged changes: read back at once, written on commit, without a trace when they are dropped."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.correlator import staging
from actors.correlator.staging import Staging
from actors.correlator.state import State

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def state() -> State:
    return State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")


keys = st.sampled_from("abcd")
operations = st.lists(st.tuples(st.sampled_from(["set", "drop", "remember"]), keys, st.integers(1, 9)))


@given(before=st.dictionaries(keys, st.integers(1, 9)), steps=operations)
def test_it_reads_as_what_it_will_write(before: dict[str, int], steps: list[tuple[str, str, int]]) -> None:
    table, model = dict(before), dict(before)
    staged = Staging(State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11"))
    for what, key, value in steps:
        if what == "drop":
            staged.drop(table, key)
            model.pop(key, None)
        else:
            (staged.set if what == "set" else staged.remember)(table, key, value)
            model[key] = value
        assert [staged.read(table, each) for each in "abcd"] == [model.get(each) for each in "abcd"]
        assert all(model[each] == value for each, value in staged.staged(table).items())
        assert table == before
    staged.write()
    assert table == model


def test_a_value_that_is_changed_is_the_callers_own(state: State) -> None:
    table = {"a": [1]}
    staged = Staging(state)
    mine = staged.own(table, "a", list)
    assert mine is not None
    mine.append(2)
    assert staged.own(table, "a", list) is mine
    assert staged.own(table, "b", list) is None
    assert table == {"a": [1]}
    staged.write()
    assert table == {"a": [1, 2]}
    dropped = Staging(state)
    dropped.drop(table, "a")
    assert dropped.own(table, "a", list) is None


def test_a_table_inside_another_comes_with_its_first_entry_and_goes_with_its_last(state: State) -> None:
    outer: dict[str, dict[str, dict[str, int]]] = {}
    first = Staging(state)
    first.set(first.inner(first.inner(outer, "a"), "x"), "k", 1)
    first.drop(first.inner(first.inner(outer, "b"), "y"), "k")
    assert outer == {}
    first.write()
    assert outer == {"a": {"x": {"k": 1}}}
    second = Staging(state)
    inside = second.inner(second.inner(outer, "a"), "x")
    second.drop(inside, "k")
    assert second.staged(inside) == {}
    second.write()
    assert outer == {}


def test_a_short_memory_is_in_order_and_bounded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MAX_MEMORIES", 200)
    memory = dict.fromkeys(range(200), 0)
    again = Staging(state)
    again.remember(memory, 0, 1)
    again.write()
    assert len(memory) == 200
    more = Staging(state)
    more.remember(memory, 200, 1)
    more.write()
    assert len(memory) == 199, "a hundredth at a time: one by one, each removal walks over those before it"
    assert list(memory)[-2:] == [0, 200]
    assert 1 not in memory


def test_timers_acts_and_counts_wait_for_the_commit_as_well(state: State) -> None:
    staged = Staging(state)
    staged.wake("rules", "a", NOW + timedelta(seconds=9))
    staged.wake("rules", "a", NOW)
    staged.wake("rules", "b", NOW)
    staged.no_wake("rules", "b")
    staged.note("unknown")
    done: list[int] = []
    staged.on_commit(done.append, 1)
    staged.on_commit(done.append, 2)
    assert (len(state.timers), done, state.tally) == (0, [], {})
    staged.write()
    assert state.timers.entries() == [(NOW, "rules", "a")]
    assert (done, state.tally) == ([1, 2], {"unknown": 1})
