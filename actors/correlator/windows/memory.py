"""The fold's memory of maintenance windows."""

from datetime import datetime

from msgspec import Struct

from protocols.maintenance import MaintenanceWindow


class Review(Struct):
    """Held alarms that are still to be examined. ``why``: the change. ``late``: the window ended and opened again unobserved in
    between, so the alarms are released although it is open."""

    alarms: list[str]
    why: str
    late: bool = False


class WindowMemory(Struct):
    """The maintenance windows, those that are open, and the alarms that they hold back."""

    windows: dict[str, MaintenanceWindow] = {}
    """By id, oldest first."""
    active: dict[str, datetime] = {}
    """The open windows, with the begin of the occurrence."""
    places: dict[str, list[str]] = {}
    """Ids of open windows by the places of their scope, to find those of an alarm."""
    held: dict[str, dict[str, None]] = {}
    """The open alarms that each window holds back."""
    owed: dict[str, str] = {}
    """Alarms that a window does not hold back again, because it ended while faultd was not running."""
    reviews: dict[str, Review] = {}
    over: dict[str, datetime] = {}
    """Windows that will not open again, with the time of their end."""

    def file(self, window: MaintenanceWindow, active: datetime | None) -> None:
        """Keep the window as it is now. ``active``: the begin of its present occurrence."""
        before = self.windows.get(window.id)
        if before is not None and window.id in self.active:
            for key in keys_of(before):
                filed = self.places[key]
                filed.remove(window.id)
                if not filed:
                    del self.places[key]
            del self.active[window.id]
        self.windows[window.id] = window
        if active is not None:
            self.active[window.id] = active
            for key in keys_of(window):
                self.places.setdefault(key, []).append(window.id)

    def forget(self, window_id: str) -> None:
        """Forget a window that is over."""
        window = self.windows.get(window_id)
        if window is not None:
            self.file(window, None)
            del self.windows[window_id]
        self.over.pop(window_id, None)
        self.held.pop(window_id, None)
        self.reviews.pop(window_id, None)


def keys_of(window: MaintenanceWindow) -> list[str]:
    """The keys of a window: its places, or else the first of its types and tenants."""
    scope = window.scope
    named = (("node", scope.subtrees), ("device", scope.devices), ("customer", scope.customers), ("service", scope.services))
    if not scope.places:
        others = (("type", scope.alarm_types), ("resource", scope.resource_types), ("tenant", scope.tenants))
        named = tuple(one for one in others if one[1])[:1]  # type: ignore[assignment]
    return [f"{kind}:{name}" for kind, names in named for name in dict.fromkeys(names)]
