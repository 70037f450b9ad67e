"""Rows of a table in octets: the memory that a device's poller has of its last read.

For each row the length of its index, the index, and for each column the length of its element and the element as received;
length 0 is a missing one. A row with the state of an ONT takes about 12 octets; as a dict of rows it takes about 300.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Final

LONGEST: Final = 255
"""Octets of an index, or of an element. A row with a longer index is not remembered; a longer element counts as missing."""

Packed = dict[bytes, tuple[bytes, ...]]
"""Unpacked again: index to elements, empty for a missing one."""

_LENGTHS: Final = tuple(bytes([length]) for length in range(LONGEST + 1))


def pack_rows(rows: Mapping[bytes, Sequence[bytes | None]]) -> bytes:
    """The rows in their order, as received or unpacked. Equal octets are equal rows."""
    lengths = _LENGTHS
    try:
        # Nearly every table is read by one column of short elements, all there.
        return b"".join(
            [piece for index, (one,) in rows.items() for piece in (lengths[len(index)], index, lengths[len(one)], one)]  # type: ignore[arg-type, misc]
        )
    except (TypeError, ValueError, IndexError):
        pieces: list[bytes] = []
        for index, row in rows.items():
            if len(index) <= LONGEST:
                pieces += (lengths[len(index)], index)
                for element in row:
                    fits = element is not None and len(element) <= LONGEST
                    pieces += (lengths[len(element)], element) if element is not None and fits else (lengths[0],)
        return b"".join(pieces)


def unpack_rows(packed: bytes, columns: int) -> Packed:
    """Index to the elements of this number of columns."""
    found: Packed = {}
    pos, end = 0, len(packed)
    while pos < end:
        start = pos + 1
        pos = start + packed[pos]
        index = packed[start:pos]
        elements = []
        for _ in range(columns):
            start = pos + 1
            pos = start + packed[pos]
            elements.append(packed[start:pos])
        found[index] = tuple(elements)
    return found


def without_rows(packed: bytes, columns: int, indexes: Container[bytes]) -> bytes:
    """The same without the rows of these indexes."""
    return pack_rows({index: row for index, row in unpack_rows(packed, columns).items() if index not in indexes})
