"""What is forgiven: the trap is kept, says what it can, and names every irregularity."""

import pytest

from protocols.snmp import encode
from protocols.snmp.ber import element, integer
from protocols.snmp.encode import inform_response
from protocols.snmp.errors import Truncated
from protocols.snmp.irregular import ENGINE_CLOCK, IRREGULARITIES
from protocols.snmp.message import decode, decode_pdu, decode_scoped_pdu
from protocols.snmp.notification import Notification, VarBind
from protocols.snmp.oid import encode_oid
from protocols.snmp.response import decode_response

COLD_START = "1.3.6.1.6.3.1.1.5.1"
PORT = "1.3.6.1.4.1.2011.6.3.3.4.1.1.0.1.0.5"


def name(oid: str) -> bytes:
    return element(0x06, encode_oid(oid))


def binding(value: bytes, oid: str = PORT) -> bytes:
    return element(0x30, name(oid) + value)


UPTIME = binding(element(0x43, b"\x05"), "1.3.6.1.2.1.1.3.0")
TRAP_OID = binding(name(COLD_START), "1.3.6.1.6.3.1.1.4.1.0")
GOOD = binding(integer(5))


def message(pdu: bytes, version: int = 1) -> bytes:
    return element(0x30, integer(version) + element(0x04, b"public") + pdu)


def trap(varbinds: bytes, request_id: bytes = b"\x02\x01\x07") -> bytes:
    return message(element(0xA7, request_id + integer(0) * 2 + element(0x30, varbinds)))


def trap_v1(enterprise: str, generic: int, specific: int, agent: bytes = b"\x0a\0\0\1", ticks: bytes = b"\x05") -> bytes:
    body = name(enterprise) + element(0x40, agent) + integer(generic) + integer(specific) + element(0x43, ticks)
    return message(element(0xA4, body + element(0x30, GOOD)), version=0)


X = "1.3.6.1.4.1.36061"

FORGIVEN: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "padded message length": (b"\x30\x82\x00" + trap(UPTIME + TRAP_OID + GOOD)[1:], ("non_minimal_length",)),
    "padded binding length": (trap(UPTIME + TRAP_OID + b"\x30\x81" + GOOD[1:]), ("non_minimal_length",)),
    "padded INTEGER": (trap(UPTIME + TRAP_OID + binding(b"\x02\x03\x00\x00\x05")), ("non_minimal_integer",)),
    "padded request-id": (trap(UPTIME + TRAP_OID + GOOD, b"\x02\x02\x00\x07"), ("non_minimal_integer",)),
    "padded Gauge32": (trap(UPTIME + TRAP_OID + binding(b"\x42\x02\x00\x05")), ("non_minimal_integer",)),
    "padded OID": (trap(UPTIME + TRAP_OID + element(0x30, b"\x06\x03\x2b\x80\x06\x05\x00")), ("non_minimal_oid",)),
    "INTEGER beyond int32": (trap(UPTIME + TRAP_OID + binding(integer(2**31))), ("wide_integer",)),
    "Counter32 beyond 32 bits": (trap(UPTIME + TRAP_OID + binding(b"\x41\x05\x01\0\0\0\0")), ("wide_integer",)),
    "Gauge32 without its sign octet": (trap(UPTIME + TRAP_OID + binding(b"\x42\x01\xff")), ("negative_unsigned",)),
    "octets behind the message": (trap(UPTIME + TRAP_OID + GOOD) + b"\x00" * 64, ("trailing_octets",)),
    "octets behind the value": (trap(UPTIME + TRAP_OID + binding(integer(5) + b"\x05\x00")), ("trailing_octets",)),
    "octets behind the PDU": (
        element(0x30, integer(1) + element(4, b"public") + trap(UPTIME + TRAP_OID + GOOD)[13:] + b"\x05\x00"),
        ("trailing_octets",),
    ),
    "no sysUpTime": (trap(TRAP_OID + GOOD), ("no_uptime",)),
    "no snmpTrapOID": (trap(UPTIME + GOOD), ("no_trap_oid",)),
    "no bindings at all": (trap(b""), ("no_trap_oid", "no_uptime")),
    "uptime last": (trap(TRAP_OID + GOOD + UPTIME), ("misplaced_uptime",)),
    "trap OID last": (trap(UPTIME + GOOD + TRAP_OID), ("misplaced_trap_oid",)),
    "uptime as INTEGER": (trap(binding(integer(5), "1.3.6.1.2.1.1.3.0") + TRAP_OID + GOOD), ("mistyped_uptime",)),
    "enterprise X.0": (trap_v1(f"{X}.0", 6, 1), ("enterprise_ends_in_zero",)),
    "negative specific-trap": (trap_v1(X, 6, -2147483645), ("bad_specific",)),
    "generic-trap 7": (trap_v1(X, 7, 3), ("bad_generic",)),
    "agent-addr of 16 octets": (trap_v1(X, 6, 3, agent=bytes(16)), ("bad_agent_address",)),
    "CP1251 text": (trap(UPTIME + TRAP_OID + binding(element(4, "Авария порта 5".encode("cp1251")))), ("text_not_utf8",)),
    "an unknown tag": (trap(UPTIME + TRAP_OID + binding(b"\x4f\x01\x05")), ("undecoded_varbind",)),
}


