"""The table of instances against plain dicts: places, order, removal, and what a rollback leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from actors.journal import Journal
from actors.sla_clock.instance_table import InstanceTable, places_of
from actors.sla_clock.place_index import PlaceIndex
from protocols.sla.instance import SlaInstance

NAMES = ("a", "b", "c", "d", "e")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def contract(number: int, name: str = "a", resources: tuple[str, ...] = ("a",)) -> SlaInstance:
    return SlaInstance(
        id=f"SI{10 + number // 3}" + (f".{number % 3}" if number % 3 else ""),
        tenant_id="t",
        definition_id=f"SD{len(name)}",
        customer_id=f"c-{name}",
        service_id=name,
        resources=resources,
        start=0,
        created_at=AT,
        created_by="ada",
        updated_at=AT,
        updated_by="ada",
    )


class Model:
    """The same as plainly as can be."""

    def __init__(self) -> None:
        self.table = InstanceTable()
        self.known: dict[str, SlaInstance] = {}

    def check(self) -> None:
        assert list(self.table) == list(self.known.values())
        assert len(self.table) == len(self.known)
        places = {place for each in self.known.values() for place in places_of(each)} | set(NAMES)
        for place in places:
            expected = [each for each in self.known.values() if place in places_of(each)]
            assert self.table.at(place) == tuple(each.id for each in expected)
            assert self.table.count(place) == len(expected)
            assert self.table.found_at(place) == expected
            for after in ("", *self.known):
                behind = expected[sum(_age(each.id) <= _age(after) for each in expected) if after else 0 :]
                assert self.table.behind(after, 2, place) == behind[:2]
        decoded = [msgspec.msgpack.decode(each, type=SlaInstance) for each in self.table.packed()]
        assert decoded == list(self.known.values())


def _age(instance_id: str) -> tuple[int, int]:
    offset, _, number = instance_id[2:].partition(".")
    return int(offset), int(number or 0)


steps = st.lists(
    st.tuples(
        st.sampled_from(("add", "edit", "remove")),
        st.integers(0, 30),
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
        st.booleans(),
    ),
    max_size=25,
)


@contextmanager
def small_index(bits: int) -> Iterator[None]:
    """An index with so few hashes that places share one, and with short chunks."""
    init = PlaceIndex.__init__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlaceIndex, "__init__", lambda self, *asked: init(self, asked[0], asked[1], bits))
        patch.setattr("actors.sla_clock.place_index._CHUNK", 4)
        yield


@given(steps=steps, bits=st.sampled_from((36, 1, 0)))
def test_the_table_is_that_of_plain_dicts_whatever_is_taken_back(
    steps: list[tuple[str, int, str, tuple[str, ...], bool]], bits: int
) -> None:
    with small_index(bits):
        _compare(steps)


def _compare(steps: list[tuple[str, int, str, tuple[str, ...], bool]]) -> None:
    model, made = Model(), 0
    for what, number, name, resources, taken_back in steps:
        journal, before = Journal(), dict(model.known)
        if what == "add":
            instance = contract(made, name, resources)
            made += not taken_back
            model.table.put(journal, instance)
            model.known[instance.id] = instance
        elif model.known:
            instance = list(model.known.values())[number % len(model.known)]
            if what == "edit":
                other = replace(contract(0, name, resources), id=instance.id)
                model.table.put(journal, other)
                model.known[other.id] = other
            else:
                model.table.remove(journal, instance.id)
                del model.known[instance.id]
        if taken_back:
            journal.rollback()
            model.known = before
        model.check()


def test_a_place_of_thousands_is_read_slice_by_slice() -> None:
    table = InstanceTable()
    for number in range(5_000):
        table.put(Journal(), contract(number, f"s{number}", ("olt-1",)))
    found: list[str] = []
    while some := table.behind(found[-1] if found else "", 999, "olt-1"):
        found += [each.id for each in some]
    assert found == [contract(number).id for number in range(5_000)] == list(table.at("olt-1"))


@pytest.mark.parametrize("name", ["", "SI", "SI1", "SI010", "SI10.0", "SI10.00", "SD10", "10", "SI10.x", "SI9.16777216", "SI٣"])
def test_an_id_that_none_has_finds_nothing(name: str) -> None:
    table = InstanceTable()
    table.put(Journal(), contract(0))
    assert table.get(name) is None
    assert name not in table
    assert "SI10" in table


def test_values_are_those_of_the_moment_at_which_they_were_asked_for() -> None:
    table = InstanceTable()
    table.put(Journal(), contract(0))
    values, packed = table.values(), table.packed()
    table.put(Journal(), contract(1))
    table.put(Journal(), replace(contract(0), customer_name="other"))
    table.remove(Journal(), "SI10.1")
    assert list(values) == [contract(0)]
    assert len(packed) == 1
    assert [each.customer_name for each in table] == ["other"]


def test_an_older_instance_cannot_be_added() -> None:
    table = InstanceTable()
    table.put(Journal(), contract(3))
    with pytest.raises(ValueError, match="SI10 is older than SI11"):
        table.put(Journal(), contract(0))
