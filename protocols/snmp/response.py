"""Responses of v1 and v2c: the answer to an INFORM, and decoding any Response. A manager's are in ``manager/``."""

from typing import Literal

from msgspec import Struct

from protocols.snmp import ber
from protocols.snmp.errors import BadVersion, WrongPdu
from protocols.snmp.notification import VarBind
from protocols.snmp.pdu import INFORM, PDU_NAMES, RESPONSE, read_common_header, read_varbind_list
from protocols.snmp.peek import read_version


class Response(Struct, frozen=True, kw_only=True):
    """A Response PDU of v1 or v2c. ``error_status`` 0 is noError; ``error_index`` counts bindings from 1."""

    version: Literal["1", "2c"]
    community: bytes
    request_id: int
    error_status: int
    error_index: int
    varbinds: tuple[VarBind, ...]
    irregular: tuple[str, ...] = ()


def decode_response(datagram: bytes) -> Response:
    """Decode a v1 or v2c message that holds a Response. Raises SnmpRefusal: WrongPdu for any other PDU, BadVersion for v3."""
    odd: set[str] = set()
    version, pos, end = read_version(datagram, odd)
    if version == 3:
        raise BadVersion("SNMPv3, where v1 or v2c is expected")
    community, pos = ber.read_octets(datagram, pos, end, odd, "community")
    start, stop = _read_pdu(datagram, pos, end, odd, RESPONSE)
    request_id, error_status, error_index, pos = read_common_header(datagram, start, stop, odd)
    bindings = read_varbind_list(datagram, pos, stop, odd)
    return Response(
        version="2c" if version else "1",
        community=community,
        request_id=request_id,
        error_status=error_status,
        error_index=error_index,
        varbinds=tuple(bindings),
        irregular=tuple(sorted(odd)) if odd else (),
    )


def inform_response(datagram: bytes) -> bytes:
    """The Response that acknowledges a v2c INFORM (RFC 3416 section 4.2.7).

    Version, community, request-id and the variable bindings are the octets received, whatever their encoding; error-status
    and error-index are 0. Raises SnmpRefusal when the datagram is no v2c INFORM.
    """
    odd: set[str] = set()
    version, after_version, end = read_version(datagram, odd)
    if version != 1:
        raise BadVersion("an INFORM that is not SNMPv2c")
    _, pos = ber.read_octets(datagram, after_version, end, odd, "community")
    start, stop = _read_pdu(datagram, pos, end, odd, INFORM)
    _, after_request_id = ber.read_integer(datagram, start, stop, odd, "request-id")
    _, _, _, bindings = read_common_header(datagram, start, stop, odd)
    _, bindings_end = ber.read_element(datagram, bindings, stop, odd, ber.SEQUENCE, "variable-bindings")
    no_error = ber.integer(0) * 2
    body = datagram[start:after_request_id] + no_error + datagram[bindings:bindings_end]
    message_start, _ = ber.read_element(datagram, 0, len(datagram), odd, ber.SEQUENCE, "an SNMP message")
    return ber.element(ber.SEQUENCE, datagram[message_start:pos] + ber.element(RESPONSE, body))


def _read_pdu(data: bytes, pos: int, end: int, odd: set[str], wanted: int) -> tuple[int, int]:
    tag, start, stop = ber.read_header(data, pos, end, odd)
    if tag != wanted:
        raise WrongPdu(f"{PDU_NAMES[wanted]} is expected, got {PDU_NAMES.get(tag, hex(tag))}", pos)
    return start, stop
