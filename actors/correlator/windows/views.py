"""Maintenance windows as they are shown: read from the State between Events."""

from actors.correlator.state import State
from actors.correlator.windows.memory import WindowMemory
from protocols.maintenance import MaintenanceWindow, Phase, WindowView
from protocols.recurrence.occurrences import occurrence_from, standing


class WindowCatalogue:
    """Read-only view for the API and the metrics: the fold's windows at the fold's time."""

    def __init__(self, state: State) -> None:
        self._state = state

    def all(self) -> list[MaintenanceWindow]:
        """Every window, oldest first."""
        return list(self._memory.windows.values())

    def get(self, window_id: str) -> MaintenanceWindow | None:
        """A window by its id."""
        return self._memory.windows.get(window_id)

    def show(self, window: MaintenanceWindow) -> WindowView:
        """A window with what it is doing. Whether it is open is what the fold has it for."""
        memory = self._memory
        now, following = standing(window, self._state.at)
        occurrence = now
        if occurrence is None and following is not None:
            occurrence = occurrence_from(window, following)
        held = len(memory.held.get(window.id, ()))
        return WindowView(window=window, phase=self.phase(window), occurrence=occurrence, held=held)

    def phase(self, window: MaintenanceWindow) -> Phase:
        """The window's status in the fold."""
        memory = self._memory
        if window.cancelled_at is not None:
            return "cancelled"
        if window.id in memory.active:
            return "active"
        return "ended" if window.id in memory.over else "upcoming"

    def active(self) -> int:
        """Number of open windows."""
        return len(self._memory.active)

    @property
    def _memory(self) -> WindowMemory:
        return self._state.memory(WindowMemory)
