"""Decoding notifications: a datagram becomes a ``Notification`` or raises a ``SnmpRefusal``, nothing else."""

from typing import Literal

from protocols.snmp import ber
from protocols.snmp.errors import BadVersion, Oversize
from protocols.snmp.notification import Notification
from protocols.snmp.pdu import read_notification
from protocols.snmp.peek import MAX_DATAGRAM, Peek, peek, read_version

__all__ = ["MAX_DATAGRAM", "Peek", "decode", "decode_pdu", "decode_scoped_pdu", "peek"]


def decode(datagram: bytes) -> Notification:
    """Decode a v1 Trap-PDU, a v2c SNMPv2-Trap or an InformRequest.

    Raises SnmpRefusal: BadVersion for v3 (``peek`` routes it elsewhere), NotANotification for the other PDUs, and the rest of
    ``errors.REFUSALS``. ``Notification.irregular`` lists the accepted irregularities.
    """
    odd: set[str] = set()
    version, pos, end = read_version(datagram, odd)
    if version == 3:
        raise BadVersion("SNMPv3, where v1 or v2c is expected")
    community, pos = ber.read_octets(datagram, pos, end, odd, "community")
    return read_notification(datagram, pos, end, odd, "2c" if version else "1", community.decode("latin-1"))


def decode_pdu(octets: bytes, *, version: Literal["1", "2c", "3"], security: str) -> Notification:
    """Decode one notification PDU that stands alone, tag and length included. Raises SnmpRefusal."""
    _check_size(octets)
    return read_notification(octets, 0, len(octets), set(), version, security)


def decode_scoped_pdu(octets: bytes, *, user: str, engine_id: bytes) -> Notification:
    """Decode a plaintext ScopedPDU of SNMPv3 (RFC 3412 section 6) that holds a trap or an INFORM.

    ``engine_id`` is the authoritative engine's, from the message's header. Octets behind the ScopedPDU are padding of the
    cipher (RFC 3414 section 8.1.1.2) and nothing irregular. Raises SnmpRefusal.
    """
    _check_size(octets)
    odd: set[str] = set()
    pos, end = ber.read_element(octets, 0, len(octets), odd, ber.SEQUENCE, "a ScopedPDU")
    _, pos = ber.read_octets(octets, pos, end, odd, "contextEngineID")
    context, pos = ber.read_octets(octets, pos, end, odd, "contextName")
    return read_notification(octets, pos, end, odd, "3", user, engine_id.hex(), context.decode("utf-8", "backslashreplace"))


def _check_size(octets: bytes) -> None:
    if len(octets) > MAX_DATAGRAM:
        raise Oversize(f"{len(octets)} octets, at most {MAX_DATAGRAM} are accepted", MAX_DATAGRAM)
