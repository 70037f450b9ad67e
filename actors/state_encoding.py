"""Encoding a large state for a snapshot in another thread while the fold goes on.

Encoding keeps the interpreter to itself: a hundred thousand alarms in one go would hold up every trap, every INFORM and every
subscriber for most of a second. So a state is encoded in pieces of some 0.3 ms, with a pause after each long one.
"""

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from time import perf_counter, sleep
from typing import Any, NamedTuple

import msgspec

STEP = 256
"""Values encoded at a time, in some 0.3 ms."""
_encode = msgspec.msgpack.Encoder().encode


class EncodedMembers(list[bytes]):
    """The msgpack of each member of a list."""


class LazyMap(NamedTuple):
    """A dict whose members are made when their turn comes."""

    size: int
    items: Iterable[tuple[Any, Any]]


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


def struct_pieces(fields: Sequence[tuple[str, Any]]) -> Iterator[Piece]:
    """The msgpack of a Struct with these fields, in pieces; put together they equal the encoding of the whole. Lists and dicts
    are encoded ``STEP`` members at a time. A value that is callable is called when its turn comes."""
    yield b"\xde" + len(fields).to_bytes(2, "big")  # a map of so many fields
    for name, value in fields:
        yield _encode(name)
        if callable(value):
            value = value()
        if isinstance(value, EncodedMembers):
            yield _header(0x90, len(value))
            for start in range(0, len(value), STEP):
                yield b"".join(value[start : start + STEP])
        elif isinstance(value, list):
            yield _header(0x90, len(value))
            for start in range(0, len(value), STEP):
                yield _members(0x90, value[start : start + STEP])
        elif isinstance(value, (dict, LazyMap)):
            members = LazyMap(len(value), value.items()) if isinstance(value, dict) else value
            yield _header(0x80, members.size)
            items = iter(members.items)
            while some := dict(islice(items, STEP)):
                yield _members(0x80, some)
        else:
            yield _encode(value)


def _members(kind: int, values: Sized) -> memoryview:
    """The octets behind the header."""
    return memoryview(_encode(values))[len(_header(kind, len(values))) :]


def _header(kind: int, length: int) -> bytes:
    """The octets that msgpack writes before ``length`` members of an array (``kind`` 0x90) or a map (0x80)."""
    if length < 16:
        return bytes((kind | length,))
    large = 0xDC if kind == 0x90 else 0xDE
    if length < 1 << 16:
        return bytes((large,)) + length.to_bytes(2, "big")
    return bytes((large + 1,)) + length.to_bytes(4, "big")
