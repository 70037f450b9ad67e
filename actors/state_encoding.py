"""Encoding a large state for a snapshot in another thread while the fold goes on.

Encoding keeps the interpreter to itself: a hundred thousand alarms in one go would hold up every trap, every INFORM and every
subscriber for most of a second. So a state is encoded in pieces of some 0.3 ms, with a pause after each long one.
"""

from collections.abc import Iterable
from time import perf_counter, sleep

Piece = bytes | memoryview
"""A part of an encoded state."""
_LONG, _LONGEST = 0.0002, 0.002
"""Seconds. A piece that takes longer than the first is followed by a pause; longer than the second it took only because other
threads ran."""


def encode_with_pauses(pieces: Iterable[Piece]) -> bytes:
    """All pieces joined. Blocks: call it in a thread. After each piece that took long it sleeps for twice that time."""
    parts, begun = [], perf_counter()
    for piece in pieces:
        parts.append(piece)
        took = perf_counter() - begun
        if took > _LONG:
            sleep(2 * min(took, _LONGEST))
        begun = perf_counter()
    return b"".join(parts)
