"""Ids that derive from offsets, so that folding the same Events again gives the same ids."""

from uuid import UUID, uuid5


def alarm_uuid(ledger_id: UUID, offset: int, number: int) -> str:
    """UUID of the ``number``-th alarm that the Event at ``offset`` of this ledger raised."""
    return str(uuid5(ledger_id, f"{offset}.{number}"))


def alarm_name(offset: int, number: int) -> str:
    """The short external name of the same alarm: ``A1234``, or ``A1234.1`` for a second one of the same Event."""
    return f"A{offset}" if number == 0 else f"A{offset}.{number}"
