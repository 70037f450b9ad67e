"""Reports: what an engine answers to a message that it cannot process (RFC 3412 section 7.1 step 3, RFC 3414 section 3.2)."""

from typing import Final

from protocols.snmp import ber
from protocols.snmp.oid import encode_oid
from protocols.snmp.pdu import REPORT
from protocols.snmp.usm.scoped_pdu import scoped_pdu
from protocols.snmp.values import encode_value

_USM_STATS: Final = "1.3.6.1.6.3.15.1.1."
UNSUPPORTED_SECURITY_LEVELS: Final = _USM_STATS + "1.0"
NOT_IN_TIME_WINDOWS: Final = _USM_STATS + "2.0"
UNKNOWN_USER_NAMES: Final = _USM_STATS + "3.0"
UNKNOWN_ENGINE_IDS: Final = _USM_STATS + "4.0"
WRONG_DIGESTS: Final = _USM_STATS + "5.0"
DECRYPTION_ERRORS: Final = _USM_STATS + "6.0"
UNAVAILABLE_CONTEXTS: Final = "1.3.6.1.6.3.12.1.4.0"
UNKNOWN_CONTEXTS: Final = "1.3.6.1.6.3.12.1.5.0"
UNKNOWN_PDU_HANDLERS: Final = "1.3.6.1.6.3.11.2.1.3.0"
"""snmpUnknownPDUHandlers (RFC 3412): no application answers for the context's engine."""


def report_pdu(engine_id: bytes, request_id: int, oid: str, count: int) -> bytes:
    """A ScopedPDU with a Report of the counter ``oid`` (SNMP-USER-BASED-SM-MIB), whose value is ``count`` modulo 2^32."""
    value = encode_value("Counter32", count % 2**32)
    varbind = ber.element(ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, encode_oid(oid)) + value)
    pdu = ber.integer(request_id) + ber.integer(0) * 2 + ber.element(ber.SEQUENCE, varbind)
    return scoped_pdu(ber.element(REPORT, pdu), context_engine_id=engine_id)
