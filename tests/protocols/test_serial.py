"""Every spelling of a serial is one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols.serial import canonical_serial, is_gpon_serial

HWTC = "HWTC0A1B2C3D"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (HWTC, HWTC),
        ("hwtc0a1b2c3d", HWTC),
        ("HWTC-0A1B2C3D", HWTC),
        ("HWTC:0a1b2c3d", HWTC),
        ("HWTC 0A1B2C3D", HWTC),
        ("HWTC_0A-1B-2C-3D", HWTC),
        (' "HWTC0A1B2C3D" \r\n', HWTC),
        ("HWTC0A1B2C3D\0\0\0\0", HWTC),
        ("485754430A1B2C3D", HWTC),
        ("0x485754430a1b2c3d", HWTC),
        ("48 57 54 43 0A 1B 2C 3D", HWTC),
        ("48:57:54:43:0a:1b:2c:3d", HWTC),
        ("48-57-54-43-0A-1B-2C-3D", HWTC),
        ("4857-5443-0A1B-2C3D", HWTC),
        ("48.57.54.43.0A.1B.2C.3D", HWTC),
        ("485754430A1B2C3D (HWTC-0A1B2C3D)", HWTC),
        ("HWTC-0A1B2C3D(485754430A1B2C3D)", HWTC),
        ("HWTC169552957", HWTC),
        ("HWTC-169552957", HWTC),
        ("72.87.84.67.10.27.44.61", HWTC),
        ("5212727740613733437", HWTC),
        (b"HWTC\x0a\x1b\x2c\x3d", HWTC),
        (b"hwtc\x0a\x1b\x2c\x3d", HWTC),
        (b"HWTC\x0a\x1b\x2c\x3d\0\0\0\0", HWTC),
        (b"HWTC\x0a\x1b\x2c\x3d  ", HWTC),
        (b"HWTC0A1B2C3D\0\0\0\0", HWTC),
        (b"HWTC0A1B2C3D    ", HWTC),
        (b"485754430A1B2C3D", HWTC),
        (b"48 57 54 43 0a 1b 2c 3d", HWTC),
        # A number that ends in octets which padding is made of too.
        (b"ZTEG\x01\x00\x20\x00", "ZTEG01002000"),
        (b"ZTEG\x00\x00\x00\x00", "ZTEG00000000"),
        (b"ZTEG\x01\x00\x20\x00\x00\x00", "ZTEG01002000"),
        # Octets that all can be printed.
        (b"HWTC1234", "HWTC31323334"),
        (b"HWTC1234\0\0", "HWTC31323334"),
        # Eight digits are hexadecimal, any other number of them decimal.
        ("HWTC12345678", "HWTC12345678"),
        ("HWTC-12345678", "HWTC12345678"),
        ("ZNTS1", "ZNTS00000001"),
        ("ZNTS4294967295", "ZNTSFFFFFFFF"),
        ("ZNTS4294967296", "ZNTS4294967296"),
        # No GPON serials: MAC addresses, a maker that is none, other words, nothing.
        ("00:11:22:aa:bb:cc", "001122AABBCC"),
        ("0011.22AA.BBCC", "001122AABBCC"),
        (b"\x00\x11\x22\xaa\xbb\xcc", "001122AABBCC"),
        ("000000000A1B2C3D", "000000000A1B2C3D"),
        ("0x00:00:00:00:0a:1b:2c:3d", "000000000A1B2C3D"),
        (b"\x00\x00\x00\x00\x0a\x1b\x2c\x3d", "000000000A1B2C3D"),
        ("sn  77/b", "SN 77/B"),
        ("300.87.84.67.10.27.44.61", "300.87.84.67.10.27.44.61"),
        ("", ""),
        ("\0\0", ""),
        (b"", ""),
    ],
)
def test_every_spelling_is_one(written: str | bytes, expected: str) -> None:
    assert canonical_serial(written) == expected
    assert canonical_serial(expected) == expected


makers = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4)
SPELLINGS = (
    lambda maker, number: f"{maker}{number:08X}",
    lambda maker, number: f"{maker}{number:08x}".lower(),
    lambda maker, number: f"{maker}-{number:08X}",
    lambda maker, number: f" {maker}:{number:08x}\n",
    lambda maker, number: (maker.encode() + number.to_bytes(4, "big")).hex(),
    lambda maker, number: (maker.encode() + number.to_bytes(4, "big")).hex(" ").upper(),
    lambda maker, number: (maker.encode() + number.to_bytes(4, "big")).hex(":"),
    lambda maker, number: "0x" + (maker.encode() + number.to_bytes(4, "big")).hex("-"),
    lambda maker, number: ".".join(map(str, maker.encode() + number.to_bytes(4, "big"))),
    lambda maker, number: str(int.from_bytes(maker.encode() + number.to_bytes(4, "big"), "big")),
    lambda maker, number: maker.encode() + number.to_bytes(4, "big"),
    lambda maker, number: maker.encode() + number.to_bytes(4, "big") + b"\0\0\0",
    lambda maker, number: f"{maker}{number:08X}".encode().ljust(16, b"\0"),
    lambda maker, number: f"{maker}{number:08X}".encode().ljust(16),
)


@given(makers, st.integers(0, 2**32 - 1), st.sampled_from(SPELLINGS))
def test_what_is_spelled_in_any_way_is_read_back(maker: str, number: int, spell: object) -> None:
    found = canonical_serial(spell(maker, number))  # type: ignore[operator]
    assert found == f"{maker}{number:08X}"
    assert is_gpon_serial(found)


@given(makers, st.integers(0, 2**32 - 1).filter(lambda number: len(str(number)) != 8))
def test_the_number_in_decimal_is_read_back_unless_it_could_be_hexadecimal(maker: str, number: int) -> None:
    assert canonical_serial(f"{maker}{number}") == f"{maker}{number:08X}"


@given(st.one_of(st.text(), st.binary(), st.text("0123456789abcdefHWTC:- .()x", max_size=24)))
@example(b"\xca\xda\x00")
def test_the_form_of_the_form_is_itself(written: str | bytes) -> None:
    once = canonical_serial(written)
    assert canonical_serial(once) == once
