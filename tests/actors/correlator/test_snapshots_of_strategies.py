"""What depends on the order of an index does not depend on whether it was made anew from a snapshot."""

from msgspec.structs import replace
from vocabulary.world import World

from protocols.change import AlarmChanged
from protocols.command import Clear, Raise
from protocols.event import TopologyChanged, TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node

ADMIN = Principal("probe", "admin")
OLT, OTHER = Node(id="olt", type="olt"), Node(id="other", type="olt")
ONT = Node(id="olt/1", type="ont", parents=("olt",))


def test_alarms_of_a_moved_resource_are_told_in_the_same_order_after_a_snapshot(world: World) -> None:
    def fails(alarm_type: str) -> str:
        raised = Raise(
            tenant_id="default", alarm_type=alarm_type, severity="minor", title="t", resource_type="ont", resource_id="olt/1"
        )
        name: str = world.command(raised, by=ADMIN).accepted[0]
        return name

    world(TopologyLoaded("t", (OLT, OTHER, ONT)))
    alarms = [fails(f"test.{number}") for number in range(6)]
    for alarm_id in alarms[:3]:
        world.command(Clear(), alarm_id, by=ADMIN)
    for number in range(3):
        fails(f"test.{number}")

    def moved() -> list[str]:
        world(TopologyChanged(puts=(replace(ONT, parents=("other",)),), by="ops"))
        world.tick()
        return [change.alarm.id for change in world.all(AlarmChanged)]

    saved = world.state.save()
    straight = moved()
    world.restart(saved)
    assert moved() == straight
    assert len(straight) == 6
