"""The seeds: every recorded datagram, and what is inside those of SNMPv3 that can be read."""

import json
from pathlib import Path

from protocols.snmp import ber
from protocols.snmp.errors import SnmpRefusal

DATA = Path(__file__).parents[1] / "data" / "datagrams.jsonl"


def datagrams() -> list[bytes]:
    """As they were recorded."""
    return [bytes.fromhex(json.loads(line)["hex"]) for line in DATA.read_text().splitlines()]


def scoped_pdus() -> list[bytes]:
    """Plaintext ScopedPDUs: those of noAuthNoPriv and authNoPriv messages, and one around each v2c PDU."""
    found = []
    for datagram in datagrams():
        try:
            start, end = ber.read_element(datagram, 0, len(datagram), set(), ber.SEQUENCE, "a message")
            version, at = ber.read_integer(datagram, start, end, set(), "version")
            if version == 1:
                _, at = ber.read_octets(datagram, at, end, set(), "community")
                found.append(scoped(datagram[at:end]))
            elif version == 3:
                _, at = ber.read_element(datagram, at, end, set(), ber.SEQUENCE, "header")
                _, at = ber.read_octets(datagram, at, end, set(), "parameters")
                if datagram[at] == ber.SEQUENCE:
                    found.append(datagram[at:end])
        except SnmpRefusal:
            continue
    return found


def scoped(pdu: bytes) -> bytes:
    """``pdu`` in a ScopedPDU of no context."""
    return ber.element(ber.SEQUENCE, ber.element(ber.OCTET_STRING, b"") * 2 + pdu)
