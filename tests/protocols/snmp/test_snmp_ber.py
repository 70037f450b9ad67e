"""Elements, lengths and integers of BER, in every form that a sender may choose."""

import pytest

from protocols.snmp import ber
from protocols.snmp.errors import BadInteger, BadLength, BadTag, IndefiniteLength, TooDeep, Truncated
from protocols.snmp.irregular import NON_MINIMAL_INTEGER, NON_MINIMAL_LENGTH


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 8000, 65536])
def test_a_length_is_written_minimal_and_read_back(size: int) -> None:
    encoded = ber.element(ber.OCTET_STRING, bytes(size))
    odd: set[str] = set()
    tag, start, stop = ber.read_header(encoded, 0, len(encoded), odd)
    assert (tag, stop - start, stop) == (ber.OCTET_STRING, size, len(encoded))
    assert odd == set()


@pytest.mark.parametrize("length", ["8105", "820005", "8400000005", "8a00000000000000000005"])
def test_a_padded_length_is_read_and_flagged(length: str) -> None:
    encoded = bytes.fromhex("04" + length + "6162636465")
    odd: set[str] = set()
    _, start, stop = ber.read_header(encoded, 0, len(encoded), odd)
    assert encoded[start:stop] == b"abcde"
    assert odd == {NON_MINIMAL_LENGTH}


def test_a_padded_length_of_more_than_127_is_flagged_too() -> None:
    encoded = bytes.fromhex("0483000200") + bytes(512)
    odd: set[str] = set()
    assert ber.read_header(encoded, 0, len(encoded), odd) == (ber.OCTET_STRING, 5, 517)
    assert odd == {NON_MINIMAL_LENGTH}


def test_an_element_must_end_within_what_encloses_it_even_where_octets_follow() -> None:
    encoded = bytes.fromhex("0403616263646566")
    assert ber.read_header(encoded, 0, 5, set()) == (ber.OCTET_STRING, 2, 5)
    with pytest.raises(Truncated):
        ber.read_header(encoded, 0, 4, set())


@pytest.mark.parametrize(
    ("encoded", "refusal", "position"),
    [
        ("", Truncated, 0),
        ("04", Truncated, 0),
        ("040261", Truncated, 0),
        ("0482ff", Truncated, 1),
        ("0484ffffffff00", Truncated, 0),
        ("048061620000", IndefiniteLength, 1),
        ("04ff61", BadLength, 1),
        ("1f040161", BadTag, 0),
        ("bf2a0161", BadTag, 0),
    ],
)
def test_an_element_that_cannot_be_walked_is_refused(encoded: str, refusal: type[Exception], position: int) -> None:
    data = bytes.fromhex(encoded)
    with pytest.raises(refusal) as caught:
        ber.read_header(data, 0, len(data), set())
    assert caught.value.position == position  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "value", "odd"),
    [
        ("00", 0, set()),
        ("7f", 127, set()),
        ("80", -128, set()),
        ("ff", -1, set()),
        ("0080", 128, set()),
        ("ff7f", -129, set()),
        ("0001", 1, {NON_MINIMAL_INTEGER}),
        ("ffff", -1, {NON_MINIMAL_INTEGER}),
        ("0000000000000000000005", 5, {NON_MINIMAL_INTEGER}),
        ("80000000", -(2**31), set()),
    ],
)
def test_a_signed_integer(content: str, value: int, odd: set[str]) -> None:
    found: set[str] = set()
    assert ber.signed(bytes.fromhex(content), found) == value
    assert found == odd
    if not odd:
        assert ber.signed_content(value) == bytes.fromhex(content)


def test_an_integer_without_content_is_refused() -> None:
    with pytest.raises(BadInteger):
        ber.signed(b"", set())


def nested(levels: int) -> bytes:
    octets = b"\x05\x00"
    for _ in range(levels):
        octets = ber.element(ber.SEQUENCE, octets)
    return octets


def test_nesting_is_counted_from_the_level_given() -> None:
    ber.check_nesting(nested(8), 0, len(nested(8)), 1)
    with pytest.raises(TooDeep):
        ber.check_nesting(nested(9), 0, len(nested(9)), 1)
    ber.check_nesting(nested(5), 0, len(nested(5)), 4)
    with pytest.raises(TooDeep):
        ber.check_nesting(nested(6), 0, len(nested(6)), 4)


def test_nesting_behind_a_closed_branch_is_counted_too() -> None:
    octets = nested(3) + nested(9)
    with pytest.raises(TooDeep):
        ber.check_nesting(octets, 0, len(octets), 1)
