"""A fold with its own clock: events go in one by one, alarms and changes are read back."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from actors.correlator.fold import fold
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.change import Answer, Change
from protocols.command import Action, Command
from protocols.event import Event, NetworkEvent, PolicyLoaded, Tick
from protocols.principal import Principal

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
OPERATOR = Principal("ada", "operator")

C = TypeVar("C")


class World:
    """A State and the time; ``at(seconds)`` moves the clock to that moment after the start."""

    def __init__(self, settings: CorrelatorSettings | None = None) -> None:
        self.begin(settings)

    def begin(self, settings: CorrelatorSettings | None = None) -> None:
        """Forget everything and begin anew."""
        self.state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")
        self.now = START
        self.offset = 0
        self.changes: list[Change] = []
        if settings is not None:
            self(PolicyLoaded("p", msgspec.msgpack.encode(settings)))

    def at(self, seconds: float) -> "World":
        self.now = START + timedelta(seconds=seconds)
        return self

    def __call__(self, event: Event) -> list[Change]:
        self.offset += 1
        self.changes = fold(self.state, self.offset, self.now, event)
        return self.changes

    def network(self, type: str, resource: str = "olt-1", **fields: Any) -> Answer:
        fields.setdefault("tenant_id", "t")
        fields.setdefault("reported_by", "probe")
        self(NetworkEvent(type=type, resource_type="olt", resource_id=resource, **fields))  # type: ignore[arg-type]
        return self.only(Answer)

    def command(self, action: Action, *alarm_ids: str, by: Principal = OPERATOR) -> Answer:
        self(Command(by, action, alarm_ids))
        return self.only(Answer)

    def tick(self) -> list[Change]:
        return self(Tick())

    def only(self, kind: type[C]) -> C:
        (found,) = self.all(kind)
        return found

    def all(self, kind: type[C]) -> list[C]:
        return [change for change in self.changes if isinstance(change, kind)]

    @property
    def alarms(self) -> list[Alarm]:
        return list(self.state.alarms.values())

    @property
    def alarm(self) -> Alarm:
        (alarm,) = self.alarms
        return alarm
