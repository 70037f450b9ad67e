"""A cache of variable bindings by their octets.

A device that repeats an alarm repeats its bindings octet by octet, and the alarms of a network share most of them.
A lookup costs a quarter of decoding, and equal bindings are one object in memory.
"""

from protocols.snmp.notification import VarBind

REMEMBERED = 16_384
"""Entries of one generation; there are two."""
_OCTETS = 96
"""Longer bindings are not cached, so that a hostile sender's cannot hold much memory."""
_NEVER_REPEATED = frozenset({"TimeTicks", "Counter32", "Counter64"})

SEEN: dict[bytes, VarBind] = {}
"""Decoded bindings by their octets; both generations, the older first."""
_older: set[bytes] = set()


def remember(octets: bytes, binding: VarBind) -> None:
    """Cache a binding without irregularities. When the younger generation is full, the older one is dropped."""
    if len(octets) > _OCTETS or binding.type in _NEVER_REPEATED:
        return
    if len(SEEN) - len(_older) >= REMEMBERED:
        for old in _older:
            del SEEN[old]
        _older.clear()
        _older.update(SEEN)
    SEEN[octets] = binding
