"""One trap seen through the names of a profile, and the objects that read a value from it."""

from collections.abc import Callable
from typing import Any

from actors.correlator.profiles.layout import Places
from protocols.event import Trap
from protocols.profile_decoders import Part, Raw

Varbinds = tuple[tuple[str, ...], list[Any]]
"""The OIDs of a trap's varbinds, and their values."""
TakeRaw = Callable[["TrapScope"], Raw | None]
"""Reads a value as the device sent it; None if there is none."""


class TrapScope:
    """One trap seen through the names of one profile. ``oids`` and ``raws`` are those of its varbinds, ``places`` has the
    place of each varbind by the number of its reader, ``notes`` the refusals. The rest is set while a finding is built."""

    resource: str | None = None
    resource_type: str | None = None
    resource_name: str | None = None
    label: str | None = None

    def __init__(self, trap: Trap, varbinds: Varbinds, places: Places) -> None:
        self.trap = trap
        self.oids, self.raws = varbinds
        self.places = places
        self.code: Part | None = None
        self.values: dict[str, Any] = {}
        self.notes: list[str] = []


def columns_of(trap: Trap) -> Varbinds:
    """The OIDs of a trap's varbinds, and their values: None where a varbind has no value, for any reason."""
    varbinds = trap.notification.varbinds
    # This is the only type without a value that has octets.
    raws = [None if varbind.type == "undecoded" else varbind.value for varbind in varbinds]
    return tuple([varbind.oid for varbind in varbinds]), raws


class Take:
    """Reads one value, or one part of it, from a TrapScope. Made when a profile is compiled and called for every trap. Each
    kind is a class, because a call of a compiled method costs a fraction of a call of a function in a variable."""

    __slots__ = ()

    def of(self, scope: TrapScope) -> Part | None:
        """The value; None if it is missing or was refused."""
        raise NotImplementedError
