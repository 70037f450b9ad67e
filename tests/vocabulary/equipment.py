"""Equipment below two cores that fails and works again, reported to a World one by one."""

from typing import Any

from protocols.alarm import Alarm
from protocols.command import Clear, Raise
from protocols.event import TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node
from vocabulary.world import World

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


class Equipment:
    """Reports on the equipment of :data:`PLANT` to a World."""

    def __init__(self, world: World) -> None:
        self.world = world
        world(TopologyLoaded("t", PLANT))

    def fails(self, at: float, alarm_type: str, resource: str, **fields: Any) -> Alarm:
        """Raise an alarm, ``at`` so many seconds after the start; it as it is then."""
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
        return self.current(answer.accepted[0])

    def works(self, at: float, alarm: Alarm) -> None:
        """Clear an alarm."""
        self.world.at(at).command(Clear(), alarm.id, by=ADMIN)

    def until(self, at: float) -> None:
        """Tick at that time."""
        self.world.at(at).tick()

    def current(self, alarm: Alarm | str) -> Alarm:
        """An alarm as it is now."""
        return self.world.get(alarm if isinstance(alarm, str) else alarm.id)
