"""The number by which a message and its answer belong together, read without looking further."""

from protocols.snmp import ber
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.operation import LARGEST_ANSWER
from protocols.snmp.peek import read_version


def message_number(datagram: bytes) -> int:
    """The request-id of a v1 or v2c message, the msgID of a v3 message; -1 where it cannot be read."""
    odd: set[str] = set()
    try:
        version, pos, end = read_version(datagram, odd, LARGEST_ANSWER)
        if version == 3:
            pos, end = ber.read_element(datagram, pos, end, odd, ber.SEQUENCE, "msgGlobalData")
        else:
            _, pos = ber.read_octets(datagram, pos, end, odd, "community")
            _, pos, end = ber.read_header(datagram, pos, end, odd)
        return ber.read_integer(datagram, pos, end, odd, "the message's number")[0]
    except SnmpRefusal:
        return -1
