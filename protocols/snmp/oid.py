"""Object identifiers: content octets to dotted text and back (X.690 section 8.19, RFC 2578 section 7.1.3).

The traps of a network repeat a few thousand OIDs, so both ways go through a bounded cache.
"""

from functools import lru_cache

from protocols.snmp.errors import BadOid, OidTooLong, Unencodable
from protocols.snmp.irregular import NON_MINIMAL_OID

MAX_SUBIDS = 128
MAX_SUBID = 2**32 - 1
_FIRST_MAX = 80 + MAX_SUBID
"""Greatest value of the first octets, which hold two sub-identifiers: 2.4294967295."""

CACHED_OIDS = 32_768
"""Entries of one generation of the cache; there are two."""
_CACHED_OCTETS = 64
"""Longer OIDs are not cached, so that a hostile sender's OIDs cannot hold much memory."""

KNOWN: dict[bytes, str] = {}
"""Young generation: content octets to dotted text. Readers may look here first, and call ``decode_oid`` on a miss."""
_OLD: dict[bytes, str] = {}


def decode_oid(content: bytes, odd: set[str]) -> str:
    """Dotted text of an OBJECT IDENTIFIER's content octets.

    Raises OidTooLong beyond 128 sub-identifiers; BadOid when empty, unterminated, or a sub-identifier exceeds 32 bits.
    """
    dotted = KNOWN.get(content)
    if dotted is not None:
        return dotted
    dotted = _OLD.get(content)
    if dotted is None:
        subids, padded = read_subids(content)
        dotted = ".".join(map(str, subids))
        if padded:
            # Not cached: the next one has to be flagged too.
            odd.add(NON_MINIMAL_OID)
            return dotted
    if len(content) <= _CACHED_OCTETS:
        _remember(content, dotted)
    return dotted


def _remember(content: bytes, dotted: str) -> None:
    """Cache in the young generation. A full one becomes the old one, so that OIDs in use survive a flood of others."""
    if len(KNOWN) >= CACHED_OIDS:
        _OLD.clear()
        _OLD.update(KNOWN)
        KNOWN.clear()
    KNOWN[content] = dotted


def read_subids(content: bytes) -> tuple[list[int], bool]:
    """Sub-identifiers of an OBJECT IDENTIFIER's content octets, and whether one has redundant leading octets.

    Raises OidTooLong and BadOid as ``decode_oid`` does. Nothing is cached.
    """
    if not content:
        raise BadOid("an OID without content")
    if content[-1] & 0x80:
        raise BadOid("the last sub-identifier does not end")
    subids: list[int] = []
    value = 0
    fresh = True
    padded = False
    for octet in content:
        if fresh and octet == 0x80:
            padded = True
        value = value << 7 | octet & 0x7F
        if value > _FIRST_MAX:
            # At once: shifting a number of thousands of octets on would cost the square of their count.
            raise BadOid(f"sub-identifier {len(subids) + 1} exceeds 32 bits")
        fresh = octet < 0x80
        if fresh:
            if not subids:
                # The first octets hold two sub-identifiers: 40·x + y, y below 40 unless x is 2.
                root = min(value // 40, 2)
                subids.append(root)
                value -= root * 40
            if value > MAX_SUBID:
                raise BadOid(f"sub-identifier {len(subids) + 1} exceeds 32 bits")
            subids.append(value)
            value = 0
            if len(subids) > MAX_SUBIDS:
                raise OidTooLong(f"an OID of more than {MAX_SUBIDS} sub-identifiers")
    return subids, padded


@lru_cache(maxsize=CACHED_OIDS)
def encode_oid(dotted: str) -> bytes:
    """Content octets of a dotted OID (no leading dot). Raises Unencodable."""
    parts = dotted.split(".")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise Unencodable("oid", dotted, "must be numbers joined by dots")
    if not 2 <= len(parts) <= MAX_SUBIDS:
        raise Unencodable("oid", dotted, f"must have 2 to {MAX_SUBIDS} sub-identifiers")
    if any(len(part) > 10 for part in parts):
        raise Unencodable("oid", dotted, "has a sub-identifier beyond 32 bits")
    first, second, *rest = map(int, parts)
    if first > 2 or (first < 2 and second > 39):
        raise Unencodable("oid", dotted, "must start with 0.0-39, 1.0-39 or 2")
    if max(second, *rest, 0) > MAX_SUBID:
        raise Unencodable("oid", dotted, "has a sub-identifier beyond 32 bits")
    content = bytearray()
    for value in (first * 40 + second, *rest):
        septets = [value & 0x7F]
        while value := value >> 7:
            septets.append(value & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return bytes(content)
