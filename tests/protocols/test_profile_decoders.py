"""Decoders by table, and on anything at all: a value or a DecodeError, nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.correlator.profiles.times import TIME_DECODERS, believable, offset, text_time
from protocols.profile_decoders import DECODERS, MAX_TEXT, DecodeError, Raw, plain, text

RAW = st.one_of(
    st.integers(-(2**64), 2**64), st.binary(max_size=40), st.text(max_size=40), st.floats(allow_nan=True, allow_infinity=True)
)


@pytest.mark.parametrize(
    ("decoder", "raw", "expected"),
    [
        ("huawei_ifindex", -100653824, ("gpon", "0/1/5")),
        ("huawei_ifindex", 4194313472, ("gpon", "0/1/5")),
        ("huawei_ifindex", (126 << 25) | (2 << 19) | (3 << 13) | (7 << 8), ("epon", "2/3/7")),
        ("huawei_ifindex", (127 << 25) | (15 << 13) | (15 << 8), ("xgpon", "0/15/15")),
        ("huawei_ifindex", 234881024, ("ethernet", "0/0/0")),
        ("huawei_ifindex", (7 << 25) | (9 << 13) | (2 << 6), ("ethernet", "0/9/2")),
        ("nokia_ifindex", 60817408, ("pon", "0/1")),
        ("nokia_ifindex", 60817408 + 3 * 65536, ("pon", "0/4")),
        ("nokia_ifindex", 62914560 + 2 * 65536 + 16 * 512, ("ont", "0/3/17")),
        ("nokia_ifindex", 94371840, ("pon", "1/1")),
        ("nokia_ifindex", 96468992, ("ont", "1/1/1")),
        ("nokia_ifindex", 9 << 25 | 14 << 21 | 31 << 16 | 127 << 9, ("ont", "8/32/128")),
        ("fiberhome_index", 34078976, ("ont", "1/1/1")),
        ("fiberhome_index", 34078977, ("ont", "1/1/1")),
        ("fiberhome_index", 34078720, ("pon", "1/1")),
        ("nscrtv_instance", bytes([1, 2, 3, 17, 1, 4, 0, 0]), ("uni", "2/3/17/1/4")),
        ("nscrtv_instance", bytes([1, 2, 3, 17, 0, 0, 0, 0]), ("ont", "2/3/17")),
        ("nscrtv_instance", bytes([1, 2, 3, 0, 0, 0, 0, 0]), ("pon", "2/3")),
        ("nscrtv_instance", bytes([1, 2, 0, 0, 0, 0, 0, 0]), ("card", "2")),
        ("nscrtv_instance", bytes([1, 0, 0, 0, 0, 0, 0, 0]), ("olt", "")),
        ("port_name", b"GPON0/3:12", ("ont", "0/3/12")),
        ("port_name", b"EPON0/1", ("pon", "0/1")),
        ("port_name", b"TGigaEthernet0/1", ("port", "0/1")),
        ("port_name", b"gpon-onu_1/2/3:7", ("ont", "1/2/3/7")),
    ],
)
def test_places(decoder: str, raw: Raw, expected: tuple[str, str]) -> None:
    found = DECODERS[decoder].run(raw)
    assert isinstance(found, dict)
    assert (found["kind"], found["path"]) == expected


@pytest.mark.parametrize(
    ("raw", "path"),
    [(0x10020100, "1/2/1"), (285278465, "1/1/1"), (1360052481, "1/3/1"), (0x11020A10, "2/10/16")],
)
def test_zte_ports(raw: int, path: str) -> None:
    found = DECODERS["zte_ifindex"].run(raw)
    assert isinstance(found, dict)
    assert found["path"] == path


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HWTC\x0a\x1b\x2c\x3d", "HWTC0A1B2C3D"),
        (b"485754430A1B2C3D", "HWTC0A1B2C3D"),
        (b"HWTC0a1b2c3d", "HWTC0A1B2C3D"),
        ("1,ZTEGC0FFEE01", "ZTEGC0FFEE01"),
        (b"HWTC-0A1B2C3D", "HWTC0A1B2C3D"),
    ],
)
def test_serials(raw: Raw, expected: str) -> None:
    assert DECODERS["gpon_serial"].run(raw) == expected


@pytest.mark.parametrize(
    ("decoder", "raw", "expected"),
    [
        ("int", b" 17 ", 17),
        ("int", -3, -3),
        ("number", b"-28.50 dBm", -28.5),
        ("hex", b"\x00\xff", "00ff"),
        ("mac", b"\x00\x11\x22\xaa\xbb\xcc", "00:11:22:aa:bb:cc"),
        ("mac", b"0011.22AA.BBCC", "00:11:22:aa:bb:cc"),
        ("last_arc", "1.3.6.1.4.1.37950.5.22", 22),
        ("text", b"ONU\x007\r\n", "ONU 7"),
        ("text", b"\xe9t\xe9", "été"),
        ("text", "fibre coupée".encode(), "fibre coupée"),
    ],
)
def test_plain_values(decoder: str, raw: Raw, expected: object) -> None:
    assert DECODERS[decoder].run(raw) == expected


@pytest.mark.parametrize(
    ("decoder", "raw"),
    [
        ("int", b"seventeen"),
        ("int", "²"),
        ("huawei_ifindex", 5),
        ("huawei_ifindex", 2**33),
        ("zte_ifindex", 0x30000001),
        ("zte_ifindex", -1),
        ("nokia_ifindex", 1),
        ("fiberhome_index", 0),
        ("fiberhome_index", 1 << 25 | 1 << 19 | 1),
        ("nokia_ifindex", 94371840 + 512),
        ("nokia_ifindex", 94371840 + 1),
        ("nokia_ifindex", 12 << 21),
        ("nscrtv_instance", b"1234567"),
        ("nscrtv_instance", 12345678),
        ("port_name", b"uplink"),
        ("gpon_serial", b"HWTC"),
        ("mac", b"12345"),
        ("last_arc", b"22"),
        ("hex", 5),
    ],
)
def test_refusals_name_decoder_and_value(decoder: str, raw: Raw) -> None:
    with pytest.raises(DecodeError) as refused:
        DECODERS[decoder].run(raw)
    assert refused.value.decoder == decoder
    assert refused.value.value == raw


def test_dasan_sources() -> None:
    run = DECODERS["dasan_source"].run
    tlv = bytes([1, 1, 2, 2, 1, 3, 5, 1, 17, 6, 1, 4, 7, 1, 2])
    found = run(13, tlv)
    assert isinstance(found, dict)
    assert (found["kind"], found["path"]) == ("uni", "2/3/17/2")
    assert run(2, (12345).to_bytes(4)) == {"type": 2, "kind": "source", "path": "if/12345"}
    assert run(10, b"") == {"type": 10, "kind": "olt", "path": ""}
    assert run(12, bytes([1, 2, 3])) == {"type": 12, "kind": "source", "path": "source12/1.2.3"}
    with pytest.raises(DecodeError, match="cut off"):
        run(13, b"\x01\x05\x01")


def test_calix_objects() -> None:
    run = DECODERS["calix_e7_object"].run
    assert run(19, 1, 2, 3, 0, 0) == {"kind": "pon", "class": 19, "path": "1/2/3"}
    assert run(63, 4711, 0) == {"kind": "ont", "class": 63, "path": "ont4711"}
    assert run(45, 1, 2) == {"kind": "object", "class": 45, "path": "class45/1/2"}
    assert run(1, 0, 0) == {"kind": "olt", "class": 1, "path": ""}


@given(st.sampled_from(sorted(DECODERS)), st.lists(RAW, min_size=9, max_size=9))
@settings(max_examples=400)
def test_any_value_is_decoded_or_refused(name: str, raw: list[Raw]) -> None:
    decoder = DECODERS[name]
    try:
        found = decoder.run(*raw[: decoder.inputs or 9])
    except DecodeError:
        return
    if isinstance(found, dict):
        assert set(found) <= decoder.parts
    if isinstance(found, str):
        assert len(found) <= 2 * MAX_TEXT


@given(RAW)
def test_any_value_has_a_text(raw: Raw) -> None:
    for shown in (text(raw), str(plain(raw))):
        assert "\n" not in shown
        assert "\x00" not in shown


NOW = datetime(2026, 2, 11, 17, 44, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("decoder", "raw", "expected"),
    [
        ("date_and_time", bytes([7, 234, 2, 11, 18, 44, 22, 5, 43, 1, 0]), datetime(2026, 2, 11, 17, 44, 22, 500_000, UTC)),
        ("date_and_time", bytes([7, 234, 2, 11, 12, 14, 22, 0, 45, 5, 30]), datetime(2026, 2, 11, 17, 44, 22, tzinfo=UTC)),
        ("unix_seconds", 1770831862, datetime(2026, 2, 11, 17, 44, 22, tzinfo=UTC)),
        ("unix_milliseconds", 1770831862250, datetime(2026, 2, 11, 17, 44, 22, 250_000, UTC)),
    ],
)
def test_times(decoder: str, raw: Raw, expected: datetime) -> None:
    told = TIME_DECODERS[decoder](raw)
    assert told.astimezone(UTC) == expected


def test_eight_octets_carry_no_zone() -> None:
    told = TIME_DECODERS["date_and_time"](bytes([7, 234, 2, 11, 17, 44, 22, 0]))
    assert told.tzinfo is None
    assert believable(told, None, NOW, 86400, 300) == (None, "")
    assert believable(told, offset("+03:00"), NOW, 86400, 300)[0] == datetime(2026, 2, 11, 14, 44, 22, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "believed"), [(300, True), (301, False), (0, True), (-86400, True), (-86401, False)])
def test_a_clock_far_off_is_not_believed(seconds: int, believed: bool) -> None:
    told, refused = believable(NOW + timedelta(seconds=seconds), None, NOW, 86400, 300)
    assert (told is not None) is believed
    assert ("wrong clock" in refused) is not believed


@pytest.mark.parametrize("written", ["3", "+3:00", "03:00", "+25:00", "+03:60", "+aa:00"])
def test_offsets_that_are_none(written: str) -> None:
    with pytest.raises(ValueError, match="utc_offset"):
        offset(written)


def test_offsets() -> None:
    assert offset("") is None
    assert offset("-05:30") == timezone(-timedelta(hours=5, minutes=30))


@given(RAW)
@settings(max_examples=200)
def test_any_time_is_told_or_refused(raw: Raw) -> None:
    for decode in (*TIME_DECODERS.values(), text_time("%Y-%m-%d %H:%M:%S")):
        try:
            told = decode(raw)
        except DecodeError:
            continue
        believable(told, None, NOW, 86400, 300)
        believable(told, offset("-14:00"), NOW, 86400, 300)
