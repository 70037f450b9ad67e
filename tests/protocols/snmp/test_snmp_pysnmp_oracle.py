"""pysnmp reads our messages as we meant them, and we read pysnmp's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder  # type: ignore[import-untyped]
from pysnmp.proto import api, rfc1902  # type: ignore[import-untyped]

from protocols.snmp import encode
from protocols.snmp.message import decode
from protocols.snmp.notification import ValueType, VarBind
from protocols.snmp.response import decode_response, inform_response

V1 = api.PROTOCOL_MODULES[api.SNMP_VERSION_1]
V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]

ALL_TYPES: tuple[VarBind, ...] = (
    VarBind("1.3.6.1.4.1.1.1", "INTEGER", -(2**31)),
    VarBind("1.3.6.1.4.1.1.2", "INTEGER", 2**31 - 1),
    VarBind("1.3.6.1.4.1.1.3", "OCTET STRING", b"HWTC\x0a\x1b\x2c\x3d"),
    VarBind("1.3.6.1.4.1.1.4", "OCTET STRING", bytes(300)),
    VarBind("1.3.6.1.4.1.1.5", "OBJECT IDENTIFIER", "2.999.4294967295.1"),
    VarBind("1.3.6.1.4.1.1.6", "IpAddress", "255.0.127.1"),
    VarBind("1.3.6.1.4.1.1.7", "Counter32", 2**32 - 1),
    VarBind("1.3.6.1.4.1.1.8", "Gauge32", 128),
    VarBind("1.3.6.1.4.1.1.9", "TimeTicks", 2**31),
    VarBind("1.3.6.1.4.1.1.10", "Opaque", b"opaque data"),
    VarBind("1.3.6.1.4.1.4194313472.4294967295", "Counter64", 2**64 - 1),
)
PYSNMP_NAMES: dict[str, ValueType] = {
    "Integer": "INTEGER",
    "Integer32": "INTEGER",
    "OctetString": "OCTET STRING",
    "ObjectIdentifier": "OBJECT IDENTIFIER",
    "IpAddress": "IpAddress",
    "NetworkAddress": "IpAddress",
    "Counter": "Counter32",
    "Counter32": "Counter32",
    "Gauge": "Gauge32",
    "Gauge32": "Gauge32",
    "Unsigned32": "Gauge32",
    "TimeTicks": "TimeTicks",
    "Opaque": "Opaque",
    "Counter64": "Counter64",
    "Null": "NULL",
    "NoSuchObject": "noSuchObject",
    "NoSuchInstance": "noSuchInstance",
    "EndOfMibView": "endOfMibView",
}


def from_pysnmp(oid: Any, value: Any) -> VarBind:
    kind = PYSNMP_NAMES[type(value).__name__]
    if kind in ("OCTET STRING", "Opaque"):
        return VarBind(str(oid), kind, bytes(value))
    if kind == "IpAddress":
        return VarBind(str(oid), kind, ".".join(map(str, value.asNumbers())))
    if kind == "OBJECT IDENTIFIER":
        return VarBind(str(oid), kind, str(value))
    if kind in ("NULL", "noSuchObject", "noSuchInstance", "endOfMibView"):
        return VarBind(str(oid), kind, None)
    return VarBind(str(oid), kind, int(value))


def read(module: Any, datagram: bytes) -> tuple[Any, list[VarBind]]:
    message, rest = decoder.decode(datagram, asn1Spec=module.Message())
    assert rest == b""
    pdu = module.apiMessage.get_pdu(message)
    api_pdu = module.apiTrapPDU if isinstance(pdu, V1.TrapPDU) else module.apiPDU
    return message, [from_pysnmp(oid, value) for oid, value in api_pdu.get_varbinds(pdu)]


def identity(trap_oid: str, uptime: int) -> list[VarBind]:
    return [
        VarBind("1.3.6.1.2.1.1.3.0", "TimeTicks", uptime),
        VarBind("1.3.6.1.6.3.1.1.4.1.0", "OBJECT IDENTIFIER", trap_oid),
    ]


def test_pysnmp_reads_our_trap() -> None:
    datagram = encode.trap_v2c(
        community="public", trap_oid="1.3.6.1.4.1.1.0.1", uptime=7, varbinds=ALL_TYPES, request_id=2**31 - 1
    )
    message, varbinds = read(V2C, datagram)
    assert varbinds == identity("1.3.6.1.4.1.1.0.1", 7) + list(ALL_TYPES)
    assert bytes(V2C.apiMessage.get_community(message)) == b"public"
    assert int(V2C.apiPDU.get_request_id(V2C.apiMessage.get_pdu(message))) == 2**31 - 1


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.integers(-(2**31), 2**31 - 1),
    st.binary(max_size=200),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(0, 2**32 - 1), max_size=10),
)
def test_pysnmp_reads_what_we_write_whatever_the_values(
    number: int, octets: bytes, unsigned: int, wide: int, sub_ids: list[int]
) -> None:
    oid = ".".join(map(str, (1, 3, *sub_ids)))
    varbinds = [
        VarBind(oid, "INTEGER", number),
        VarBind(oid, "OCTET STRING", octets),
        VarBind(oid, "Gauge32", unsigned),
        VarBind(oid, "Counter64", wide),
        VarBind(oid, "OBJECT IDENTIFIER", oid),
    ]
    datagram = encode.trap_v2c(community="c", trap_oid=oid, uptime=unsigned, varbinds=varbinds, request_id=number)
    assert read(V2C, datagram)[1] == identity(oid, unsigned) + varbinds
    if number >= 0:
        # Both are minimal, so they are the same octets. (pyasn1 writes -2^n with a redundant 0xff, against X.690 8.3.2.)
        assert encoder.encode(decoder.decode(datagram, asn1Spec=V2C.Message())[0]) == datagram


def test_pysnmp_reads_our_v1_trap() -> None:
    # v1 has no Counter64; and pyasn1 writes -2^31 with a redundant 0xff, so its octets could not be compared.
    varbinds = [each for each in ALL_TYPES if each.type != "Counter64" and each.value != -(2**31)]
    datagram = encode.trap_v1(
        community="public",
        enterprise="1.3.6.1.4.1.2011",
        agent_address="10.1.2.3",
        generic=6,
        specific=9003,
        uptime=2**32 - 1,
        varbinds=varbinds,
    )
    message, found = read(V1, datagram)
    pdu = V1.apiMessage.get_pdu(message)
    assert found == varbinds
    assert str(V1.apiTrapPDU.get_enterprise(pdu)) == "1.3.6.1.4.1.2011"
    assert (int(V1.apiTrapPDU.get_generic_trap(pdu)), int(V1.apiTrapPDU.get_specific_trap(pdu))) == (6, 9003)
    assert int(V1.apiTrapPDU.get_timestamp(pdu)) == 2**32 - 1
    assert encoder.encode(message) == datagram


@pytest.mark.parametrize("build", [encode.get, encode.get_next, encode.get_bulk])
def test_pysnmp_reads_our_requests(build: Any) -> None:
    datagram = build(community="public", oids=["1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.2.2.1.2"], request_id=-5)
    message, _ = decoder.decode(datagram, asn1Spec=V2C.Message())
    pdu = V2C.apiMessage.get_pdu(message)
    expected = {encode.get: V2C.GetRequestPDU, encode.get_next: V2C.GetNextRequestPDU, encode.get_bulk: V2C.GetBulkRequestPDU}
    assert isinstance(pdu, expected[build])
    assert int(V2C.apiBulkPDU.get_request_id(pdu) if build is encode.get_bulk else V2C.apiPDU.get_request_id(pdu)) == -5
    assert [str(binding[0]) for binding in pdu[3]] == ["1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.2.2.1.2"]


def test_pysnmp_reads_our_answer_to_an_inform() -> None:
    datagram = encode.inform(community="c", trap_oid="1.3.6.1.6.3.1.1.5.3", uptime=7, varbinds=ALL_TYPES, request_id=77)
    message, varbinds = read(V2C, inform_response(datagram))
    pdu = V2C.apiMessage.get_pdu(message)
    assert isinstance(pdu, V2C.ResponsePDU)
    assert int(V2C.apiPDU.get_request_id(pdu)) == 77
    assert int(V2C.apiPDU.get_error_status(pdu)) == 0
    assert varbinds == identity("1.3.6.1.6.3.1.1.5.3", 7) + list(ALL_TYPES)


def test_we_read_what_pysnmp_writes() -> None:
    pdu = V2C.SNMPv2TrapPDU()
    V2C.apiTrapPDU.set_defaults(pdu)
    V2C.apiTrapPDU.set_varbinds(
        pdu,
        [
            ("1.3.6.1.2.1.1.3.0", rfc1902.TimeTicks(7)),
            ("1.3.6.1.6.3.1.1.4.1.0", rfc1902.ObjectIdentifier("1.3.6.1.6.3.1.1.5.3")),
            ("1.3.6.1.4.1.1.1", rfc1902.Integer32(-129)),
            ("1.3.6.1.4.1.1.2", rfc1902.OctetString(hexValue="00ff80")),
            ("1.3.6.1.4.1.1.3", rfc1902.IpAddress("10.1.2.3")),
            ("1.3.6.1.4.1.1.4", rfc1902.Counter64(2**63)),
            ("1.3.6.1.4.1.1.5", rfc1902.Gauge32(2**31)),
        ],
    )
    message = V2C.Message()
    V2C.apiMessage.set_defaults(message)
    V2C.apiMessage.set_community(message, "noc")
    V2C.apiMessage.set_pdu(message, pdu)
    found = decode(encoder.encode(message))
    assert (found.security, found.trap_oid, found.uptime) == ("noc", "1.3.6.1.6.3.1.1.5.3", 7)
    assert [(each.type, each.value) for each in found.varbinds] == [
        ("INTEGER", -129),
        ("OCTET STRING", b"\x00\xff\x80"),
        ("IpAddress", "10.1.2.3"),
        ("Counter64", 2**63),
        ("Gauge32", 2**31),
    ]
    assert found.irregular == ()


def test_we_read_the_exceptions_of_a_response_that_pysnmp_reads_too() -> None:
    varbinds = (
        VarBind("1.3.6.1.2.1.1.1.0", "noSuchObject", None),
        VarBind("1.3.6.1.2.1.1.2.0", "noSuchInstance", None),
        VarBind("1.3.6.1.2.1.1.3.0", "endOfMibView", None),
    )
    datagram = encode.response(community="c", request_id=1, varbinds=varbinds, error_status=5, error_index=2)
    assert read(V2C, datagram)[1] == list(varbinds)
    answer = decode_response(datagram)
    assert (answer.error_status, answer.error_index, answer.varbinds) == (5, 2, varbinds)
