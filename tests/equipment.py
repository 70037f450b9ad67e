"""Equipment that fails and works again below two cores, reported to a fold one by one; and what people are told of it."""

from typing import Any

from vocabulary.world import World

from protocols.alarm import Alarm
from protocols.change import NotificationRequested
from protocols.command import Clear, Raise
from protocols.event import TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node

ADMIN = Principal("probe", "admin")

PLANT = (
    Node(id="core-1", type="core", name="Core 1"),
    Node(id="core-2", type="core", name="Core 2"),
    Node(id="agg", type="other", parents=("core-1", "core-2"), name="Aggregation"),
    Node(id="olt", type="olt", parents=("agg",), name="Mill Lane", address="192.0.2.1"),
    Node(id="olt/1", type="card", parents=("olt",), name="card 1"),
    Node(id="olt/1/0", type="pon", parents=("olt/1",)),
    Node(id="olt/1/0/7", type="ont", parents=("olt/1/0",), customer_id="C7"),
    Node(id="olt/1/0/8", type="ont", parents=("olt/1/0",), customer_id="C8"),
)


class Plant:
    def __init__(self, world: World) -> None:
        self.world = world
        self.told: list[tuple[str, str]] = []
        world(TopologyLoaded("t", PLANT))

    def fails(self, at: float, alarm_type: str, resource: str, **fields: Any) -> Alarm:
        kind = "ont" if alarm_type.startswith("ont") else "device"
        answer = self.world.at(at).command(
            Raise(
                tenant_id="default",
                alarm_type=alarm_type,
                severity="critical",
                title=alarm_type,
                resource_type=kind,
                resource_id=resource,
                **fields,
            ),
            by=ADMIN,
        )
        self._listen()
        return self.now(answer.accepted[0])

    def works(self, at: float, alarm: Alarm) -> None:
        self.world.at(at).command(Clear(), alarm.id, by=ADMIN)
        self._listen()

    def until(self, at: float) -> None:
        self.world.at(at).tick()
        self._listen()

    def now(self, alarm: Alarm | str) -> Alarm:
        found: Alarm = self.world.state.alarms[alarm if isinstance(alarm, str) else alarm.id]
        return found

    def _listen(self) -> None:
        self.told += [(each.kind, self.now(each.alarm_id).alarm_type) for each in self.world.all(NotificationRequested)]
