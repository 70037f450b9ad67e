"""Variable bindings seen lately, by their octets.

A device that repeats an alarm repeats its bindings octet by octet, and a plant's alarms share most of them: looking one up
costs a quarter of reading it, and the equal ones are one value in memory.
"""

from protocols.snmp.notification import VarBind

REMEMBERED = 16_384
"""Entries of one generation; there are two."""
_OCTETS = 96
"""Longer bindings are not remembered, so that a hostile sender's cannot hold much memory."""
_EVER_NEW = frozenset({"TimeTicks", "Counter32", "Counter64"})

SEEN: dict[bytes, VarBind] = {}
"""Octets of a whole regular binding to what it says; both generations, the older first."""
_older: set[bytes] = set()


def remember(octets: bytes, binding: VarBind) -> None:
    """Keep a binding in which nothing was forgiven. When the younger generation is full, the older one is forgotten."""
    if len(octets) > _OCTETS or binding.type in _EVER_NEW:
        return
    if len(SEEN) - len(_older) >= REMEMBERED:
        for old in _older:
            del SEEN[old]
        _older.clear()
        _older.update(SEEN)
    SEEN[octets] = binding
