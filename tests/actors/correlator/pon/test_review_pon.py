"""Conclusions that must not stand for ever, hide what they do not explain, or be told one by one."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from actors.correlator.pon.memory import PonMemory
from protocols.alarm import Alarm, TimelineEntry
from protocols.change import AlarmChanged, NoticeWanted
from protocols.command import Clear, Raise
from protocols.event import TopologyChanged, TopologyLoaded
from protocols.principal import Principal
from protocols.severity import Severity
from protocols.topology import Node

ADMIN = Principal("olt", "admin")
LEGS, ONTS = 4, 8
SEVERITY: dict[str, Severity] = {"pon.los": "critical", "card.offline": "critical", "ont.dying_gasp": "warning"}


def plant(ports: int = 3, areas: bool = True) -> Iterator[Node]:
    """An OLT with a card; each port a splitter of 4, each of whose legs one of 8. The first two legs lie in ``north``."""
    yield Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1")
    yield Node(id="olt/1", type="card", parents=("olt",), name="Mill Lane card 1")
    for port in range(ports):
        pon = f"olt/1/{port}"
        yield Node(id=pon, type="pon", parents=("olt/1",), name=f"PON {port}")
        yield Node(id=f"{pon}/s", type="splitter", parents=(pon,))
        for leg in range(LEGS):
            splitter = f"{pon}/s.{leg}"
            yield Node(id=splitter, type="splitter", parents=(f"{pon}/s",), name=f"splitter {port}.{leg}")
            for number in range(ONTS):
                ont = leg * ONTS + number
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
    """What the OLT reports, one trap after the other."""

    def __init__(self, world: Any, nodes: Iterable[Node] = ()) -> None:
        self.world = world
        self.seconds = 0.0
        self.lines: list[TimelineEntry] = []
        self.notices: list[tuple[str, str]] = []
        world(TopologyLoaded("t", tuple(nodes or plant())))

    def _note(self) -> None:
        for change in self.world.all(AlarmChanged):
            self.lines += change.entries
        self.notices += [
            (each.kind, self.world.state.alarms[each.alarm_id].alarm_type) for each in self.world.all(NoticeWanted)
        ]

    def says(self, alarm_type: str, *resources: str, every: float = 0.003) -> None:
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
            self._note()
            self.seconds += every

    def says_over(self, alarm_type: str, *resources: str, every: float = 0.003) -> None:
        for resource in resources:
            (alarm,) = (
                a for a in self.world.alarms if (a.alarm_type, a.resource_id) == (alarm_type, resource) and not a.cleared_at
            )
            self.world.at(self.seconds).command(Clear(), alarm.id, by=ADMIN)
            self._note()
            self.seconds += every

    def waits(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds += 1.0
            self.world.at(self.seconds).tick()
            self._note()

    def concluded(self) -> dict[str, Alarm]:
        """Open alarms that were concluded, by ``type place``."""
        kinds = ("fibre.cut", "power.outage", "card.failure", "olt.failure", "fibre.degraded")
        return {
            f"{a.alarm_type} {a.resource_id}": a for a in self.world.alarms if a.alarm_type in kinds and a.cleared_at is None
        }

    def children(self, alarm: Alarm) -> set[str]:
        return {a.resource_id for a in self.world.alarms if a.parent_alarm_id == alarm.id and a.cleared_at is None}


def onts(port: int, legs: Iterable[int] = range(LEGS)) -> list[str]:
    return [f"olt/1/{port}/{leg * ONTS + number}" for leg in legs for number in range(ONTS)]


@pytest.fixture
def olt(world: Any) -> Olt:
    return Olt(world)


def told(olt: Olt) -> list[tuple[str, str]]:
    return [each for each in olt.notices if each[0] == "raised"]


def replant(olt: Olt, *puts: Node, removes: tuple[str, ...] = ()) -> None:
    olt.world.at(olt.seconds)(TopologyChanged(puts=puts, removes=removes, by="ops"))


def two_cards() -> Iterator[Node]:
    yield Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1")
    for card in (1, 2):
        yield Node(id=f"olt/{card}", type="card", parents=("olt",))
        for port in (0, 1):
            yield Node(id=f"olt/{card}/{port}", type="pon", parents=(f"olt/{card}",))
            for ont in range(8):
                yield Node(id=f"olt/{card}/{port}/{ont}", type="ont", parents=(f"olt/{card}/{port}",))


@pytest.mark.parametrize("after", [60, 600])
def test_a_cut_that_the_port_alone_told_of_is_over_when_the_port_says_so(olt: Olt, after: float) -> None:
    olt.says("pon.los", "olt/1/0")
    olt.waits(after)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
    olt.says_over("pon.los", "olt/1/0")
    olt.waits(5)
    assert not olt.concluded()


def test_ports_that_alone_tell_of_their_card_go_with_it(olt: Olt) -> None:
    olt.says("pon.los", "olt/1/0", "olt/1/1")
    olt.waits(3)
    olt.says("pon.los", "olt/1/2")
    olt.waits(60)
    (card,) = olt.concluded().values()
    assert card.alarm_type == "card.failure"
    assert olt.children(card) == {"olt/1/0", "olt/1/1", "olt/1/2"}
    assert told(olt) == [("raised", "card.failure")]
    olt.waits(600)
    olt.says_over("pon.los", "olt/1/0", "olt/1/1", "olt/1/2")
    olt.waits(5)
    assert not olt.concluded()


def test_an_olt_that_fails_leaves_no_card_behind(world: Any) -> None:
    olt = Olt(world, two_cards())
    for card, port in ((1, 0), (1, 1), (2, 0), (2, 1)):
        olt.says("ont.los", *(f"olt/{card}/{port}/{ont}" for ont in range(8)))
    olt.waits(60)
    assert set(olt.concluded()) == {"olt.failure olt"}
    assert olt.concluded()["olt.failure olt"].metadata["dark"] == 32
    assert told(olt) == [("raised", "olt.failure")]


def test_what_is_still_dark_after_a_repair_is_looked_at_anew(olt: Olt) -> None:
    olt.says("ont.los", *onts(0))
    olt.waits(60)
    olt.says_over("ont.los", *onts(0, [0, 1]))
    olt.waits(400)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.2", "fibre.cut olt/1/0/s.3"}
    assert told(olt) == [("raised", "fibre.cut")] * 3


def test_a_cut_that_somebody_ends_by_hand_comes_back_as_one_while_its_onts_are_dark(olt: Olt) -> None:
    olt.says("ont.los", *onts(0))
    olt.waits(200)
    olt.says_over("fibre.cut", "olt/1/0")
    olt.waits(400)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
    assert set(told(olt)) == {("raised", "fibre.cut")}


def test_a_cause_ends_although_its_onts_are_no_longer_in_the_topology(olt: Olt) -> None:
    olt.says("ont.los", *onts(0))
    olt.waits(200)
    gone = [node.id for node in plant() if node.id.startswith("olt/1/0")]
    replant(olt, removes=tuple(gone))
    olt.waits(5)
    olt.says_over("ont.los", *onts(0))
    olt.waits(60)
    assert not olt.concluded()
    memory = olt.world.state.memory(PonMemory)
    assert (memory.onset, memory.causes, memory.at_port) == ({}, {}, {})


def test_a_cause_ends_although_its_onts_hang_elsewhere_by_now(olt: Olt) -> None:
    olt.says("ont.los", *onts(0, [1]))
    olt.waits(200)
    replant(olt, *(replace(node, parents=("olt/1/1/s.3",)) for node in plant() if node.id in onts(0, [1])))
    olt.waits(5)
    olt.says_over("ont.los", *onts(0, [1]))
    olt.waits(60)
    assert not olt.concluded()


def test_an_outage_is_not_over_because_its_area_got_another_name(olt: Olt) -> None:
    north = [*onts(0, [0, 1]), *onts(1, [0, 1]), *onts(2, [0, 1])]
    olt.says("ont.dying_gasp", *north)
    olt.waits(5)
    assert set(olt.concluded()) == {"power.outage area:north"}
    replant(olt, *(replace(node, area="harbour") for node in plant() if node.area == "north"))
    olt.says_over("ont.dying_gasp", north[0])
    olt.waits(30)
    lines = [line.text for line in olt.lines if line.action == "cleared" and "power again" in line.text]
    assert not lines


def test_a_cause_that_grows_gets_as_severe_as_it_is(olt: Olt) -> None:
    olt.says("ont.los", *onts(0, [1])[:7])
    olt.waits(3)
    assert olt.concluded()["fibre.cut olt/1/0/s.1"].severity == "major"
    olt.says("ont.los", *onts(0, [1])[7:])
    olt.waits(3)
    assert olt.concluded()["fibre.cut olt/1/0/s.1"].severity == "critical"


def test_who_came_back_is_not_remembered_for_ever(olt: Olt) -> None:
    olt.says("ont.los", *onts(0))
    olt.says_over("ont.los", *onts(0))
    olt.waits(700)
    olt.says("ont.los", *onts(1))
    olt.says_over("ont.los", *onts(1))
    olt.waits(5)
    assert set(olt.world.state.memory(PonMemory).back) == set(onts(1))


def test_onts_that_the_topology_learns_of_later_are_evidence_then(world: Any) -> None:
    nodes = list(plant())
    olt = Olt(world, [node for node in nodes if not node.id.startswith("olt/1/0/")])
    olt.says("ont.los", *onts(0))
    replant(olt, *(node for node in nodes if node.id.startswith("olt/1/0/")))
    olt.waits(60)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
