"""The reports behind an alarm, as people read them: what came from a device or another system, without its secrets."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from msgspec import Struct

ReportKind = Literal["trap", "network_event", "command", "poll", "faultd"]


class VarbindShown(Struct, frozen=True, kw_only=True):
    """One variable binding. ``name`` is the profile's, None where no profile knows it."""

    oid: str
    name: str | None
    type: str
    value: Any
    """A number or text as the device sent it; octets as text where they are text, else None."""
    hex: str | None
    """Octets in hexadecimal."""
    decoded: Any = None
    """The profile's reading of the value: the word of an enumeration, a serial number, a position."""


class TrapShown(Struct, frozen=True, kw_only=True):
    """A trap or INFORM as it came, and as the profiles in force now read it. Communities and raw datagrams are left out."""

    sender: str
    device_address: str
    address_from: str
    """The origin of the address: `source` (the sender), `agent-addr` (of a v1 trap) or `snmpTrapAddress` (of a relay)."""
    address_why: str
    """In words, where the trap names another address than its sender's."""
    version: str
    inform: bool
    trap_oid: str
    trap_name: str | None
    """The profile's name for it."""
    uptime_seconds: float | None
    enterprise: str
    generic: int | None
    specific: int | None
    user: str | None
    """SNMPv3: the user."""
    profile: str | None
    rule: str | None
    reason: str
    """The reason for which no rule reads it."""
    varbinds: tuple[VarbindShown, ...]
    irregular: tuple[str, ...]


class EventReport(Struct, frozen=True, kw_only=True):
    """One Event of the ledger that said something about an alarm."""

    offset: int
    at: datetime
    """Time at which the ledger took it."""
    received: datetime | None
    """Time at which the datagram was read."""
    kind: ReportKind
    tenant_id: str
    by: str
    """The reporter: `device:ID`, `user:NAME` or `faultd:self`."""
    trap: TrapShown | None = None
    event: dict[str, Any] | None = None
    """The fields of a network event, a command, what a poll found, or a report of faultd about itself."""


class LedgerUnreadable(Exception):
    """The ledger's file cannot be read."""


class Reports(Protocol):
    """Reads the ledger's Events for people."""

    async def at(self, offsets: Collection[int]) -> Sequence[EventReport]:
        """The reports among the Events at these offsets, in the order of the offsets. Pruned Events are left out. Raises
        LedgerUnreadable."""
        ...
