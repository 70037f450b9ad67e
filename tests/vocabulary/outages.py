"""A plant with one OLT whose reports go into a fold one by one: outages below PON ports as timelines."""

from collections.abc import Iterable, Iterator

from protocols.alarm import Alarm
from protocols.command import Clear, Raise
from protocols.event import TopologyLoaded
from protocols.principal import Principal
from protocols.severity import Severity
from protocols.topology import Node
from vocabulary.world import World

ADMIN = Principal("olt", "admin")
LEGS, ONTS = 4, 8
SEVERITY: dict[str, Severity] = {"pon.los": "critical", "card.offline": "critical", "ont.dying_gasp": "warning"}


def plant(ports: int = 3, areas: bool = True, legs: int = LEGS, onts: int = ONTS) -> Iterator[Node]:
    """An OLT with a card; each port a splitter of ``legs``, each of which has one of ``onts``. The first two legs lie in
    ``north``."""
    yield Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1")
    yield Node(id="olt/1", type="card", parents=("olt",), name="Mill Lane card 1")
    for port in range(ports):
        pon = f"olt/1/{port}"
        yield Node(id=pon, type="pon", parents=("olt/1",), name=f"PON {port}")
        yield Node(id=f"{pon}/s", type="splitter", parents=(pon,))
        for leg in range(legs):
            splitter = f"{pon}/s.{leg}"
            yield Node(id=splitter, type="splitter", parents=(f"{pon}/s",), name=f"splitter {port}.{leg}")
            for number in range(onts):
                ont = leg * onts + number
                area = ("north" if leg < 2 else "south") if areas else ""
                yield Node(
                    id=f"{pon}/{ont}",
                    type="ont",
                    parents=(splitter,),
                    customer_id=f"C{port}-{ont}",
                    area=area,
                    sla_class="gold",
                )


class Olt:
    """An OLT that reports on its ONTs to a World, one report after the other."""

    def __init__(self, world: World, nodes: Iterable[Node] = ()) -> None:
        self.world = world
        self.seconds = 0.0
        world(TopologyLoaded("t", tuple(nodes or plant())))

    def reports(self, alarm_type: str, *resources: str, every: float = 0.003) -> None:
        """Raise an alarm for each resource, ``every`` so many seconds."""
        for resource in resources:
            kind = "pon" if alarm_type.startswith("pon") else "card" if alarm_type.startswith("card") else "ont"
            self.world.at(self.seconds).command(
                Raise(
                    tenant_id="default",
                    alarm_type=alarm_type,
                    severity=SEVERITY.get(alarm_type, "minor"),
                    title=alarm_type,
                    resource_type=kind,
                    resource_id=resource,
                ),
                by=ADMIN,
            )
            self.seconds += every

    def clears(self, alarm_type: str, *resources: str, every: float = 0.003) -> None:
        """Clear the open alarm of each resource."""
        for resource in resources:
            (alarm,) = (
                a for a in self.world.alarms if (a.alarm_type, a.resource_id) == (alarm_type, resource) and not a.cleared_at
            )
            self.world.at(self.seconds).command(Clear(), alarm.id, by=ADMIN)
            self.seconds += every

    def waits(self, seconds: float) -> None:
        """Let time pass, with a tick each second and at the end."""
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds = min(self.seconds + 1.0, until)
            self.world.at(self.seconds).tick()

    def passes(self, seconds: float) -> None:
        """Let a long time pass, with a tick when something is due."""
        self.seconds += seconds
        self.world.run_to(self.seconds).tick()

    def concluded(self) -> dict[str, Alarm]:
        """The open alarms that correlation concluded, by ``type place``."""
        kinds = ("fibre.cut", "power.outage", "card.failure", "olt.failure", "fibre.degraded")
        return {
            f"{a.alarm_type} {a.resource_id}": a for a in self.world.alarms if a.alarm_type in kinds and a.cleared_at is None
        }

    def children(self, alarm: Alarm) -> set[str]:
        """The resources of the open alarms that are attributed to ``alarm``."""
        return {a.resource_id for a in self.world.alarms if a.parent_alarm_id == alarm.id and a.cleared_at is None}


def onts(port: int, legs: Iterable[int] = range(LEGS)) -> list[str]:
    return [f"olt/1/{port}/{leg * ONTS + number}" for leg in legs for number in range(ONTS)]


def shelf(cards: int = 1, ports: int = 4, onts_each: int = 8, above: str = "") -> Iterator[Node]:
    """An OLT with equal cards, whose ports have two legs each. ``above``: the id of the switch that it hangs from."""
    if above:
        yield Node(id=above, type="core", name="Ring switch", address="192.0.2.9")
    yield Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1", parents=(above,) if above else ())
    for card in range(1, cards + 1):
        yield Node(id=f"olt/{card}", type="card", parents=("olt",), name=f"Mill Lane card {card}")
        for port in range(ports):
            pon = f"olt/{card}/{port}"
            yield Node(id=pon, type="pon", parents=(f"olt/{card}",), name=f"PON {card}/{port}", index=f"{card}0{port}")
            yield Node(id=f"{pon}/s", type="splitter", parents=(pon,))
            for leg in (0, 1):
                yield Node(id=f"{pon}/s.{leg}", type="splitter", parents=(f"{pon}/s",))
            for ont in range(onts_each):
                leg = 2 * ont // onts_each
                yield Node(id=f"{pon}/{ont}", type="ont", parents=(f"{pon}/s.{leg}",), customer_id=f"C{card}-{port}-{ont}")


def onts_of(card: int, ports: Iterable[int], onts_each: int = 8) -> list[str]:
    return [f"olt/{card}/{port}/{ont}" for port in ports for ont in range(onts_each)]
