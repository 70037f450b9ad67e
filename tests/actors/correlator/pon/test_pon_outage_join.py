"""Outages and what is reported after them: their own silent ONTs, which join them, and cuts beside them, which do not."""

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

from actors.correlator.pon.cut_within import cut_beside, cuts_within
from actors.correlator.pon.likelihood import Seen, Tree
from actors.correlator.pon.notice_times import Noticed, by_chance

BEGIN = datetime(2026, 5, 4, tzinfo=UTC)
PORTS = (0, 1, 2)
NORTH = [ont for port in PORTS for ont in onts(port, [0, 1])]


def made(world: World, areas: bool) -> Olt:
    return Olt(world, plant(areas=areas))


def loose(olt: Olt) -> list[str]:
    return [a.resource_id for a in olt.world.alarms if a.alarm_type.startswith("ont") and not a.parent_alarm_id]


@pytest.mark.parametrize("areas", [False, True])
@pytest.mark.parametrize("gap", [1, 3, 6, 10, 15])
@pytest.mark.parametrize("legs", [[0, 1], [0, 1, 2]])
def test_a_cut_of_another_leg_beside_an_outage_stays_its_own(world: World, areas: bool, gap: float, legs: list[int]) -> None:
    olt = made(world, areas)
    olt.reports("ont.dying_gasp", *onts(0, legs))
    olt.waits(gap)
    olt.reports("ont.los", *onts(0, [3]))
    olt.waits(4)
    cut = olt.concluded().pop("fibre.cut olt/1/0/s.3")
    assert olt.children(cut) == set(onts(0, [3]))
    (outage,) = (each for each in olt.concluded().values() if each.alarm_type == "power.outage")
    assert olt.children(outage) == set(onts(0, legs))
    assert [alarm_type for _, alarm_type in olt.world.notified].count("fibre.cut") <= 1


@pytest.mark.parametrize("areas", [False, True])
@pytest.mark.parametrize("gap", [1, 3, 6, 10])
def test_so_does_one_beside_an_outage_of_several_ports(world: World, areas: bool, gap: float) -> None:
    """The leg lies in the street without power, too."""
    olt = made(world, areas)
    gasping = [ont for ont in NORTH if ont not in onts(0, [1])]
    olt.reports("ont.dying_gasp", *gasping)
    olt.waits(gap)
    olt.reports("ont.los", *onts(0, [1]))
    olt.waits(4)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.1", f"power.outage {'area:north' if areas else 'olt/1'}"}
    assert olt.children(olt.concluded()["fibre.cut olt/1/0/s.1"]) == set(onts(0, [1]))


@pytest.mark.parametrize("areas", [False, True])
@pytest.mark.parametrize("soak", [0, 1, 3, 7, 10])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_the_silent_onts_of_an_outage_of_several_ports_join_it(
    world: World, areas: bool, soak: float, share: float, seed: int
) -> None:
    olt = made(world, areas)
    rng = random.Random(f"{seed} {share}")
    gasping = [ont for ont in NORTH if rng.random() < share]
    olt.reports("ont.dying_gasp", *rng.sample(gasping, len(gasping)), every=0.02)
    olt.waits(soak)
    silent = [ont for ont in NORTH if ont not in gasping]
    olt.reports("ont.los", *rng.sample(silent, len(silent)), every=0.02)
    olt.waits(4)
    (outage,) = olt.concluded().values()
    assert olt.children(outage) == set(NORTH)
    assert (outage.metadata["gasped"], outage.metadata["dark"]) == (len(gasping), len(silent))
    assert outage.subscriber_count == len(NORTH)
    assert not loose(olt)
    assert not any(a.alarm_type == "fibre.cut" for a in olt.world.alarms)


def test_an_outage_that_was_grown_ends_with_all_its_onts(world: World) -> None:
    olt = made(world, areas=False)
    olt.reports("ont.dying_gasp", *NORTH[::2])
    olt.waits(7)
    olt.reports("ont.los", *NORTH[1::2])
    olt.waits(60)
    olt.clears("ont.los", *NORTH[1::2])
    olt.waits(100)
    (outage,) = olt.concluded().values()
    assert outage.metadata["still_out"] == len(NORTH) // 2
    olt.clears("ont.dying_gasp", *NORTH[::2])
    olt.waits(60)
    assert not olt.concluded()


def test_a_late_loss_elsewhere_on_the_port_is_no_part_of_the_outage(world: World) -> None:
    olt = made(world, areas=False)
    olt.reports("ont.dying_gasp", *NORTH)
    olt.waits(60)
    olt.reports("ont.los", *onts(0, [3]))
    olt.reports("ont.los", onts(1, [2])[0])
    olt.waits(4)
    assert set(olt.concluded()) == {"power.outage olt/1", "fibre.cut olt/1/0/s.3"}
    assert loose(olt) == [onts(1, [2])[0]]