@pytest.mark.parametrize("case", FORGIVEN)
def test_the_trap_is_kept_and_the_irregularity_named(case: str) -> None:
    datagram, irregular = FORGIVEN[case]
    assert decode(datagram).irregular == irregular


def test_every_irregularity_is_tried_here() -> None:
    # One message does not show a wrong engine clock: tests/actors/trap_listener/test_listener_engine_clocks.py.
    assert {name for _, names in FORGIVEN.values() for name in names} == set(IRREGULARITIES) - {ENGINE_CLOCK}


def test_a_regular_trap_has_none() -> None:
    assert decode(trap(UPTIME + TRAP_OID + GOOD)) == Notification(
        version="2c",
        kind="trap",
        security="public",
        trap_oid=COLD_START,
        uptime=5,
        varbinds=(VarBind(PORT, "INTEGER", 5),),
        request_id=7,
    )


@pytest.mark.parametrize(
    "case", ["no sysUpTime", "uptime last", "trap OID last", "uptime as INTEGER", "octets behind the PDU", "padded request-id"]
)
def test_identity_is_found_where_it_stands_and_taken_out(case: str) -> None:
    notification = decode(FORGIVEN[case][0])
    assert notification.trap_oid == COLD_START
    assert notification.uptime == (None if case == "no sysUpTime" else 5)
    assert notification.varbinds == (VarBind(PORT, "INTEGER", 5),)
    assert notification.request_id == 7


def test_only_the_first_of_a_repeated_identity_is_taken_out() -> None:
    notification = decode(trap(UPTIME + TRAP_OID + TRAP_OID + UPTIME))
    assert [varbind.value for varbind in notification.varbinds] == [COLD_START, 5]
    assert notification.irregular == ()


@pytest.mark.parametrize(
    ("enterprise", "generic", "specific", "trap_oid"),
    [
        (X, 0, 0, "1.3.6.1.6.3.1.1.5.1"),
        (X, 1, 0, "1.3.6.1.6.3.1.1.5.2"),
        (X, 2, 0, "1.3.6.1.6.3.1.1.5.3"),
        (X, 3, 99, "1.3.6.1.6.3.1.1.5.4"),
        (X, 4, 0, "1.3.6.1.6.3.1.1.5.5"),
        (X, 5, 0, "1.3.6.1.6.3.1.1.5.6"),
        (X, 6, 0, f"{X}.0.0"),
        (X, 6, 2**31 - 1, f"{X}.0.2147483647"),
        (f"{X}.0", 6, 17, f"{X}.0.17"),
        (f"{X}.10", 6, 17, f"{X}.10.0.17"),
        (X, 6, -1, f"{X}.0"),
        (f"{X}.0", 6, -1, f"{X}.0"),
        (X, 6, 2**32, f"{X}.0"),
        (X, 7, 3, f"{X}.0.3"),
        (X, -1, 3, f"{X}.0.3"),
    ],
)
def test_a_v1_trap_gets_its_v2_name(enterprise: str, generic: int, specific: int, trap_oid: str) -> None:
    notification = decode(trap_v1(enterprise, generic, specific))
    assert notification.trap_oid == trap_oid
    assert (notification.enterprise, notification.generic, notification.specific) == (enterprise, generic, specific)
    assert (notification.agent_address, notification.uptime) == ("10.0.0.1", 5)
    assert notification.varbinds == (VarBind(PORT, "INTEGER", 5),)


