"""Values and indexes of an answer, decoded when they are wanted. Nothing is cached: counters differ each time."""

from protocols.snmp import ber
from protocols.snmp.errors import BadOid, BadTag
from protocols.snmp.notification import VarBind
from protocols.snmp.oid import MAX_SUBID, MAX_SUBIDS, read_subids
from protocols.snmp.values import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT, READERS

NO_SUCH_INSTANCE_ELEMENT = b"\x81\x00"
"""The value of an instance that the agent does not have; also for v1, whose agents answer noSuchName."""


def decode_value(element: bytes) -> VarBind:
    """Type and value of an element as received; the OID is left empty. See ``VarBind`` for the types. Raises SnmpRefusal."""
    odd: set[str] = set()
    tag, start, stop = ber.read_header(element, 0, len(element), odd)
    content = element[start:stop]
    if tag == ber.OBJECT_IDENTIFIER:
        subids, _ = read_subids(content)
        return VarBind("", "OBJECT IDENTIFIER", ".".join([str(each) for each in subids]))
    reader = READERS.get(tag)
    if reader is None:
        raise BadTag(f"no SMI type has tag {tag:#04x}", 0)
    return reader("", content, odd)


def is_missing(element: bytes) -> bool:
    """True for noSuchObject, noSuchInstance and endOfMibView: the agent has no such value."""
    return element[0] in (NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW)


def decode_index(index: bytes) -> tuple[int, ...]:
    """Sub-identifiers of a row's index, which is the part of an OID behind its column. Raises BadOid."""
    subids: list[int] = []
    value = 0
    for octet in index:
        value = value << 7 | octet & 0x7F
        if value > MAX_SUBID:
            raise BadOid(f"sub-identifier {len(subids) + 1} of an index exceeds 32 bits")
        if octet < 0x80:
            subids.append(value)
            value = 0
    if index and index[-1] >= 0x80:
        raise BadOid("the last sub-identifier of an index does not end")
    if len(subids) > MAX_SUBIDS:
        raise BadOid(f"an index of more than {MAX_SUBIDS} sub-identifiers")
    return tuple(subids)


def encode_index(subids: tuple[int, ...]) -> bytes:
    """The octets of a row's index, which stand behind its column in an OID; ``decode_index`` reads them."""
    content = bytearray()
    for value in subids:
        septets = [value & 0x7F]
        while value := value >> 7:
            septets.append(value & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return bytes(content)
