"""Indexes: formulas both ways, mistakes in them, and octets that are no index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.poll.plan.index_form import BadForm, IndexForm
from protocols.poll.plan.position_form import PositionForm
from protocols.snmp.manager.value import decode_index, encode_index

NOKIA = IndexForm(("(slot+1)<<25 | 14<<21 | (pon-1)<<16 | (ont-1)<<9",), {})
HUAWEI = IndexForm(("kind<<25 | frame<<19 | slot<<13 | port<<8", "ont"), {"kind": (125, 127)})
FORMS = [NOKIA, HUAWEI, IndexForm(("1<<28 | 0<<24 | slot<<16 | port<<8 or 5<<28 | rack<<24 | slot<<14 | port<<8", "onu"), {})]


@given(st.sampled_from(FORMS), st.binary(max_size=24))
def test_any_octets_are_an_index_or_none(form: IndexForm, octets: bytes) -> None:
    fields = form.read(octets)
    if fields is not None:
        assert decode_index(octets) in [decode_index(each) for each in form.write(fields)]


@given(st.integers(0, 62), st.integers(1, 32), st.integers(1, 128))
def test_fields_that_were_written_are_read(slot: int, pon: int, ont: int) -> None:
    fields = {"slot": slot, "pon": pon, "ont": ont}
    (octets,) = NOKIA.write(fields)
    assert NOKIA.read(octets) == fields
    assert octets in NOKIA.candidates({"slot": slot, "pon": pon}, 128)


@given(st.integers(0, 63), st.integers(0, 63), st.integers(0, 31), st.integers(0, 255))
def test_rows_of_a_port_are_below_its_prefixes(frame: int, slot: int, port: int, ont: int) -> None:
    port_fields = {"frame": frame, "slot": slot, "port": port}
    prefixes = HUAWEI.prefixes(port_fields)
    assert len(prefixes) == 2
    assert all(any(row.startswith(each) for each in prefixes) for row in HUAWEI.write({**port_fields, "ont": ont}))


@pytest.mark.parametrize(
    "fields", [{"slot": 127, "pon": 1, "ont": 1}, {"slot": 1, "pon": 33, "ont": 1}, {"slot": 1, "pon": 0, "ont": 1}]
)
def test_numbers_that_do_not_fit_have_no_index(fields: dict[str, int]) -> None:
    assert NOKIA.write(fields) == []


@pytest.mark.parametrize(
    ("parts", "where", "why"),
    [
        ((), {}, "at least one part"),
        (("slot<<16 | pon<<16",), {}, "two fields at bit 16"),
        (("slot<<33",), {}, "beyond 32 bits"),
        (("slot<<8 | 300<<0",), {}, "does not fit"),
        (("slot", "slot"), {}, "one name"),
        (("slot*100",), {}, "neither a name"),
        (("",), {}, "neither a name"),
        (("slot",), {"pon": (1,)}, "where names pon"),
        (("slot",), {"slot": ()}, "without numbers"),
        (("a or b", "c or d", "e or f", "g or h"), {}, "16 forms"),
    ],
)
def test_a_mistake_in_a_form_is_named(parts: tuple[str, ...], where: dict[str, tuple[int, ...]], why: str) -> None:
    with pytest.raises(BadForm, match=why):
        IndexForm(parts, where)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=8))
def test_an_index_is_its_octets(subids: list[int]) -> None:
    assert decode_index(encode_index(tuple(subids))) == tuple(subids)


@given(st.text(max_size=20))
def test_any_text_is_a_position_or_none(position: str) -> None:
    form = PositionForm("{frame}/{slot}/{port}/{ont}")
    fields = form.read(position)
    if fields is not None:
        assert position in (form.write(fields), (form.write({**fields, "ont": 0}) or "").rpartition("/")[0])
