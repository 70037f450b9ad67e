"""Encoding traps, INFORMs and requests of v1 and v2c, and the ScopedPDU of v3.

``community`` is bytes, or a str of latin-1 characters. Every function raises Unencodable, naming the field, for what SNMP
cannot carry. ``request_id`` is a signed 32-bit number that the caller chooses.
"""

from collections.abc import Sequence
from typing import Any, Literal

from protocols.snmp import ber, pdu
from protocols.snmp.errors import Unencodable
from protocols.snmp.notification import ValueType, VarBind
from protocols.snmp.oid import encode_oid
from protocols.snmp.response import Response, decode_response, inform_response
from protocols.snmp.usm.scoped_pdu import scoped_pdu
from protocols.snmp.values import IP_ADDRESS, encode_value, quad_octets

__all__ = [
    "Response",
    "decode_response",
    "get",
    "get_bulk",
    "get_next",
    "inform",
    "inform_response",
    "notification_pdu",
    "response",
    "scoped_pdu",
    "set_",
    "trap_v1",
    "trap_v2c",
]

Community = bytes | str
CommunityVersion = Literal["1", "2c"]


def trap_v1(
    *,
    community: Community,
    enterprise: str,
    agent_address: str,
    generic: int,
    specific: int,
    uptime: int,
    varbinds: Sequence[VarBind] = (),
) -> bytes:
    """An SNMPv1 message with a Trap-PDU (RFC 1157 section 4.1.6). ``uptime`` in hundredths of a second."""
    body = (
        ber.element(ber.OBJECT_IDENTIFIER, encode_oid(enterprise))
        + ber.element(IP_ADDRESS, quad_octets("agent_address", agent_address))
        + _int32("generic", generic)
        + _int32("specific", specific)
        + encode_value("TimeTicks", uptime)
        + _varbind_list(varbinds)
    )
    return _message("1", community, ber.element(pdu.TRAP_V1, body))


def trap_v2c(
    *, community: Community, trap_oid: str, uptime: int, varbinds: Sequence[VarBind] = (), request_id: int = 0
) -> bytes:
    """An SNMPv2c message with an SNMPv2-Trap; ``uptime`` (1/100 s) and ``trap_oid`` become its first bindings."""
    return _message("2c", community, notification_pdu("trap", trap_oid, uptime, varbinds, request_id))


def inform(*, community: Community, trap_oid: str, uptime: int, varbinds: Sequence[VarBind] = (), request_id: int) -> bytes:
    """An SNMPv2c message with an InformRequest; otherwise as ``trap_v2c``."""
    return _message("2c", community, notification_pdu("inform", trap_oid, uptime, varbinds, request_id))


def notification_pdu(
    kind: Literal["trap", "inform"], trap_oid: str, uptime: int, varbinds: Sequence[VarBind] = (), request_id: int = 0
) -> bytes:
    """The SNMPv2-Trap or InformRequest PDU alone, for SNMPv3."""
    identity = (VarBind(pdu.SYS_UP_TIME, "TimeTicks", uptime), VarBind(pdu.SNMP_TRAP_OID, "OBJECT IDENTIFIER", trap_oid))
    return _pdu(pdu.TRAP_V2 if kind == "trap" else pdu.INFORM, request_id, 0, 0, (*identity, *varbinds))


def response(
    *,
    community: Community,
    request_id: int,
    varbinds: Sequence[VarBind],
    error_status: int = 0,
    error_index: int = 0,
    version: CommunityVersion = "2c",
) -> bytes:
    """A Response as an agent sends it. ``inform_response`` is the answer to an INFORM."""
    return _message(version, community, _pdu(pdu.RESPONSE, request_id, error_status, error_index, varbinds))


def get(*, community: Community, oids: Sequence[str], request_id: int, version: CommunityVersion = "2c") -> bytes:
    """A GetRequest for the instances ``oids``."""
    return _message(version, community, _pdu(pdu.GET, request_id, 0, 0, _unspecified(oids)))


def get_next(*, community: Community, oids: Sequence[str], request_id: int, version: CommunityVersion = "2c") -> bytes:
    """A GetNextRequest for what follows ``oids``."""
    return _message(version, community, _pdu(pdu.GET_NEXT, request_id, 0, 0, _unspecified(oids)))


def get_bulk(
    *, community: Community, oids: Sequence[str], request_id: int, non_repeaters: int = 0, max_repetitions: int = 10
) -> bytes:
    """A GetBulkRequest (v2c): the first ``non_repeaters`` OIDs once, the others up to ``max_repetitions`` times."""
    for field, value in (("non_repeaters", non_repeaters), ("max_repetitions", max_repetitions)):
        if value < 0:
            raise Unencodable(field, value, "must not be negative")
    return _message("2c", community, _pdu(pdu.GET_BULK, request_id, non_repeaters, max_repetitions, _unspecified(oids)))


def set_(*, community: Community, varbinds: Sequence[VarBind], request_id: int, version: CommunityVersion = "2c") -> bytes:
    """A SetRequest."""
    return _message(version, community, _pdu(pdu.SET, request_id, 0, 0, varbinds))


def _unspecified(oids: Sequence[str]) -> tuple[VarBind, ...]:
    return tuple(VarBind(oid, "NULL", None) for oid in oids)


def _message(version: CommunityVersion, community: Community, octets: bytes) -> bytes:
    number = ber.integer(0 if version == "1" else 1)
    return ber.element(ber.SEQUENCE, number + ber.element(ber.OCTET_STRING, _community(community)) + octets)


def _community(community: Community) -> bytes:
    if isinstance(community, bytes):
        return community
    try:
        return community.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Unencodable("community", community, "must be latin-1 characters, or bytes") from error


def _pdu(tag: int, request_id: int, second: int, third: int, varbinds: Sequence[VarBind]) -> bytes:
    head = _int32("request_id", request_id) + _int32("error_status", second) + _int32("error_index", third)
    return ber.element(tag, head + _varbind_list(varbinds))


def _int32(field: str, value: int) -> bytes:
    if not -(2**31) <= value < 2**31:
        raise Unencodable(field, value, "must fit 32 bits")
    return ber.integer(value)


def _varbind_list(varbinds: Sequence[VarBind]) -> bytes:
    return ber.element(ber.SEQUENCE, b"".join(_varbind(binding.oid, binding.type, binding.value) for binding in varbinds))


def _varbind(oid: str, type_: ValueType, value: Any) -> bytes:
    if type_ == "undecoded":
        # The octets are a whole binding, as they came.
        if not isinstance(value, bytes):
            raise Unencodable("undecoded", value, "must be bytes")
        return value
    return ber.element(ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, encode_oid(oid)) + encode_value(type_, value))
