"""The open alarms of each device that a read can judge. The index follows from the State, so it is not saved."""

from actors.correlator.polling.judged_types import judged_kind
from actors.correlator.state import DerivedView, State
from protocols.alarm import Alarm

EXCEEDED = "monitoring.threshold_exceeded"
_Index = dict[str, dict[str, None]]


class OpenAlarmsView(DerivedView):
    """Ids of the open alarms by device: those whose type a read judges, and those of exceeded thresholds."""

    of_configuration = True
    of_alarms = True

    def __init__(self, state: State) -> None:
        self._state = state
        self._by_device: _Index = {}
        self._exceeded: _Index = {}
        for alarm in state.alarms.values():
            if alarm.cleared_at is None:
                self.changed(alarm, moved=True)

    def changed(self, alarm: Alarm, *, moved: bool) -> None:
        if not moved:
            return
        if alarm.alarm_type == EXCEEDED:
            _index(self._exceeded, alarm)
        elif judged_kind(self._state.symptoms, alarm.alarm_type) is not None:
            _index(self._by_device, alarm)

    def of(self, device_id: str) -> list[str]:
        """The ids of a device's alarms, in an order that does not depend on how they came."""
        return sorted(self._by_device.get(device_id, ()))

    def has_exceeded(self, device_id: str) -> bool:
        """True while an alarm of an exceeded threshold is open at this device."""
        return device_id in self._exceeded


def _index(index: _Index, alarm: Alarm) -> None:
    device_id = alarm.device_id or alarm.resource_id.partition("/")[0]  # people name the resource alone
    known = index.get(device_id)
    if alarm.cleared_at is None:
        if known is None:
            known = index[device_id] = {}
        known[alarm.id] = None
    elif known is not None:
        known.pop(alarm.id, None)
        if not known:
            del index[device_id]
