"""What is refused: each limit at its edge and one beyond, and each structure that is no notification, by its own reason."""

import pytest

from protocols.snmp import encode
from protocols.snmp.ber import element, integer
from protocols.snmp.encode import inform_response
from protocols.snmp.errors import REASONS, REFUSALS, SnmpRefusal
from protocols.snmp.message import MAX_DATAGRAM, decode, decode_pdu, decode_scoped_pdu, peek
from protocols.snmp.notification import VarBind
from protocols.snmp.oid import encode_oid

COLD_START = "1.3.6.1.6.3.1.1.5.1"
IDENTITY = element(0x30, element(0x06, encode_oid("1.3.6.1.2.1.1.3.0")) + element(0x43, b"\x05")) + element(
    0x30, element(0x06, encode_oid("1.3.6.1.6.3.1.1.4.1.0")) + element(0x06, encode_oid(COLD_START))
)


ENCRYPTED = element(0x04, b"encrypted")


def message(version: int, pdu: bytes) -> bytes:
    return element(0x30, integer(version) + element(0x04, b"public") + pdu)


def pdu(tag: int, varbinds: bytes) -> bytes:
    return element(tag, integer(7) + integer(0) + integer(0) + element(0x30, varbinds))


def trap(varbinds: bytes) -> bytes:
    return message(1, pdu(0xA7, IDENTITY + varbinds))


def binding(value: bytes, oid: str = "1.3.6.1.4.1.1") -> bytes:
    return element(0x30, element(0x06, encode_oid(oid)) + value)


def nested(levels: int) -> bytes:
    octets = b"\x05\x00"
    for _ in range(levels):
        octets = element(0x30, octets)
    return octets


def header_v3(
    flags: bytes = b"\x04", model: int = 3, engine: bytes = b"\x80engine", user: bytes = b"noc", boots: int = 1, msg_id: int = 9
) -> bytes:
    parameters = element(
        0x30,
        element(4, engine) + integer(boots) + integer(2) + element(4, user) + element(4, b"") + element(4, b""),
    )
    head = element(0x30, integer(msg_id) + integer(65507) + element(4, flags) + integer(model))
    return element(0x30, integer(3) + head + element(4, parameters) + ENCRYPTED)


LONG_OID = element(0x06, b"\x2b" + b"\x01" * 127)

