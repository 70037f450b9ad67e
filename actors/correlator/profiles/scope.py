"""One trap as a profile sees it, and what takes a value out of that."""

from collections.abc import Callable
from typing import Any

from actors.correlator.profiles.decoders import Part, Raw
from actors.correlator.profiles.layout import Places
from protocols.event import Trap

Varbinds = tuple[tuple[str, ...], list[Any]]
"""The OIDs of a trap's varbinds, and their values."""
TakeRaw = Callable[["TrapScope"], Raw | None]
"""Takes a value as the device sent it; None when there is none."""


class TrapScope:
    """One trap seen through one profile's names. ``oids`` and ``raws`` are those of its varbinds, ``places`` says by the
    number of a varbind's reader where that is, ``notes`` what was refused. The rest is set while a finding is built."""

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
    """The OIDs of a trap's varbinds, and their values: None where there is none, whatever the reason."""
    varbinds = trap.notification.varbinds
    # Of the types without a value only this one has octets.
    raws = [None if varbind.type == "undecoded" else varbind.value for varbind in varbinds]
    return tuple([varbind.oid for varbind in varbinds]), raws


class Take:
    """Takes one value, or one part of it, out of a Scope. Made when a profile is compiled, asked for every trap: a class of
    each kind, since a compiled method is called at a fraction of what a function held in a variable costs."""

    __slots__ = ()

    def of(self, scope: TrapScope) -> Part | None:
        """The value; None when it is missing or was refused."""
        raise NotImplementedError