def test_an_agent_address_of_zeros_or_of_another_size_is_none() -> None:
    assert decode(trap_v1(X, 6, 1, agent=bytes(4))).agent_address is None
    assert decode(trap_v1(X, 6, 1, agent=b"")).agent_address is None


def test_the_enterprise_of_a_v2_trap_is_known_and_its_binding_stays() -> None:
    enterprise = VarBind("1.3.6.1.6.3.1.1.4.3.0", "OBJECT IDENTIFIER", X)
    address = VarBind("1.3.6.1.6.3.18.1.3.0", "IpAddress", "10.1.2.3")
    datagram = encode.trap_v2c(community="c", trap_oid=COLD_START, uptime=1, varbinds=[address, enterprise])
    notification = decode(datagram)
    assert notification.enterprise == X
    assert notification.varbinds == (address, enterprise)


@pytest.mark.parametrize(
    ("octets", "oid"),
    [
        (binding(b"\x4f\x01\x05"), PORT),
        (binding(b"\x02\x00"), PORT),
        (binding(b"\x05\x01\x00"), PORT),
        (binding(b"\x40\x05\x0a\x00\x00\x00\x01"), PORT),
        (binding(b"\x06\x02\x2b\x86"), PORT),
        (binding(b"\x06\x00"), PORT),
        (binding(b"\x46\x09" + b"\xff" * 9), PORT),
        (binding(b"\x04\x7fabc"), PORT),
        (binding(b"\xbf\x81\x01\x00"), PORT),
        (binding(b"\x24\x03\x04\x01a"), PORT),
        (binding(b"\x80\x01\x00"), PORT),
        (binding(b""), PORT),
        (element(0x30, b"\x06\x00\x05\x00"), ""),
        (element(0x30, b"\x06\x02\x2b\x86\x02\x01\x05"), ""),
        (element(0x30, b"\x06\x06\x2b\xff\xff\xff\xff\x7f\x02\x01\x05"), ""),
        (element(0x30, b"\x04\x01\x2b\x02\x01\x05"), ""),
        (element(0x30, b"\x06\x7f\x2b"), ""),
        (element(0x30, b""), ""),
        (element(0x31, name(PORT) + integer(5)), ""),
        (b"\x05\x00", ""),
    ],
)
def test_one_odd_binding_costs_only_itself(octets: bytes, oid: str) -> None:
    notification = decode(trap(UPTIME + TRAP_OID + GOOD + octets + GOOD))
    good = VarBind(PORT, "INTEGER", 5)
    assert notification.varbinds == (good, VarBind(oid, "undecoded", octets), good)
    assert notification.irregular == ("undecoded_varbind",)
    assert notification.trap_oid == COLD_START


@pytest.mark.parametrize("octets", [b"\x30", b"\x30\x01", b"\x30\x00\x06"])
def test_a_list_that_stops_short_is_refused(octets: bytes) -> None:
    with pytest.raises(Truncated):
        decode(trap(UPTIME + TRAP_OID + octets))


def test_a_binding_shorter_than_any_at_the_end_of_the_datagram_is_kept() -> None:
    found = decode(trap(UPTIME + TRAP_OID + b"\x30\x01\x06"))
    assert found.varbinds == (VarBind("", "undecoded", b"\x30\x01\x06"),)


def test_a_padded_length_is_not_mistaken_for_a_short_one_that_fits() -> None:
    """Read as a short length, 0x81 makes these octets a regular binding of an OID seen before; they are two bindings."""
    decode(trap(UPTIME + TRAP_OID + element(0x30, b"\x06\x06\x02\x2b\x06\x05\x00\x30\x05\x00")))
    padded = b"\x30\x81\x06\x06\x02\x2b\x06\x05\x00"
    odd = b"\x30\x04\x77abc"
    found = decode(trap(UPTIME + TRAP_OID + padded + odd + GOOD * 6))
    assert found.varbinds[:2] == (VarBind("1.3.6", "NULL", None), VarBind("", "undecoded", odd))
    assert found.varbinds[2:] == (VarBind(PORT, "INTEGER", 5),) * 6
    assert found.irregular == ("non_minimal_length", "undecoded_varbind")


