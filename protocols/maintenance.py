"""Maintenance windows: planned work, during which alarms are suppressed.

A window begins at ``start`` and lasts ``duration_seconds``; with ``recurrence`` (an RFC 5545 RRULE) it begins again and again,
by the wall clock of its own zone. Each occurrence is the half-open time from its start until its duration has passed, in
elapsed time (RFC 5545, 3.8.5.3): a window of eight hours is eight hours long on the night on which the clock is put forward.
"""

from datetime import datetime
from typing import Literal, Protocol, get_args

from msgspec import UNSET, Struct, UnsetType

from protocols.rest_fields import Names

Phase = Literal["active", "upcoming", "ended", "cancelled"]
PHASES: tuple[Phase, ...] = get_args(Phase)


class WindowScope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The alarms that a window covers. The places (devices, subtrees, services, customers) are alternatives: one is enough.
    Tenants, alarm types and resource types restrict them. Without a place the window covers every alarm that meets the
    restrictions."""

    devices: Names = ()
    """Alarms that these devices report, and those of anything inside them (``DEVICE/POSITION``)."""
    subtrees: Names = ()
    """Alarms of these nodes of the topology and of everything that hangs below them."""
    services: Names = ()
    """Alarms of the nodes of these services and below, and those that affect no other service."""
    customers: Names = ()
    """The same for customers."""
    tenants: Names = ()
    """Alarms of these tenants only."""
    alarm_types: Names = ()
    """Alarms of these types only."""
    resource_types: Names = ()
    """Alarms of these kinds of resources only."""

    @property
    def places(self) -> bool:
        """True when the scope names a place."""
        return bool(self.devices or self.subtrees or self.services or self.customers)


class WindowPlan(Struct, frozen=True, kw_only=True):
    """A window as it is asked for. ``start``, ``end`` and exceptions without an offset from UTC are of the wall clock of
    ``time_zone``; those with one are in UTC."""

    title: str
    scope: WindowScope
    start: datetime
    end: datetime | None = None
    """The first occurrence's end; either this or ``duration_seconds``."""
    duration_seconds: float | None = None
    time_zone: str = "UTC"
    recurrence: str = ""
    exceptions: tuple[str, ...] = ()
    """Occurrences that do not take place: the date-times at which they would begin, or whole dates."""
    description: str = ""
    tenant_id: str | None = None
    """The tenant that owns the window; it covers alarms of that tenant alone. None: alarms of every tenant."""
    key: str = ""
    """Idempotency key: a second plan with the same one makes no second window."""


class PlanChanges(Struct, frozen=True, kw_only=True):
    """Other values for some fields; UNSET leaves one as it is. A new start alone moves the window: its duration stays."""

    title: str | UnsetType = UNSET
    scope: WindowScope | UnsetType = UNSET
    start: datetime | UnsetType = UNSET
    end: datetime | UnsetType = UNSET
    duration_seconds: float | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    recurrence: str | UnsetType = UNSET
    exceptions: tuple[str, ...] | UnsetType = UNSET
    description: str | UnsetType = UNSET


class MaintenanceWindow(Struct, frozen=True, kw_only=True):
    """A window as it is kept."""

    id: str
    """``MW`` and the offset of the Event that made it."""
    tenant_id: str | None
    title: str
    description: str = ""
    scope: WindowScope
    time_zone: str
    start: datetime
    """UTC."""
    local_start: datetime
    """The same on the wall clock of ``time_zone``, without a zone: what the recurrence is computed from."""
    duration_seconds: float
    recurrence: str = ""
    exceptions: tuple[str, ...] = ()
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    ended_at: datetime | None = None
    """The occurrence that was under way then was ended early."""
    ended_by: str | None = None
    key: str = ""
    revision: int = 1
    """1 when the window is made; each command that changes it adds 1. That it opens or closes changes no revision."""


class Occurrence(Struct, frozen=True):
    """One time that a window is open: from ``start`` until before ``end``, UTC."""

    start: datetime
    end: datetime


class WindowView(Struct, frozen=True, kw_only=True):
    """A window as it is shown."""

    window: MaintenanceWindow
    phase: Phase
    occurrence: Occurrence | None
    """The one under way, or else the next."""
    held: int
    """Open alarms that it holds back now."""


class Windows(Protocol):
    """Read-only view of the fold's maintenance windows, for use between Events."""

    def all(self) -> list[MaintenanceWindow]:
        """Every window, oldest first."""
        ...

    def get(self, window_id: str) -> MaintenanceWindow | None:
        """A window by its id."""
        ...

    def show(self, window: MaintenanceWindow) -> WindowView:
        """A window with what it is doing."""
        ...

    def phase(self, window: MaintenanceWindow) -> Phase:
        """The window's status."""
        ...
