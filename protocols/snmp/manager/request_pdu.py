"""The PDUs that a manager sends (RFC 3416 sections 4.2.1 to 4.2.5), from OIDs as content octets."""

from collections.abc import Iterable
from typing import Final

from protocols.snmp import ber
from protocols.snmp.pdu import GET, GET_BULK, GET_NEXT, SET

_NULL = b"\x05\x00"
_SMALL: Final = [ber.integer(value) for value in range(257)]
"""The integers that non-repeaters and max-repetitions are."""


class RequestPdu:
    """A request without its request-id. ``varbinds`` is the content of the VarBindList.

    ``second`` and ``third`` are non-repeaters and max-repetitions of a GetBulkRequest, and 0 in the others.
    """

    __slots__ = ("second", "tag", "third", "varbinds")

    def __init__(self, tag: int, varbinds: bytes, second: int = 0, third: int = 0) -> None:
        self.tag, self.varbinds, self.second, self.third = tag, varbinds, second, third

    def octets(self, request_id: int) -> bytes:
        """The whole PDU."""
        head = ber.integer(request_id) + _integer(self.second) + _integer(self.third)
        return ber.element(self.tag, head + ber.element(ber.SEQUENCE, self.varbinds))


def get_request(names: Iterable[bytes]) -> RequestPdu:
    """A GetRequest for the instances ``names``."""
    return RequestPdu(GET, _unspecified(names))


def get_next_request(names: Iterable[bytes]) -> RequestPdu:
    """A GetNextRequest for the instances that follow ``names``."""
    return RequestPdu(GET_NEXT, _unspecified(names))


def get_bulk_request(names: Iterable[bytes], non_repeaters: int, max_repetitions: int) -> RequestPdu:
    """A GetBulkRequest: the first ``non_repeaters`` names once, the others up to ``max_repetitions`` times."""
    return RequestPdu(GET_BULK, _unspecified(names), non_repeaters, max_repetitions)


def set_request(bindings: Iterable[tuple[bytes, bytes]]) -> RequestPdu:
    """A SetRequest of pairs: the name's content octets, and the value as an element (``values.encode_value``)."""
    return RequestPdu(SET, b"".join([_binding(name, value) for name, value in bindings]))


def _unspecified(names: Iterable[bytes]) -> bytes:
    # Nearly every binding is short: its two headers are then four octets.
    return b"".join(
        [
            bytes((ber.SEQUENCE, len(name) + 4, ber.OBJECT_IDENTIFIER, len(name))) + name + _NULL
            if len(name) < 124
            else _binding(name, _NULL)
            for name in names
        ]
    )


def _integer(value: int) -> bytes:
    return _SMALL[value] if 0 <= value < len(_SMALL) else ber.integer(value)


def _binding(name: bytes, value: bytes) -> bytes:
    return ber.element(ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, name) + value)
