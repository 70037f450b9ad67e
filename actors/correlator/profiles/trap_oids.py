"""The two spellings of a trap OID: with and without the zero that the mapping of v1 traps adds (RFC 3584)."""


def normalise(oid: str) -> str:
    """``X.0.n`` as ``X.n``: v1 mapping (RFC 3584) adds the zero, and devices leave it out or double it at will."""
    head, dot, last = oid.rpartition(".")
    while head.endswith(".0"):
        head = head[:-2]
    return f"{head}{dot}{last}"


def with_zero(oid: str) -> str:
    """``X.n`` as ``X.0.n``."""
    head, dot, last = oid.rpartition(".")
    return f"{head}.0{dot}{last}"
