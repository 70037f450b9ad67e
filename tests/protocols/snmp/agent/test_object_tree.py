"""The order of an agent's objects, against sorting all OIDs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.snmp import ber
from protocols.snmp.agent.object_tree import NO_SUCH_OBJECT_ELEMENT, SCALAR, ObjectTree, ObjectType, RowIndexes
from protocols.snmp.manager.value import NO_SUCH_INSTANCE_ELEMENT, decode_index, encode_index
from protocols.snmp.oid import encode_oid, read_subids

Subids = tuple[int, ...]
SUBID = st.one_of(st.integers(0, 3), st.sampled_from((127, 128, 16_383, 16_384, 2**32 - 1)))
INDEX = st.lists(SUBID, min_size=1, max_size=3).map(tuple)
PREFIXES = [(1, 3, number, column) for number in (1, 127, 128, 20_000) for column in (1, 2, 128)]
TABLES = st.dictionaries(st.sampled_from(PREFIXES), st.sets(INDEX, min_size=1, max_size=6), min_size=1)


def tree_of(tables: dict[Subids, set[Subids]]) -> ObjectTree[str]:
    return ObjectTree(
        ObjectType(".".join(map(str, prefix)), lambda subject, row: ber.integer(row), RowIndexes(rows))
        for prefix, rows in tables.items()
    )


def octets(subids: Subids) -> bytes:
    return encode_oid(".".join(map(str, subids)))


@given(
    TABLES,
    st.one_of(INDEX, st.sampled_from(PREFIXES), st.tuples(st.sampled_from(PREFIXES), INDEX).map(lambda two: two[0] + two[1])),
)
def test_what_follows_an_oid_is_the_next_of_all(tables: dict[Subids, set[Subids]], asked: Subids) -> None:
    tree = tree_of(tables)
    instances = sorted(prefix + index for prefix, rows in tables.items() for index in rows)
    asked = (1, 3, *asked) if asked[:2] != (1, 3) else asked
    place = tree.first_after(octets(asked))
    later = [each for each in instances if each > asked]
    assert (tree.name_of(*place) if place else None) == (octets(later[0]) if later else None)
    walked = []
    while place is not None:
        walked.append(tuple(read_subids(tree.name_of(*place))[0]))
        place = tree.following(*place)
    assert walked == later


@given(TABLES)
def test_a_value_is_found_by_its_name_alone(tables: dict[Subids, set[Subids]]) -> None:
    tree = tree_of(tables)
    for prefix, rows in tables.items():
        for number, index in enumerate(sorted(rows)):
            assert tree.value("", octets(prefix + index)) == ber.integer(number)
        assert tree.value("", octets((*prefix, 9, 9, 9, 9))) == NO_SUCH_INSTANCE_ELEMENT
    assert tree.value("", octets((1, 3, 9, 9))) == NO_SUCH_OBJECT_ELEMENT


@given(INDEX)
def test_an_index_reads_back(index: Subids) -> None:
    assert decode_index(encode_index(index)) == index


def test_objects_that_cannot_stand_together() -> None:
    above, below = (ObjectType[str](oid, lambda _subject, _row: b"", SCALAR) for oid in ("1.3.1", "1.3.1.2"))
    with pytest.raises(ValueError, match=r"1\.3\.1\.2 stands below object 1\.3\.1"):
        ObjectTree((below, above))
    with pytest.raises(ValueError, match="two rows"):
        RowIndexes(((1,), (1,)))
