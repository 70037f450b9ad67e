"""Conclusions that must not stand for ever, hide what they do not explain, or be told one by one."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

from actors.correlator.pon.memory import PonMemory
from protocols.event import TopologyChanged
from protocols.topology import Node


@pytest.fixture
def olt(world: World) -> Olt:
    return Olt(world)


def told(olt: Olt) -> list[tuple[str, str]]:
    return [each for each in olt.world.notified if each[0] == "raised"]


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
    olt.reports("pon.los", "olt/1/0")
    olt.waits(after)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
    olt.clears("pon.los", "olt/1/0")
    olt.waits(5)
    assert not olt.concluded()


def test_ports_that_alone_tell_of_a_cable_with_all_feeders_of_their_card_go_with_it(olt: Olt) -> None:
    olt.reports("pon.los", "olt/1/0", "olt/1/1")
    olt.waits(3)
    olt.reports("pon.los", "olt/1/2")
    olt.waits(60)
    trunk = olt.concluded()["fibre.cut olt/1"]
    assert olt.children(trunk) == {"olt/1/0", "olt/1/1", "olt/1/2"}
    assert told(olt) == [("raised", "fibre.cut")]
    olt.waits(600)
    olt.clears("pon.los", "olt/1/0", "olt/1/1", "olt/1/2")
    olt.waits(5)
    assert not olt.concluded()


def test_an_olt_that_fails_leaves_no_card_behind(world: World) -> None:
    olt = Olt(world, two_cards())
    for card, port in ((1, 0), (1, 1), (2, 0), (2, 1)):
        olt.reports("ont.state", *(f"olt/{card}/{port}/{ont}" for ont in range(8)))
    olt.waits(60)
    assert set(olt.concluded()) == {"olt.failure olt"}
    assert olt.concluded()["olt.failure olt"].metadata["dark"] == 32
    assert told(olt) == [("raised", "olt.failure")]


def test_a_cut_that_somebody_ends_by_hand_comes_back_as_one_while_its_onts_are_dark(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.waits(200)
    olt.clears("fibre.cut", "olt/1/0")
    olt.waits(400)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
    assert set(told(olt)) == {("raised", "fibre.cut")}


def test_a_cause_ends_although_its_onts_are_no_longer_in_the_topology(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.waits(200)
    gone = [node.id for node in plant() if node.id.startswith("olt/1/0")]
    replant(olt, removes=tuple(gone))
    olt.waits(5)
    olt.clears("ont.los", *onts(0))
    olt.waits(60)
    assert not olt.concluded()
    memory = olt.world.state.memory(PonMemory)
    assert (memory.onset, memory.causes, memory.at_port) == ({}, {}, {})


def test_a_cause_ends_although_its_onts_hang_elsewhere_by_now(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [1]))
    olt.waits(200)
    replant(olt, *(replace(node, parents=("olt/1/1/s.3",)) for node in plant() if node.id in onts(0, [1])))
    olt.waits(5)
    olt.clears("ont.los", *onts(0, [1]))
    olt.waits(60)
    assert not olt.concluded()


def test_an_outage_is_not_over_because_its_area_got_another_name(olt: Olt) -> None:
    north = [*onts(0, [0, 1]), *onts(1, [0, 1]), *onts(2, [0, 1])]
    olt.reports("ont.dying_gasp", *north)
    olt.waits(5)
    assert set(olt.concluded()) == {"power.outage area:north"}
    replant(olt, *(replace(node, area="harbour") for node in plant() if node.area == "north"))
    olt.clears("ont.dying_gasp", north[0])
    olt.waits(30)
    lines = [line.text for line in olt.world.entries if line.action == "cleared" and "power again" in line.text]
    assert not lines


def test_a_cause_that_grows_gets_as_severe_as_it_is(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [1])[:7])
    olt.waits(3)
    assert olt.concluded()["fibre.cut olt/1/0/s.1"].severity == "major"
    olt.reports("ont.los", *onts(0, [1])[7:])
    olt.waits(3)
    assert olt.concluded()["fibre.cut olt/1/0/s.1"].severity == "critical"


def test_who_came_back_is_not_remembered_for_ever(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.clears("ont.los", *onts(0))
    olt.waits(700)
    olt.reports("ont.los", *onts(1))
    olt.clears("ont.los", *onts(1))
    olt.waits(5)
    assert set(olt.world.state.memory(PonMemory).back) == set(onts(1))


def test_onts_that_the_topology_learns_of_later_are_evidence_then(world: World) -> None:
    nodes = list(plant())
    olt = Olt(world, [node for node in nodes if not node.id.startswith("olt/1/0/")])
    olt.reports("ont.los", *onts(0))
    replant(olt, *(node for node in nodes if node.id.startswith("olt/1/0/")))
    olt.waits(60)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
