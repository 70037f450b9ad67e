"""The msgpack bodies of the ledger's rows."""

from collections.abc import Sequence

from msgspec import DecodeError, Raw, msgpack

from protocols.change import Change
from protocols.event import Event

_encoder = msgpack.Encoder()
_events = msgpack.Decoder(list[Event])
_changes = msgpack.Decoder(list[Change])
_raws = msgpack.Decoder(list[Raw])
_parts = msgpack.Decoder(dict[str, bytes])

ENCODE_ERRORS = (TypeError, ValueError, OverflowError, RecursionError)
"""msgspec's errors for a value that msgpack cannot hold (an int beyond 64 bits, a lone surrogate, a foreign type)."""
DECODE_ERRORS = (DecodeError, UnicodeDecodeError)


def encode_events(events: Sequence[Event]) -> bytes:
    """The body of one batch. Raises one of ``ENCODE_ERRORS``."""
    return _encoder.encode(events)


def decode_events(body: bytes) -> list[Event]:
    """Raises one of ``DECODE_ERRORS``."""
    return _events.decode(body)


def one_event(body: bytes, index: int) -> bytes:
    """The msgpack of one Event of a batch. ``index`` counts from 0."""
    return bytes(_raws.decode(body)[index])


def encode_changes(changes: Sequence[Change]) -> bytes:
    """The body of one batch of Changes."""
    return _encoder.encode(changes)


def decode_changes(body: bytes) -> list[Change]:
    """Raises one of ``DECODE_ERRORS``."""
    return _changes.decode(body)


def encode_parts(parts: dict[str, bytes]) -> bytes:
    """The body of a snapshot: the stages' states by name."""
    return _encoder.encode(parts)


def decode_parts(body: bytes) -> dict[str, bytes]:
    """Raises one of ``DECODE_ERRORS``."""
    return _parts.decode(body)
