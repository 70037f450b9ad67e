"""Where a profile's varbinds are: as by looking through all of them, whatever came before."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.correlator.profiles import layout
from actors.correlator.profiles.layout import MANY, Columns, Layouts

Readers = Sequence[tuple[str, ...]]


def looked_through(readers: Readers, oids: Sequence[str]) -> list[int]:
    """The first varbind that bears one of a reader's OIDs, with or without an instance; of many varbinds a scalar first."""
    found = []
    for names in readers:
        bearing = [at for at, oid in enumerate(oids) if any(oid == name or oid.startswith(f"{name}.") for name in names)]
        scalars = [at for at in bearing if oids[at] in (names[0], f"{names[0]}.0")]
        if len(oids) > MANY and len(names) == 1 and scalars:
            bearing = scalars
        found.append(bearing[0] if bearing else -1)
    return found


ARCS = st.lists(st.sampled_from(["0", "1", "2", "10", "12"]), min_size=1, max_size=4).map(".".join)
ODD = st.sampled_from(["", ".", "1.", "1..2", ".1", "1.2.x", "\U0010ffff"])
TRAPS = st.lists(st.lists(st.one_of(ARCS, ARCS, ARCS, ODD), max_size=MANY + 4), min_size=1, max_size=6)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(ARCS, min_size=1, max_size=3).map(tuple), max_size=6), TRAPS)
def test_as_by_looking_through_all(readers: list[tuple[str, ...]], traps: list[list[str]]) -> None:
    layouts = Layouts(Columns(readers))
    for oids in traps * 2:
        assert list(layouts.places(tuple(oids))) == looked_through(readers, oids)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(ARCS, min_size=1, max_size=2).map(tuple), max_size=4), st.lists(ARCS, min_size=1, max_size=3), st.data()
)
def test_other_instances_of_the_same_columns(readers: list[tuple[str, ...]], columns: list[str], data: st.DataObject) -> None:
    layouts = Layouts(Columns(readers))
    instance = st.sampled_from(["", ".0", ".1", ".7", ".10.2", ".1.2", ".12345"])
    for _ in range(5):
        oids = [column + data.draw(instance) for column in columns]
        assert list(layouts.places(tuple(oids))) == looked_through(readers, oids)


READERS = [("1.3.1",), ("1.3.2",), ("1.4",)]


def test_one_layout_serves_all_instances() -> None:
    layouts = Layouts(Columns(READERS))
    for instance in range(100):
        assert list(layouts.places((f"1.3.2.{instance}", f"1.3.1.{instance}.0", f"9.{instance}"))) == [1, 0, -1]
    assert len(layouts._known) == 1


def test_what_is_kept_is_bounded() -> None:
    layouts = Layouts(Columns(READERS))
    for number in range(100):
        layouts.places((f"1.3.1.{number}",) * (number % 20))
    assert len(layouts._known) == layout.REMEMBERED
    for kept in layouts._known:
        assert all(len(begin) <= len("1.3.1.") for begin in kept.begins)
    layouts = Layouts(Columns(READERS))
    layouts.places(("1.3.1.0",) * (layout.LONGEST + 1))
    assert not layouts._known


@pytest.mark.parametrize("later", [["1.3.10.1"], ["1.3"], ["1.3.1"], ["1.3.1.1", "1.4.1"], []])
def test_another_layout_is_told_apart(later: list[str]) -> None:
    layouts = Layouts(Columns(READERS))
    assert list(layouts.places(("1.3.1.1",))) == [0, -1, -1]
    assert list(layouts.places(tuple(later))) == looked_through(READERS, later)
