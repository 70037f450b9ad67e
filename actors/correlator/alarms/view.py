"""The alarms of a State for the API: read between Events."""

from collections.abc import Sequence

from actors.correlator.state import State
from protocols.alarm import Alarm, Identity


class HeldAlarms:
    """A :class:`protocols.alarm_view.AlarmView` of ``state``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, name: str, tenant: str | None) -> Alarm | None:
        found = self._state.named(name, tenant)
        return found[0] if len(found) == 1 else None

    def is_open(self, identity: Identity) -> bool:
        kind = (identity.tenant_id, identity.resource_id, identity.alarm_type)
        return identity.qualifier in self._state.open.get(kind, {})

    def all(self) -> Sequence[Alarm]:
        return list(self._state.alarms.values())
