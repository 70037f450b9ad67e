"""Basic Encoding Rules as SNMP uses them (X.690, RFC 3417 section 8): tag, definite length, content.

Readers work by index on the whole datagram and copy only content. ``odd`` collects the irregularities that they accepted
(``protocols.snmp.irregular``).
"""

from protocols.snmp.errors import BadInteger, BadLength, BadTag, IndefiniteLength, Malformed, TooDeep, Truncated
from protocols.snmp.irregular import NON_MINIMAL_INTEGER, NON_MINIMAL_LENGTH

INTEGER = 0x02
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30

MAX_DEPTH = 8
"""Constructed elements inside one another, the message itself being the first."""

_CONSTRUCTED = 0x20
_MULTI_OCTET_TAG = 0x1F


def read_header(data: bytes, pos: int, end: int, odd: set[str]) -> tuple[int, int, int]:
    """Tag, start of content and end of content of the element at ``pos``, which must end by ``end``.

    Raises Truncated, BadTag (a tag of several octets, which SNMP does not have), IndefiniteLength, BadLength.
    """
    if pos + 2 > end:
        raise Truncated(f"an element needs two octets, {end - pos} left", pos)
    tag = data[pos]
    if tag & _MULTI_OCTET_TAG == _MULTI_OCTET_TAG:
        raise BadTag(f"tag {tag:#04x} of several octets", pos)
    length = data[pos + 1]
    start = pos + 2
    if length > 127:
        length, start = _long_length(data, start, end, odd)
    stop = start + length
    if stop > end:
        raise Truncated(f"length {length} runs past the enclosing end, {end - start} left", pos)
    return tag, start, stop


def _long_length(data: bytes, pos: int, end: int, odd: set[str]) -> tuple[int, int]:
    """Length in the long form, ``pos`` being behind its first octet, and where the content starts."""
    octets = data[pos - 1] & 0x7F
    if octets == 0:
        raise IndefiniteLength("indefinite length", pos - 1)
    if octets == 0x7F:
        raise BadLength("length octet 0xff is reserved", pos - 1)
    start = pos + octets
    if start > end:
        raise Truncated(f"a length of {octets} octets, {end - pos} left", pos - 1)
    length = int.from_bytes(data[pos:start], "big")
    if length < 128 or data[pos] == 0:
        odd.add(NON_MINIMAL_LENGTH)
    return length, start


def read_element(data: bytes, pos: int, end: int, odd: set[str], tag: int, what: str) -> tuple[int, int]:
    """Start and end of the content of the element at ``pos``, which must have ``tag``; ``what`` names it in the refusal."""
    found, start, stop = read_header(data, pos, end, odd)
    if found != tag:
        raise BadTag(f"{what} must have tag {tag:#04x}, got {found:#04x}", pos)
    return start, stop


def read_integer(data: bytes, pos: int, end: int, odd: set[str], what: str) -> tuple[int, int]:
    """INTEGER at ``pos`` and the position behind it. Beyond 64 bits it is refused (BadInteger)."""
    start, stop = read_element(data, pos, end, odd, INTEGER, what)
    value = signed(data[start:stop], odd)
    if not -(2**63) <= value < 2**63:
        raise BadInteger(f"{what} is wider than 64 bits", pos)
    return value, stop


def read_octets(data: bytes, pos: int, end: int, odd: set[str], what: str) -> tuple[bytes, int]:
    """OCTET STRING at ``pos`` and the position behind it."""
    start, stop = read_element(data, pos, end, odd, OCTET_STRING, what)
    return data[start:stop], stop


def signed(content: bytes, odd: set[str]) -> int:
    """Two's complement integer of any width."""
    if len(content) > 1:
        first, top = content[0], content[1] & 0x80
        if (first == 0 and not top) or (first == 0xFF and top):
            odd.add(NON_MINIMAL_INTEGER)
    elif not content:
        raise BadInteger("an integer without content")
    return int.from_bytes(content, "big", signed=True)


def check_nesting(data: bytes, pos: int, end: int, depth: int) -> None:
    """Raise TooDeep when elements between ``pos`` and ``end``, standing at level ``depth``, nest beyond ``MAX_DEPTH``.

    The check ends where the content does not decode, since that part is never read. Raises IndefiniteLength too.
    """
    ends = [end]
    try:
        while True:
            while pos == ends[-1]:
                ends.pop()
                if not ends:
                    return
            tag, start, stop = read_header(data, pos, ends[-1], set())
            if not tag & _CONSTRUCTED:
                pos = stop
                continue
            if depth + len(ends) - 1 > MAX_DEPTH:
                raise TooDeep(f"nested deeper than {MAX_DEPTH}", pos)
            ends.append(stop)
            pos = start
    except Malformed:
        return


def element(tag: int, content: bytes) -> bytes:
    """Encode one element with a minimal definite length."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def signed_content(value: int) -> bytes:
    """Shortest two's complement content; of a value that is not negative also the content of the unsigned types."""
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


def integer(value: int) -> bytes:
    """Encode an INTEGER element."""
    return element(INTEGER, signed_content(value))
