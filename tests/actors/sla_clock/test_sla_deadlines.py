"""Deadlines against a plain table: the earliest first, in one order whatever came before, and what a rollback leaves."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from actors.journal import Journal
from actors.sla_clock.deadlines import NEVER, DeadlineKind, Deadlines

steps = st.lists(
    st.tuples(
        st.sampled_from(("set", "set", "set", "take", "save")),
        st.sampled_from(("instance", "period")),
        st.sampled_from("abcde"),
        st.one_of(st.none(), st.integers(1, 4)),
        st.booleans(),
    ),
    max_size=30,
)


@given(steps)
def test_what_is_due_comes_in_one_order(steps: list[tuple[str, DeadlineKind, str, int | None, bool]]) -> None:
    deadlines, known = Deadlines(), dict[tuple[DeadlineKind, str], int]()
    for what, kind, name, at, taken_back in steps:
        journal, before = Journal(), dict(known)
        if what == "set":
            deadlines.set(journal, kind, name, at)
            known.pop((kind, name), None)
            if at is not None:
                known[kind, name] = at
        elif what == "take":
            now, most = at or 0, 2
            due = sorted((instant, *subject) for subject, instant in known.items() if instant <= now)[:most]
            assert deadlines.take(journal, now, most) == [(each[1], each[2], each[0]) for each in due]
            for each in due:
                del known[each[1], each[2]]
        else:
            saved, deadlines = deadlines.due, Deadlines()
            for each_kind, table in saved.items():
                deadlines.load(each_kind, table.items())
        if taken_back:
            journal.rollback()
            known = before
        assert {(kind, name): at for kind, table in deadlines.due.items() for name, at in table.items()} == known
        assert len(deadlines) == len(known)
        assert deadlines.first <= min(known.values(), default=NEVER)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_a_hundred_names_at_one_instant_come_in_slices(most: int) -> None:
    deadlines, journal = Deadlines(), Journal()
    names = [f"SI{number}" for number in range(100)]
    for name in reversed(names):
        deadlines.set(journal, "instance", name, 5)
    assert deadlines.take(journal, 4, most) == []
    found: list[str] = []
    while some := deadlines.take(journal, 5, most):
        found += [name for _, name, _ in some]
    assert found == sorted(names)
    assert deadlines.first == NEVER
