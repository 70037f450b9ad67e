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
        st.integers(0, 4),
        st.one_of(st.none(), st.integers(1, 4)),
        st.booleans(),
    ),
    max_size=30,
)


@given(steps)
def test_what_is_due_comes_in_one_order(steps: list[tuple[str, DeadlineKind, int, int | None, bool]]) -> None:
    deadlines, known = Deadlines(), dict[tuple[DeadlineKind, str | int], int]()
    for what, kind, number, at, taken_back in steps:
        journal, before = Journal(), dict(known)
        name: str | int = number if kind == "instance" else "abcde"[number]
        if what == "set":
            if isinstance(name, int):
                deadlines.set_row(journal, name, at)
            else:
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
            saved, deadlines = deadlines, Deadlines()
            for each_kind, table in saved.due.items():
                deadlines.load(each_kind, table.items())
            for row, instant in saved.rows():
                deadlines.set_row(journal, row, instant)
            journal = Journal()
        if taken_back:
            journal.rollback()
            known = before
        due_now = {(kind, name): at for kind, table in deadlines.due.items() for name, at in table.items()}
        assert due_now | {("instance", row): at for row, at in deadlines.rows()} == known
        assert all(deadlines.of_row(row) == known.get(("instance", row)) for row in range(6))
        assert len(deadlines) == len(known)
        assert deadlines.first <= min(known.values(), default=NEVER)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_a_hundred_names_at_one_instant_come_in_slices(most: int) -> None:
    deadlines, journal = Deadlines(), Journal()
    for row in reversed(range(100)):
        deadlines.set_row(journal, row, 5)
    assert deadlines.take(journal, 4, most) == []
    found: list[int] = []
    while some := deadlines.take(journal, 5, most):
        found += [row for _, row, _ in some]
    assert found == list(range(100))
    assert deadlines.first == NEVER
