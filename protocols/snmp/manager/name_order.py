"""The order of OIDs (RFC 2578 section 3.5), from their content octets."""

from protocols.snmp.oid import read_subids


def follows(name: bytes, previous: bytes) -> bool:
    """True when ``name`` comes after ``previous``. Raises BadOid and OidTooLong.

    Octets alone do not say it: 16384 is 81 80 00 and 16383 is ff 7f.
    """
    return read_subids(name)[0] > read_subids(previous)[0]
