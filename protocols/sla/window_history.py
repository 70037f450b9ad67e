"""The history of a maintenance window: its plans, each with the time in which it was in force. Microseconds since 1970 UTC."""

from msgspec import Struct

from protocols.maintenance import MaintenanceWindow


class PlanInForce(Struct, frozen=True, array_like=True):
    """Times and scope of a window, in force from ``since`` until the next plan."""

    window: MaintenanceWindow
    since: int
    announced_at: int


class WindowHistory(Struct, frozen=True, array_like=True):
    """A window with its former plans and all its early ends, which the window itself does not keep."""

    plans: tuple[PlanInForce, ...] = ()
    """Oldest first."""
    early_ends: tuple[int, ...] = ()
    """Sorted."""
    cancelled_at: int | None = None
    revision: int = 0
    """The revision of the window's last version."""