REFUSED = {
    "a datagram of 8,193 octets": ("oversize", trap(b"").ljust(MAX_DATAGRAM + 1, b"\0")),
    "257 bindings": ("too_many_varbinds", trap(binding(b"\x05\x00", "1.3") * 255)),
    "a value nested to level 9": ("too_deep", trap(binding(nested(5)))),
    "a name of 129 sub-identifiers": ("oid_too_long", trap(element(0x30, LONG_OID + b"\x05\x00"))),
    "an OID value of 129 sub-identifiers": ("oid_too_long", trap(binding(LONG_OID))),
    "a message of indefinite length": ("indefinite_length", b"\x30\x80" + trap(b"")[2:] + b"\0\0"),
    "a binding of indefinite length": ("indefinite_length", trap(b"\x30\x80\x06\x01\x2b\x05\x00\x00\x00")),
    "a value of indefinite length": ("indefinite_length", trap(binding(b"\x24\x80\x04\x01a\x00\x00"))),
    "no octets": ("truncated", b""),
    "one octet": ("truncated", b"\x30"),
    "a trap without its last octet": ("truncated", trap(binding(b"\x05\x00"))[:-1]),
    "a binding longer than its list": ("truncated", trap(b"\x30\x7f\x06\x01\x2b\x05\x00")),
    "a list that ends inside its last binding": (
        "truncated",
        message(1, element(0xA7, integer(7) + integer(0) * 2 + b"\x30" + bytes((len(IDENTITY) - 1,)) + IDENTITY)),
    ),
    "a message without a PDU": ("truncated", message(1, b"")),
    "a reserved length octet": ("bad_length", b"\x30\xff\x00"),
    "no SEQUENCE": ("bad_tag", b"\x04" + trap(b"")[1:]),
    "a tag of two octets for the PDU": ("bad_tag", message(0, b"\xbf\x04\x00")),
    "a PDU that does not exist": ("bad_tag", message(1, pdu(0xA9, b""))),
    "a community that is an integer": ("bad_tag", element(0x30, integer(1) + integer(1) + pdu(0xA7, b""))),
    "a request-id without content": ("bad_integer", message(1, element(0xA7, b"\x02\x00" + integer(0) * 2 + b"\x30\x00"))),
    "a request-id of 65 bits": ("bad_integer", message(1, element(0xA7, integer(2**64) + integer(0) * 2 + b"\x30\x00"))),
    "a v1 enterprise that does not end": (
        "bad_oid",
        message(0, element(0xA4, b"\x06\x02\x2b\x86" + b"\x40\x04\x0a\0\0\1" + integer(0) * 2 + b"\x43\x01\x05\x30\x00")),
    ),
    "version 2": ("bad_version", message(2, pdu(0xA7, b""))),
    "version -1": ("bad_version", message(-1, pdu(0xA7, b""))),
    "version 3": ("bad_version", header_v3()),
    "a v1 Trap-PDU in v2c": ("wrong_pdu", message(1, pdu(0xA4, b""))),
    "an SNMPv2-Trap in v1": ("wrong_pdu", message(0, pdu(0xA7, IDENTITY))),
    "an INFORM in v1": ("wrong_pdu", message(0, pdu(0xA6, IDENTITY))),
    "a GetRequest": ("not_a_notification", encode.get(community="public", oids=["1.3.6"], request_id=1)),
    "a GetNextRequest": ("not_a_notification", encode.get_next(community="public", oids=["1.3.6"], request_id=1, version="1")),
    "a GetBulkRequest": ("not_a_notification", encode.get_bulk(community="public", oids=["1.3.6"], request_id=1)),
    "a Response": ("not_a_notification", encode.response(community="public", request_id=1, varbinds=[])),
    "a SetRequest": (
        "not_a_notification",
        encode.set_(community="public", request_id=1, varbinds=[VarBind("1.3", "INTEGER", 1)]),
    ),
    "a Report": ("not_a_notification", message(1, pdu(0xA8, b""))),
}
REFUSED_HEADERS = {
    "nothing behind the security parameters": ("truncated", element(0x30, header_v3()[2 : -len(ENCRYPTED)])),
    "an unknown security model": ("bad_security_model", header_v3(model=1)),
    "flags of two octets": ("bad_value", header_v3(flags=b"\x04\x00")),
    "privacy without authentication": ("bad_value", header_v3(flags=b"\x02")),
    "an engine id of 33 octets": ("bad_value", header_v3(engine=bytes(33))),
    "a user name of 33 octets": ("bad_value", header_v3(user=b"u" * 33)),
    "negative boots": ("bad_integer", header_v3(boots=-1)),
    "a message id of 32 bits": ("bad_integer", header_v3(msg_id=2**31)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_decode_refuses(name: str) -> None:
    reason, datagram = REFUSED[name]
    with pytest.raises(SnmpRefusal) as caught:
        decode(datagram)
    assert caught.value.reason == reason
    assert caught.value.detail


@pytest.mark.parametrize("name", REFUSED_HEADERS)
def test_peek_refuses(name: str) -> None:
    reason, datagram = REFUSED_HEADERS[name]
    with pytest.raises(SnmpRefusal) as caught:
        peek(datagram)
    assert caught.value.reason == reason


def test_every_reason_is_tried_here() -> None:
    assert {reason for reason, _ in (*REFUSED.values(), *REFUSED_HEADERS.values())} == set(REASONS)
    assert len(set(REASONS)) == len(REFUSALS)


def test_the_refusal_names_the_pdu_and_the_place() -> None:
    with pytest.raises(SnmpRefusal, match="not_a_notification at octet 13: GetRequest"):
        decode(encode.get(community="public", oids=["1.3.6"], request_id=1))


def test_at_the_edge_of_each_limit_the_trap_is_taken() -> None:
    assert len(decode(trap(binding(b"\x05\x00", "1.3") * 254)).varbinds) == 254
    longest = "1.3" + ".1" * 126
    assert decode(trap(binding(b"\x05\x00", longest))).varbinds[0].oid == longest
    largest = trap(binding(element(0x04, b"x" * 8000)))
    filled = trap(binding(element(0x04, b"x" * (8000 + MAX_DATAGRAM - len(largest)))))
    assert len(filled) == MAX_DATAGRAM
    assert len(decode(filled).varbinds[0].value) > 8000
    assert decode(trap(binding(nested(4)))).varbinds[0].type == "undecoded"


def test_peek_reads_the_v3_header() -> None:
    header = peek(header_v3(flags=b"\x07"))
    assert (header.version, header.msg_id, header.engine_id, header.boots, header.time) == (3, 9, b"\x80engine", 1, 2)
    assert (header.user, header.level, header.reportable) == ("noc", "authPriv", True)


def test_a_user_name_that_is_not_utf8_is_shown_escaped() -> None:
    assert peek(header_v3(user=b"caf\xe9")).user == "caf\\xe9"


def test_peek_reads_the_community_of_v1_and_v2c() -> None:
    assert peek(trap(b"")).community == b"public"
    assert peek(message(0, b"\xa4\x00")).version == 0


def test_pieces_of_a_message_have_the_same_limit_of_size() -> None:
    with pytest.raises(SnmpRefusal, match="oversize"):
        decode_pdu(bytes(MAX_DATAGRAM + 1), version="3", security="noc")
    with pytest.raises(SnmpRefusal, match="oversize"):
        decode_scoped_pdu(bytes(MAX_DATAGRAM + 1), user="noc", engine_id=b"")


@pytest.mark.parametrize(
    "datagram", [trap(b""), message(0, pdu(0xA6, IDENTITY)), header_v3(), encode.get(community="c", oids=[], request_id=1), b""]
)
def test_only_a_v2c_inform_is_acknowledged(datagram: bytes) -> None:
    with pytest.raises(SnmpRefusal):
        inform_response(datagram)
