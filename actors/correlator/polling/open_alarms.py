"""The open alarms of each device that a read can judge. The index follows from the State, so it is not saved."""

from actors.correlator.polling.judged_types import judged_kind
from actors.correlator.state import DerivedView, State
from protocols.alarm import Alarm


class OpenAlarmsView(DerivedView):
    """Ids of the open alarms whose type a read judges, by device."""

    of_configuration = True
    of_alarms = True

    def __init__(self, state: State) -> None:
        self._state = state
        self._by_device: dict[str, dict[str, None]] = {}
        for alarm in state.alarms.values():
            if alarm.cleared_at is None:
                self.changed(alarm, moved=True)

    def changed(self, alarm: Alarm, *, moved: bool) -> None:
        if not moved or judged_kind(self._state.symptoms, alarm.alarm_type) is None:
            return
        device_id = alarm.device_id or alarm.resource_id.partition("/")[0]  # people name the resource alone
        known = self._by_device.get(device_id)
        if alarm.cleared_at is None:
            if known is None:
                known = self._by_device[device_id] = {}
            known[alarm.id] = None
        elif known is not None:
            known.pop(alarm.id, None)
            if not known:
                del self._by_device[device_id]

    def of(self, device_id: str) -> list[str]:
        """The ids of a device's alarms, in an order that does not depend on how they came."""
        return sorted(self._by_device.get(device_id, ()))
