"""Object identifiers both ways, their limits, and a cache that a flood of strangers does not empty or fill the memory with."""

import pytest

from protocols.snmp import oid
from protocols.snmp.errors import BadOid, OidTooLong, Unencodable
from protocols.snmp.irregular import NON_MINIMAL_OID
from protocols.snmp.oid import decode_oid, encode_oid


@pytest.fixture
def small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oid, "CACHED_OIDS", 4)
    monkeypatch.setattr(oid, "KNOWN", {})
    monkeypatch.setattr(oid, "_OLD", {})


@pytest.mark.parametrize(
    ("dotted", "content"),
    [
        ("0.0", "00"),
        ("0.39", "27"),
        ("1.3", "2b"),
        ("1.39.1", "4f01"),
        ("2.0", "50"),
        ("2.47", "7f"),
        ("2.48", "8100"),
        ("2.999.3", "883703"),
        ("2.4294967295", "908080804f"),
        ("1.3.6.1.2.1.1.3.0", "2b06010201010300"),
        ("1.3.128.16383.16384.4294967295", "2b8100ff7f8180008fffffff7f"),
        ("1.3.6.1.4.1.2011.6.128.1.1.2.43.1.1.4194313472.17", "2b060104018f5b0681000101022b01018fd080ca0011"),
    ],
)
def test_both_ways(dotted: str, content: str) -> None:
    odd: set[str] = set()
    assert decode_oid(bytes.fromhex(content), odd) == dotted
    assert decode_oid(bytes.fromhex(content), odd) == dotted
    assert odd == set()
    assert encode_oid(dotted) == bytes.fromhex(content)


@pytest.mark.parametrize("content", ["", "2b80", "2b86", "ff", "2b9080808000", "2bffffffffff7f", "9080808050"])
def test_a_malformed_oid_is_refused(content: str) -> None:
    with pytest.raises(BadOid):
        decode_oid(bytes.fromhex(content), set())


def test_128_sub_identifiers_are_taken_and_129_are_not() -> None:
    longest = "1.3" + ".1" * 126
    assert decode_oid(encode_oid(longest), set()) == longest
    with pytest.raises(OidTooLong):
        decode_oid(encode_oid(longest) + b"\x01", set())
    with pytest.raises(Unencodable):
        encode_oid(longest + ".1")


def test_padding_is_forgiven_and_flagged_every_time() -> None:
    for _ in range(2):
        odd: set[str] = set()
        assert decode_oid(bytes.fromhex("2b808006"), odd) == "1.3.6"
        assert odd == {NON_MINIMAL_OID}


@pytest.mark.parametrize(
    "dotted",
    ["", "1", ".1.3", "1.3.", "1..3", "1.a", "1.-3", "3.1", "1.40", "0.40", "1.3.4294967296", "1.3.²", "1.3." + "9" * 5000],
)
def test_what_is_no_oid_is_not_encoded(dotted: str) -> None:
    with pytest.raises(Unencodable) as caught:
        encode_oid(dotted)
    assert caught.value.value == dotted


@pytest.mark.usefixtures("small_cache")
def test_the_cache_is_bounded() -> None:
    for last in range(100):
        decode_oid(bytes((0x2B, last)), set())
        assert len(oid.KNOWN) <= 4
        assert len(oid._OLD) <= 4


@pytest.mark.interpreted
@pytest.mark.usefixtures("small_cache")
def test_an_oid_in_use_stays_cached_through_a_flood_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    parse = oid.read_subids

    def counting(content: bytes) -> tuple[list[int], bool]:
        parsed.append(content)
        return parse(content)

    monkeypatch.setattr(oid, "read_subids", counting)
    for last in range(100):
        decode_oid(b"\x2b\x7f", set())
        decode_oid(bytes((0x2B, 1, last)), set())
    assert parsed.count(b"\x2b\x7f") == 1


@pytest.mark.usefixtures("small_cache")
def test_long_and_padded_oids_are_not_cached() -> None:
    decode_oid(b"\x2b" + b"\x01" * 80, set())
    decode_oid(b"\x2b\x80\x01", set())
    assert oid.KNOWN == {}
