"""The order of OIDs (RFC 2578 section 3.5), from their content octets."""

from protocols.snmp.oid import read_subids


def follows(name: bytes, previous: bytes) -> bool:
    """True when ``name`` comes after ``previous``. Raises BadOid and OidTooLong, where it has to look so far.

    Octets alone do not say it: 16384 is 81 80 00 and 16383 is ff 7f. At the first octet that differs, the longer
    sub-identifier is the greater one.
    """
    size = min(len(name), len(previous))
    if not size or name[-1] > 127 or previous[-1] > 127:
        return _follows(name, previous)
    different = int.from_bytes(name[:size], "big") ^ int.from_bytes(previous[:size], "big")
    if not different:
        return len(name) > size
    at = size - (different.bit_length() + 7) // 8
    start = at
    while start and name[start - 1] > 127:
        start -= 1
    if name[start] == 128 or previous[start] == 128:
        return _follows(name, previous)  # redundant leading octets
    end = behind = at
    while name[end] > 127:
        end += 1
    while previous[behind] > 127:
        behind += 1
    return name[at] > previous[at] if end == behind else end > behind


def _follows(name: bytes, previous: bytes) -> bool:
    return read_subids(name)[0] > read_subids(previous)[0]
