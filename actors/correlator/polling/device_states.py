"""The states of polled devices, for the API: a read of the fold's memory."""

from actors.correlator.polling.contact_memory import ContactMemory
from actors.correlator.state import State
from protocols.poll.device import DeviceState


class DeviceStates:
    """Reads the states of ``state``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def state(self, device_id: str) -> DeviceState:
        """The state of a device. ``unknown``: not polled, no answer yet, or faultd is or was blind and the device has not been
        verified. A device that misses its first polls is in the state that it had."""
        memory = self._state.memory(ContactMemory)
        if device_id in memory.parked:
            return "parked"
        silent = memory.silent.get(device_id)
        if silent is not None and silent.contact == "down":
            return "down"
        if silent is not None and silent.contact == "unreachable":
            return "unreachable"
        if device_id in memory.unseen or device_id not in memory.heard:
            return "unknown"
        return "up"

    @property
    def blind(self) -> bool:
        """True while faultd cannot see its devices."""
        return self._state.memory(ContactMemory).blind is not None
