"""Answers about the daemon itself and about the caller."""

from typing import Literal

from msgspec import Struct

from protocols.ledger import ConsumerLag
from protocols.principal import Role

PartStatus = Literal["ok", "degraded", "down"]


class Me(Struct, frozen=True):
    """The name, role and tenant of the token. ``tenant`` null means every tenant."""

    name: str
    role: Role
    tenant: str | None


class DaemonPart(Struct, frozen=True):
    """One part of the daemon as ``/readyz`` shows it."""

    status: PartStatus
    detail: str = ""


class Readiness(Struct, frozen=True):
    """Whether traps are being taken (``ready``), and how each part does. A part that is degraded or down does not
    make faultd unready unless taking traps needs it."""

    ready: bool
    parts: dict[str, DaemonPart] = {}
    consumers: dict[str, ConsumerLag] = {}
    """How far each consumer of the recorded Changes is behind, by name: ``store`` (PostgreSQL), ``stream`` ..."""