@pytest.mark.parametrize(
    ("mine", "others", "cut"),
    [
        ({"dark": 8}, {"gasp": 24}, True),
        ({"dark": 8}, {"gasp": 20, "dark": 4}, True),
        ({"dark": 8}, {"gasp": 12, "dark": 12}, False),  # half of the ONTs send no dying gasp: 8 of them by chance
        ({"dark": 7, "silent": 1}, {"gasp": 24}, True),
        ({"dark": 6, "gasp": 2}, {"gasp": 24}, False),
        ({"dark": 2}, {"gasp": 24}, False),
        ({"dark": 3}, {"gasp": 16}, False),
        ({"dark": 8}, {"gasp": 2}, False),
        ({"dark": 8, "alive": 1}, {"gasp": 24}, False),
    ],
)
def test_what_decides_about_a_cut_beside_an_outage(mine: dict[Seen, int], others: dict[Seen, int], cut: bool) -> None:
    assert (cut_beside(mine, others) >= 0.8) is cut


@pytest.mark.parametrize(
    ("legs", "gasped", "cut"),
    [
        ((0, 1), 0, True),
        ((1,), 0, True),
        ((0, 1), 1, False),  # one of the later leg sent a dying gasp: it lost its power too
    ],
)
def test_a_leg_that_goes_seconds_after_the_others_were_noticed_is_a_cut(
    world: World, legs: tuple[int, ...], gasped: int, cut: bool
) -> None:
    """Half of the ONTs send no dying gasp, so that a dark leg alone shows nothing."""
    olt = Olt(world, plant(1, areas=False))
    unpowered = onts(0, legs)
    olt.reports("ont.dying_gasp", *unpowered[::2], *onts(0, [3])[:gasped])
    olt.waits(1)
    olt.reports("ont.los", *unpowered[1::2], every=0.05)
    olt.waits(3)
    olt.reports("ont.los", *onts(0, [3])[gasped:], every=0.05)
    olt.waits(60)
    told = sorted(each.alarm_type for each in olt.concluded().values())
    assert told == (["fibre.cut", "power.outage"] if cut else ["power.outage"])
    assert ("fibre.cut olt/1/0/s.3" in olt.concluded()) is cut


@pytest.mark.parametrize(
    ("mine", "others", "least", "most"),
    [
        ([7.4, 7.5, 7.8], [4.7, 4.8], 0.0, 0.01),  # 2.6 s apart, each of them within half a second
        ([4.7, 5.9, 7.1], [4.2, 5.2, 6.2], 1.0, 1.0),  # among one another
        ([5.5, 5.6], [4.5, 4.7], 1.0, 1.0),  # one after the other, as OLTs look at their ONTs
        ([7.5, 7.6], [4.9], 0.05, 0.2),  # one other ONT shows little
        ([7.5, 7.6], [], 1.0, 1.0),
    ],
)
def test_times_that_one_event_does_not_explain(mine: list[float], others: list[float], least: float, most: float) -> None:
    def at(times: list[float]) -> list[Noticed]:
        found = [BEGIN + timedelta(seconds=each) for each in times]
        return [Noticed(each, each) for each in found]

    assert least <= math.exp(by_chance(at(mine), at(others))) <= most
    queued = [each._replace(earliest=BEGIN + timedelta(seconds=4.5)) for each in at(mine)]
    assert by_chance(queued, at(others)) == 0.0  # they may have waited in the OLT's queue


def test_the_cut_is_at_the_highest_node_that_it_explains() -> None:
    def leg(name: str, seen: Seen) -> Tree:
        return Tree(name, tuple(Tree(f"{name}.{number}", (), seen) for number in range(8)))

    half = Tree("b", (leg("b1", "dark"), leg("b2", "dark")))
    tree = Tree("p", (Tree("a", (leg("a1", "gasp"), leg("a2", "gasp"))), half, leg("c", "gasp")))
    assert [place for place, _ in cuts_within(tree, "p")] == ["b"]
    assert cuts_within(tree, "a") == []


def test_a_share_of_dying_gasps_makes_no_cuts_by_chance() -> None:
    rng = random.Random(11)
    found = 0
    for _ in range(300):
        share = rng.uniform(0.5, 0.9)
        legs = [Counter[Seen](rng.choices(("gasp", "dark"), (share, 1 - share), k=8)) for _ in range(4)]
        total = sum(legs, Counter[Seen]())
        found += sum(cut_beside(each, total - each) >= 0.8 for each in legs)
    assert found <= 2
