"""A Response or Report PDU as received (RFC 3416 section 3), its variable bindings still octets."""

from protocols.snmp import ber
from protocols.snmp.errors import TooManyVarbinds, WrongPdu
from protocols.snmp.pdu import PDU_NAMES, REPORT, RESPONSE, read_common_header


class ResponsePdu:
    """``data[start:end]`` is the content of the VarBindList. ``tag`` is RESPONSE or REPORT."""

    __slots__ = ("data", "end", "error_index", "error_status", "request_id", "start", "tag")

    def __init__(
        self, tag: int, request_id: int, error_status: int, error_index: int, data: bytes, start: int, end: int
    ) -> None:
        self.tag, self.request_id = tag, request_id
        self.error_status, self.error_index = error_status, error_index
        self.data, self.start, self.end = data, start, end


def read_response_pdu(data: bytes, pos: int, end: int) -> ResponsePdu:
    """The PDU at ``pos``. Raises SnmpRefusal: WrongPdu for any other PDU."""
    odd: set[str] = set()
    tag, start, stop = ber.read_header(data, pos, end, odd)
    if tag != RESPONSE and tag != REPORT:
        raise WrongPdu(f"a Response or a Report is expected, got {PDU_NAMES.get(tag, hex(tag))}", pos)
    request_id, error_status, error_index, pos = read_common_header(data, start, stop, odd)
    start, end = ber.read_element(data, pos, stop, odd, ber.SEQUENCE, "variable-bindings")
    return ResponsePdu(tag, request_id, error_status, error_index, data, start, end)


def split_varbinds(response: ResponsePdu, most: int, start: int = 0, taken: int = 0) -> list[bytes]:
    """Names and values of variable bindings in turn: name, value, name, value... ``start`` is the position behind the first
    ``taken`` ones, where these are left out; with them there are at most ``most``.

    A name is the OID's content octets, a value is a whole element; neither is looked into. Raises SnmpRefusal, TooManyVarbinds
    among them.
    """
    data, pos, end = response.data, start or response.start, response.end
    found: list[bytes] = []
    while pos < end:
        # Nearly every binding has lengths of one octet that fit one another: that one is split here without a call.
        if pos + 7 <= end:
            size = data[pos + 1]
            stop = pos + 2 + size
            value = pos + 4 + data[pos + 3]
            if (
                size < 128
                and data[pos] == 0x30
                and data[pos + 2] == 0x06
                and value + 2 <= stop <= end
                and data[value + 1] == stop - value - 2
            ):
                found.append(data[pos + 4 : value])
                found.append(data[value:stop])
                pos = stop
                continue
        pos = _split_any(data, pos, end, found)
    came = taken + len(found) // 2
    if came > most:
        raise TooManyVarbinds(f"{came} variable bindings, where {most} were asked for")
    return found


def _split_any(data: bytes, pos: int, end: int, found: list[bytes]) -> int:
    """Append name and value of the binding at ``pos``, whatever the form of its lengths; the position behind it."""
    odd: set[str] = set()
    start, stop = ber.read_element(data, pos, end, odd, ber.SEQUENCE, "a variable binding")
    name, value = ber.read_element(data, start, stop, odd, ber.OBJECT_IDENTIFIER, "a binding's name")
    _, _, after = ber.read_header(data, value, stop, odd)
    found.append(data[name:value])
    found.append(data[value:after])
    return stop
