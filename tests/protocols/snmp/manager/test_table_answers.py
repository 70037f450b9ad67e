"""Answers put into a table: the way for regular tables gives what the general one gives, whatever the agent sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.snmp.errors import SnmpRefusal, TooManyVarbinds
from protocols.snmp.manager.errors import OidNotIncreasing
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.manager.table import Table
from protocols.snmp.oid import encode_oid
from protocols.snmp.pdu import RESPONSE

COLUMNS = [encode_oid(f"1.3.6.1.4.1.9.1.{column}") for column in (1, 2, 3)]
BEHIND = encode_oid("1.3.6.1.4.1.9.2.0")
# Sub-identifiers of one, two and three octets, in the order of their numbers.
INDEXES = [encode_oid(f"1.3.{number}.{ont}")[1:] for number in (1, 127, 128, 255, 16_383, 16_384) for ont in range(4)]
HOLES = st.sets(st.tuples(st.integers(0, 2), st.integers(0, len(INDEXES) - 1)), max_size=3)


def binding(name: bytes, value: bytes) -> bytes:
    return bytes((0x30, len(name) + len(value) + 2, 0x06, len(name))) + name + value


def response(bindings: list[bytes]) -> ResponsePdu:
    content = b"".join(bindings)
    return ResponsePdu(RESPONSE, 1, 0, 0, b"head" + content + b"tail", 4, 4 + len(content))


def names_of(column: int, missing: set[tuple[int, int]]) -> list[bytes]:
    """The OIDs of a column's cells."""
    return [COLUMNS[column] + index for place, index in enumerate(INDEXES) if (column, place) not in missing]


def answer(asked: list[int], table: Table, missing: set[tuple[int, int]], bindings: int) -> ResponsePdu:
    """The answer of an agent with all cells but the ``missing`` ones to a GETBULK for what follows the columns' last cells."""
    names = [name for column in range(3) for name in names_of(column, missing)]
    places = []
    for column in asked:
        last = table.last[column]
        places.append(names.index(last) + 1 if last in names else sum(len(names_of(other, missing)) for other in range(column)))
    found = []
    for number in range(bindings):
        turn = number % len(asked)
        ended = places[turn] >= len(names)
        value = b"\x82\x00" if ended else b"\x02\x01" + bytes((number,))
        found.append(binding(BEHIND if ended else names[places[turn]], value))
        places[turn] += 1
    return response(found)


def outcome(table: Table, asked: list[int], given: ResponsePdu, most: int, *, regular: bool) -> type[Exception] | None:
    try:
        if regular:
            table.take(asked, given, most)
        else:
            table.add(asked, split_varbinds(given, most), given.end - given.start)
    except (OidNotIncreasing, SnmpRefusal) as error:
        return type(error)
    return None


def shown(table: Table) -> tuple[object, ...]:
    return table.rows, table.last, table.ended, table.varbinds, table.octets


@given(HOLES, st.lists(st.integers(1, 20), min_size=1, max_size=40))
def test_a_walk_over_any_table_gives_the_same_either_way(missing: set[tuple[int, int]], sizes: list[int]) -> None:
    quick, slow = Table(COLUMNS), Table(COLUMNS)
    for size in sizes:
        asked = [column for column in range(3) if not slow.ended[column]]
        if not asked:
            break
        given = answer(asked, slow, missing, size)
        assert outcome(quick, asked, given, size, regular=True) is None
        assert outcome(slow, asked, given, size, regular=False) is None
        assert shown(quick) == shown(slow)


CELLS = st.tuples(
    st.sampled_from([*COLUMNS, BEHIND, b""]),
    st.sampled_from([*INDEXES, b"", b"\x81", b"\x80\x01"]),
    st.sampled_from([b"\x02\x01\x07", b"\x82\x00", b"\x04\x00", b"\x02\x05\x07"]),
)


@given(st.lists(st.lists(CELLS, max_size=12), min_size=1, max_size=4), st.integers(1, 12))
def test_whatever_an_agent_sends_the_rows_are_right(answers: list[list[tuple[bytes, bytes, bytes]]], most: int) -> None:
    """Where the OIDs stop to increase, the quick way stops there; the general one goes on with the columns before."""
    quick, slow = Table(COLUMNS), Table(COLUMNS)
    for cells in answers:
        given = response([binding(column + index, value) for column, index, value in cells])
        first, second = (outcome(table, [0, 1, 2], given, most, regular=table is quick) for table in (quick, slow))
        assert first == second
        if first is None:
            assert shown(quick) == shown(slow)
            continue
        if first is OidNotIncreasing:
            for index, row in quick.rows.items():
                assert all(value is None or value == other for value, other in zip(row, slow.rows[index], strict=True))
        break


def test_an_answer_with_more_than_was_asked_for_is_refused_by_its_whole_number() -> None:
    table = Table(COLUMNS[:1])
    cells = [binding(COLUMNS[0] + index, b"\x02\x01\x01") for index in INDEXES[:5]]
    with pytest.raises(TooManyVarbinds, match="5 variable bindings, where 3 were asked for"):
        table.take([0], response(cells), 3)


def test_an_oid_that_came_before_ends_the_walk_also_where_another_column_has_it() -> None:
    table = Table(COLUMNS[:2])
    one, two, three = INDEXES[:3]
    value = b"\x02\x01\x01"
    first = [COLUMNS[0] + one, COLUMNS[1] + one, COLUMNS[0] + three, COLUMNS[1] + two]
    assert outcome(table, [0, 1], response([binding(name, value) for name in first]), 4, regular=True) is None
    again = [COLUMNS[0] + two, COLUMNS[1] + three]
    assert outcome(table, [0, 1], response([binding(name, value) for name in again]), 4, regular=True) is OidNotIncreasing


@pytest.mark.parametrize(("before", "after"), [(1, 0), (4, 3), (8, 7), (20, 19), (5, 5)])
def test_a_new_row_before_the_last_one_ends_the_walk(before: int, after: int) -> None:
    table = Table(COLUMNS[:1])
    cells = response([binding(COLUMNS[0] + INDEXES[place], b"\x02\x01\x01") for place in (before, after, before + 1)])
    assert outcome(table, [0], cells, 3, regular=True) is OidNotIncreasing
    assert list(table.rows) == [INDEXES[before]]
