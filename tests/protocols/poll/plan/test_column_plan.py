"""Elements to values: scales, invalid values, enumerations and bitmaps; and any octets, which give a value or none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.poll.plan.column_plan import ColumnPlan, decoded, raw_number, whole_number
from protocols.snmp.manager.value import decode_value
from protocols.snmp.values import encode_value


def integer(value: int) -> bytes:
    return encode_value("INTEGER", value)


def text(value: str) -> bytes:
    return encode_value("OCTET STRING", value.encode())


HUAWEI_OLT = ColumnPlan("olt_rx", "olt_rx", b"", "optics", scale=0.01, offset=-100, invalid=(2147483647,))
ZTE = ColumnPlan("ont_rx", "ont_rx", b"", "optics", signed_bits=16, scale=0.002, offset=-30, invalid=(65535,))
AXOS = ColumnPlan("ont_rx", "ont_rx", b"", "optics", scale=0.0001, milliwatt=True)
PLAIN = ColumnPlan("ont_rx", "ont_rx", b"", "optics")
STATE = ColumnPlan("state", "state", b"", "state", words={"1": ("up", ""), "4": ("down", "dying_gasp"), "on": ("up", "")})
BITS = ColumnPlan("state", "state", b"", "state", bits=((18, ("down", "dying_gasp")), (1, ("down", "los"))))
PLACE = ColumnPlan("place", "place", b"", "identity", decode="port_name")
COLUMNS = [HUAWEI_OLT, ZTE, AXOS, PLAIN, STATE, BITS, PLACE]


@pytest.mark.parametrize(
    ("column", "element", "value"),
    [
        (HUAWEI_OLT, integer(7742), -22.58),
        (HUAWEI_OLT, integer(2147483647), None),
        (ZTE, integer(65535), None),
        (ZTE, integer(65000), -31.072),
        (ZTE, integer(3500), -23.0),
        (AXOS, integer(100), -20.0),
        (AXOS, integer(0), None),
        (PLAIN, text("-23.51 dBm"), -23.51),
        (PLAIN, text(" -24"), -24.0),
        (PLAIN, text("--"), None),
        (PLAIN, text("N/A"), None),
        (PLAIN, text(""), None),
        (PLAIN, b"\x81\x00", None),
        (PLAIN, b"", None),
        (PLAIN, None, None),
        (PLAIN, b"\x9f\x78\x04", None),
    ],
)
def test_a_number_has_its_scale_or_is_none(column: ColumnPlan, element: bytes | None, value: float | None) -> None:
    assert column.number(element) == value


@pytest.mark.parametrize(
    ("column", "element", "words"),
    [
        (STATE, integer(1), ("up", "")),
        (STATE, integer(4), ("down", "dying_gasp")),
        (STATE, integer(9), None),
        (STATE, text("ON"), ("up", "")),
        (STATE, text("4"), ("down", "dying_gasp")),
        (STATE, b"\x81\x00", None),
        (STATE, None, None),
        (BITS, integer(0), ("up", "")),
        (BITS, integer(1), ("down", "los")),
        (BITS, integer(1 << 17 | 1), ("down", "dying_gasp")),
        (BITS, integer(1 << 8), ("up", "")),
        (BITS, text("1"), None),
    ],
)
def test_an_enumeration_has_its_words(column: ColumnPlan, element: bytes | None, words: tuple[str, str] | None) -> None:
    assert column.word(element) == words
    assert column.word(element) == words, "remembered"


def test_a_place_is_the_parts_of_a_text() -> None:
    parts = PLACE.place(text("GPON0/3:12"))
    assert parts is not None
    assert (parts["place.port"], parts["place.onu"]) == ("0/3", 12)
    assert PLACE.place(text("the console")) is None
    assert PLACE.place(integer(3)) is None


@given(st.sampled_from(COLUMNS), st.binary(max_size=80))
def test_any_octets_give_a_value_or_none(column: ColumnPlan, octets: bytes) -> None:
    number = column.number(octets)
    assert number is None or math.isfinite(number)
    assert column.word(octets) in (None, ("up", ""), ("down", "dying_gasp"), ("down", "los"))
    if column is PLACE:
        column.place(octets)
    decoded(octets), raw_number(octets), whole_number(octets)


@given(st.sampled_from([2, 4, 0x41, 0x42, 0x43, 0x44, 0x46]), st.binary(max_size=60), st.sampled_from(COLUMNS))
def test_any_content_gives_a_value_or_none(tag: int, content: bytes, column: ColumnPlan) -> None:
    test_any_octets_give_a_value_or_none.hypothesis.inner_test(column, bytes([tag, len(content)]) + content)  # type: ignore[attr-defined]


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_is_what_the_codec_reads(value: int) -> None:
    element = integer(value)
    assert decoded(element) == decode_value(element).value == value


def test_an_agent_that_sends_noise_does_not_grow_the_memory() -> None:
    column = ColumnPlan("state", "state", b"", "state", words={"1": ("up", "")})
    for value in range(2_000):
        column.word(integer(value))
    assert len(column._known) <= 256
