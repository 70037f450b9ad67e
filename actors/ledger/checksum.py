"""Checksums of rows. SQLite finds a page whose structure is broken. It does not find octets that are not the ones written.

Each row carries a CRC-32 in its column ``seal``, so that a flipped bit or a sector of zeros is found before anyone acts on it.
A row that is missing altogether is found by its neighbours: offsets and batches have no gaps, and each row of ``events`` and of
``changes`` says how far the other table was (see ``read.read_head``).
"""

from collections.abc import Sequence
from typing import Any
from zlib import crc32


def checksum(*columns: Any) -> int:
    """The CRC-32 of a row's columns, unsigned. The last may be large octets; the others are ints or short texts."""
    *small, last = columns
    start = crc32(repr(small).encode("utf-8", "backslashreplace"))
    if isinstance(last, bytes | memoryview):
        return crc32(last, start)
    return crc32(repr(last).encode("utf-8", "backslashreplace"), start)


def with_checksum(*columns: Any) -> tuple[Any, ...]:
    """The row to insert, with the checksum before the last column."""
    return (*columns[:-1], checksum(*columns), columns[-1])


def checksum_holds(row: Sequence[Any]) -> bool:
    """Whether a row of :func:`with_checksum` is unchanged."""
    return bool(row[-2] == checksum(*row[:-2], row[-1]))
