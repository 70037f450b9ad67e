"""Planned work: a maintenance window that is still to open, as customers are told of it."""

from datetime import datetime

from msgspec import Struct

from protocols.maintenance import MaintenanceWindow


class PlannedWork(Struct, frozen=True, kw_only=True):
    """The next occurrence of a window."""

    window: MaintenanceWindow
    start: datetime
    end: datetime
    customers: tuple[str, ...] = ()
    """Ids of the customers in its scope."""
    announced: tuple[str, ...] = ()
    """The actions of policies that were done, each by its policy and its place."""
    reaching: str = ""
    """The action that is being done, as in ``announced``."""
    reached: int = 0
    """So many of ``customers``, from the first on, were looked at by ``reaching``."""