def test_an_odd_trap_oid_is_kept_as_a_binding() -> None:
    odd = binding(b"\x06\x00", "1.3.6.1.6.3.1.1.4.1.0")
    notification = decode(trap(UPTIME + odd + GOOD))
    assert (notification.trap_oid, notification.uptime) == ("", 5)
    assert notification.varbinds[0] == VarBind("1.3.6.1.6.3.1.1.4.1.0", "undecoded", odd)
    assert notification.irregular == ("no_trap_oid", "undecoded_varbind")


@pytest.mark.parametrize(
    ("value", "varbind_value"),
    [
        (integer(2**31), 2**31),
        (integer(-(2**63)), -(2**63)),
        (integer(2**64 - 1), 2**64 - 1),
        (integer(2**64), b"\x01" + bytes(8)),
        (integer(-(2**63) - 1), b"\xff\x7f" + b"\xff" * 7),
    ],
)
def test_a_wide_integer_is_kept(value: bytes, varbind_value: int | bytes) -> None:
    notification = decode(trap(UPTIME + TRAP_OID + binding(value)))
    assert notification.varbinds == (VarBind(PORT, "INTEGER", varbind_value),)
    assert notification.irregular == ("wide_integer",)


@pytest.mark.parametrize(
    ("octets", "flagged"),
    [
        (b"", False),
        ("Łącze 3/5 nie działa\r\n".encode(), False),
        ("Straße gesperrt".encode("latin-1"), True),
        ("Порт 5\tавария\r\n\x00".encode("cp1251"), True),
        (b"HWTC\xaa\xbb\xcc\xdd", False),
        (b"\xa4\xb5\xc6\xd7\xe8\xf9", False),
        (b"\x07\xe8\x0b\x17\x0d\x27\x25\x00\x2b\x02\x00", False),
    ],
)
def test_text_in_a_code_page_is_told_from_binary(octets: bytes, flagged: bool) -> None:
    notification = decode(trap(UPTIME + TRAP_OID + binding(element(0x04, octets))))
    assert notification.varbinds[0].value == octets
    assert ("text_not_utf8" in notification.irregular) == flagged


def test_the_answer_to_an_inform_echoes_the_octets_received() -> None:
    bindings = b"\x30\x81" + UPTIME[1:] + TRAP_OID + binding(b"\x02\x03\x00\x00\x05") + b"\x05\x00"
    request_id = b"\x02\x04\x00\x00\x00\x07"
    body = request_id + integer(0) * 2 + b"\x30\x82" + len(bindings).to_bytes(2, "big") + bindings
    datagram = message(element(0xA6, body)) + b"padding"
    answer = inform_response(datagram)
    assert answer == message(element(0xA2, body))
    assert decode_response(answer).request_id == decode(datagram).request_id == 7


def test_the_answer_to_an_inform_carries_no_error() -> None:
    datagram = message(element(0xA6, integer(7) + integer(3) + integer(4) + element(0x30, UPTIME + TRAP_OID)))
    answer = decode_response(inform_response(datagram))
    assert (answer.error_status, answer.error_index) == (0, 0)


@pytest.mark.parametrize("kind", ["trap", "inform"])
@pytest.mark.parametrize("padding", [b"", bytes(7)])
def test_a_scoped_pdu_of_v3(kind: str, padding: bytes) -> None:
    pdu = encode.notification_pdu("trap" if kind == "trap" else "inform", COLD_START, 5, [VarBind(PORT, "INTEGER", 5)], 7)
    octets = encode.scoped_pdu(pdu, context_engine_id=b"\x80\x01", context="pon") + padding
    notification = decode_scoped_pdu(octets, user="noc", engine_id=b"\x80\x00\x1f")
    assert notification == Notification(
        version="3",
        kind="trap" if kind == "trap" else "inform",
        security="noc",
        trap_oid=COLD_START,
        uptime=5,
        varbinds=(VarBind(PORT, "INTEGER", 5),),
        request_id=7,
        engine_id="80001f",
        context="pon",
    )
    alone = decode_pdu(pdu, version="3", security="noc")
    assert (alone.kind, alone.varbinds) == (notification.kind, notification.varbinds)
