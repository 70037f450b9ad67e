"""A request as an agent reads it (RFC 3416 section 3): names and values are octets, not looked into."""

from protocols.snmp import ber
from protocols.snmp.errors import WrongPdu
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.pdu import GET, GET_BULK, GET_NEXT, PDU_NAMES, SET, read_common_header

MOST_NAMES = 4096
"""Variable bindings of one request, at most."""


class AgentRequest:
    """``second`` and ``third`` are non-repeaters and max-repetitions of a GetBulkRequest. ``varbinds`` is the content of the
    VarBindList as received."""

    __slots__ = ("names", "request_id", "second", "tag", "third", "varbinds")

    def __init__(self, tag: int, request_id: int, second: int, third: int, names: list[bytes], varbinds: bytes) -> None:
        self.tag, self.request_id, self.second, self.third = tag, request_id, second, third
        self.names, self.varbinds = names, varbinds


def read_request(data: bytes, pos: int, end: int) -> AgentRequest:
    """The PDU at ``pos``. Raises SnmpRefusal: WrongPdu for one that is no request, TooManyVarbinds and others."""
    odd: set[str] = set()
    tag, start, stop = ber.read_header(data, pos, end, odd)
    if tag not in (GET, GET_NEXT, GET_BULK, SET):
        raise WrongPdu(f"a request is expected, got {PDU_NAMES.get(tag, hex(tag))}", pos)
    request_id, second, third, at = read_common_header(data, start, stop, odd)
    first, last = ber.read_element(data, at, stop, odd, ber.SEQUENCE, "variable-bindings")
    found = split_varbinds(ResponsePdu(tag, request_id, second, third, data, first, last), MOST_NAMES)
    return AgentRequest(tag, request_id, second, third, found[::2], data[first:last])
