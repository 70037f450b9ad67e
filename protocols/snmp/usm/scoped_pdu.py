"""The ScopedPDU inside an SNMPv3 message (RFC 3412 section 6): context and PDU."""

from protocols.snmp import ber
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.pdu import INFORM, RESPONSE, read_common_header


def scoped_pdu(pdu: bytes, *, context_engine_id: bytes, context: str = "") -> bytes:
    """A plaintext ScopedPDU around ``pdu``."""
    head = ber.element(ber.OCTET_STRING, context_engine_id) + ber.element(ber.OCTET_STRING, context.encode())
    return ber.element(ber.SEQUENCE, head + pdu)


def pdu_position(scoped_pdu: bytes) -> tuple[int, int]:
    """Where the PDU begins, and the end of the ScopedPDU. Raises SnmpRefusal."""
    odd: set[str] = set()
    pos, end = ber.read_element(scoped_pdu, 0, len(scoped_pdu), odd, ber.SEQUENCE, "a ScopedPDU")
    _, pos = ber.read_octets(scoped_pdu, pos, end, odd, "contextEngineID")
    _, pos = ber.read_octets(scoped_pdu, pos, end, odd, "contextName")
    return pos, end


def looks_like_scoped_pdu(octets: bytes) -> bool:
    """True when deciphered octets begin as a ScopedPDU does; with a wrong privacy key they do not."""
    try:
        pdu, end = pdu_position(octets)
        ber.read_header(octets, pdu, end, set())
    except SnmpRefusal:
        return False
    return True


def request_id(scoped_pdu: bytes) -> int:
    """The request-id inside a plaintext ScopedPDU. Raises SnmpRefusal."""
    pdu, end = pdu_position(scoped_pdu)
    _, start, stop = ber.read_header(scoped_pdu, pdu, end, set())
    return ber.read_integer(scoped_pdu, start, stop, set(), "request-id")[0]


def response_pdu(scoped_pdu: bytes) -> bytes:
    """The ScopedPDU that acknowledges the INFORM in ``scoped_pdu``: same context and, octet by octet, same variable bindings.

    Raises SnmpRefusal when it holds no INFORM.
    """
    odd: set[str] = set()
    pdu, end = pdu_position(scoped_pdu)
    context, _ = ber.read_element(scoped_pdu, 0, len(scoped_pdu), odd, ber.SEQUENCE, "a ScopedPDU")
    start, stop = ber.read_element(scoped_pdu, pdu, end, odd, INFORM, "an InformRequest")
    _, after_request_id = ber.read_integer(scoped_pdu, start, stop, odd, "request-id")
    _, _, _, bindings = read_common_header(scoped_pdu, start, stop, odd)
    _, bindings_end = ber.read_element(scoped_pdu, bindings, stop, odd, ber.SEQUENCE, "variable-bindings")
    body = scoped_pdu[start:after_request_id] + ber.integer(0) * 2 + scoped_pdu[bindings:bindings_end]
    return ber.element(ber.SEQUENCE, scoped_pdu[context:pdu] + ber.element(RESPONSE, body))
