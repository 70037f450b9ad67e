"""Stories of a small plant, drawn at random: ONTs and legs that go out, fade and come back, a port and a card that say so
themselves, and a topology that changes meanwhile."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from protocols.event import TopologyChanged
from protocols.topology import Node
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

NODES = tuple(plant(ports=2))
PLACES = [*onts(0, [0, 1]), *onts(1, [0, 1]), *onts(0, [2])]

Step = tuple[str, int, str]
WHATS = ("gasp", "los", "lof", "dim", "back", "back", "leg", "legback", "port", "card", "wait", "long", "area", "move")
FEW = [0, 1, 8, 9, 16, 17, 32, 33]
"""Of the places, so that things happen to the same ones."""
steps = st.lists(
    st.tuples(st.sampled_from(WHATS), st.sampled_from(FEW), st.sampled_from(("north", "south", ""))), min_size=10, max_size=60
)
SAYS = {
    "gasp": "ont.dying_gasp",
    "los": "ont.los",
    "lof": "ont.lof",
    "dim": "ont.rx.low",
    "port": "pon.los",
    "card": "card.offline",
}


def play(world: World, story: list[Step], interrupt: Any) -> bytes:
    world.begin()
    olt = Olt(world, NODES)
    olt.reports("ont.dying_gasp", *PLACES[:24])

    def over(places: set[str]) -> None:
        for alarm in [a for a in world.alarms if a.resource_id in places and a.cleared_at is None]:
            if alarm.alarm_type in SAYS.values():
                olt.clears(alarm.alarm_type, alarm.resource_id)

    def put(node: Node) -> None:
        world.at(olt.seconds)(TopologyChanged(puts=(node,), by="ops"))

    for number, (what, where, area) in enumerate(story):
        interrupt(world, number)
        place = PLACES[where]
        port = place.rpartition("/")[0]
        leg = PLACES[where // 8 * 8 : where // 8 * 8 + 8]
        match what:
            case "port" | "card":
                subject = port if what == "port" else "olt/1"
                if any(a.resource_id == subject and a.alarm_type == SAYS[what] and not a.cleared_at for a in world.alarms):
                    over({subject})
                else:
                    olt.reports(SAYS[what], subject)
            case "leg":
                olt.reports("ont.los", *leg)
            case "back":
                over({place})
            case "legback":
                over(set(leg))
            case "area":
                put(replace(world.state.plant.nodes[place], area=area))
            case "move":
                put(replace(world.state.plant.nodes[place], parents=(f"olt/1/{where % 2}/s.3",)))
            case "wait" | "long":
                olt.waits(1 if what == "wait" else 50)
            case _:
                olt.reports(SAYS[what], place)
    olt.waits(6)
    octets: bytes = world.state.save()
    return octets
