"""Ids that derive from offsets, so that folding the same Events again gives the same ids."""

import hashlib
from functools import lru_cache
from typing import Any
from uuid import UUID


def alarm_uuid(ledger_id: UUID, offset: int, number: int) -> str:
    """UUID of the ``number``-th alarm that the Event at ``offset`` of this ledger raised: version 5 (RFC 9562) of
    ``OFFSET.NUMBER`` in the ledger's name space."""
    digest = _space(ledger_id).copy()
    digest.update(b"%d.%d" % (offset, number))
    found = digest.hexdigest()
    variant = "89ab"[int(found[16], 16) & 3]
    return f"{found[:8]}-{found[8:12]}-5{found[13:16]}-{variant}{found[17:20]}-{found[20:32]}"


def counted_name(number: int) -> str:
    """The short external name of a ledger's ``number``-th alarm."""
    return f"A{number}"


def offset_name(offset: int, number: int) -> str:
    """The external name as long as a ledger does not count its alarms: ``A1234``, or ``A1234.1`` for a second one of the same
    Event."""
    return f"A{offset}" if number == 0 else f"A{offset}.{number}"


@lru_cache(maxsize=8)
def _space(ledger_id: UUID) -> Any:
    """The digest of this name space's prefix. Starting from it saves most of the cost of an id."""
    return hashlib.sha1(ledger_id.bytes, usedforsecurity=False)
