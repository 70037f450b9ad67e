"""Rows in octets: what goes in comes out, and it is small."""

from hypothesis import given
from hypothesis import strategies as st

from actors.poller.plan.packed_rows import LONGEST, pack_rows, unpack_rows, without_rows

ELEMENTS = st.one_of(st.none(), st.binary(min_size=1, max_size=10), st.binary(min_size=250, max_size=300))
INDEXES = st.one_of(st.binary(max_size=8), st.binary(min_size=250, max_size=260))


@given(st.integers(1, 4).flatmap(lambda n: st.dictionaries(INDEXES, st.lists(ELEMENTS, min_size=n, max_size=n), max_size=20)))
def test_rows_that_were_packed_are_unpacked(rows: dict[bytes, list[bytes | None]]) -> None:
    columns = len(next(iter(rows.values()))) if rows else 1
    found = unpack_rows(pack_rows(rows), columns)
    assert found == {
        index: tuple(one if one is not None and len(one) <= LONGEST else b"" for one in row)
        for index, row in rows.items()
        if len(index) <= LONGEST
    }
    assert list(found) == [index for index in rows if len(index) <= LONGEST]
    assert unpack_rows(pack_rows(found), columns) == found
    some = set(list(found)[::2])
    assert unpack_rows(without_rows(pack_rows(found), columns, some), columns).keys() == found.keys() - some


def test_the_state_of_an_ont_takes_about_twelve_octets() -> None:
    rows: dict[bytes, list[bytes | None]] = {bytes((0x8F, 0xD0, 0x80, 0xCA, 0, ont)): [b"\x02\x01\x01"] for ont in range(128)}
    assert len(pack_rows(rows)) == 128 * 11
