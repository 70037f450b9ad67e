"""Power of a street: some ONTs of a port below no splitter of their own send a dying gasp at the same instant."""

import random

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

from actors.correlator.pon.cut_within import cut_in_street
from actors.correlator.pon.likelihood import Seen


@pytest.fixture
def olt(world: World) -> Olt:
    return Olt(world, plant(areas=False))


def spread(count: int, seed: int) -> list[str]:
    """So many ONTs of port 0, from all legs in turn."""
    rng = random.Random(seed)
    legs = [rng.sample(onts(0, [leg]), 8) for leg in range(4)]
    return [legs[number % 4][number // 4] for number in range(count)]


@pytest.mark.parametrize("count", [4, 5, 7])
@pytest.mark.parametrize("soak", [0, 3, 10])
@pytest.mark.parametrize("seed", range(2))
def test_onts_of_several_legs_that_gasp_together_are_one_outage(olt: Olt, count: int, soak: float, seed: int) -> None:
    mine = spread(count + 2, seed)
    olt.reports("ont.dying_gasp", *mine[:count])
    olt.waits(soak)
    olt.reports("ont.los", *mine[count:])
    olt.waits(60)
    (outage,) = olt.concluded().values()
    assert (outage.alarm_type, outage.resource_id) == ("power.outage", "olt/1/0")
    assert olt.children(outage) == set(mine)
    assert (outage.metadata["gasped"], outage.metadata["dark"]) == (count, 2)
    assert olt.world.notified == [("raised", "power.outage")]


def test_dark_onts_of_one_leg_amid_the_street_are_no_cut(olt: Olt) -> None:
    """Two of a port's small legs: both ONTs of one send no dying gasp, as a third of the street's do not."""
    world = olt.world
    olt = Olt(world, plant(1, areas=False, legs=12, onts=2))
    mine = [f"olt/1/0/{2 * leg}" for leg in range(8)]
    olt.reports("ont.dying_gasp", *mine)
    olt.waits(1)
    olt.reports("ont.los", "olt/1/0/22", "olt/1/0/23", "olt/1/0/18", "olt/1/0/17")
    olt.waits(60)
    (outage,) = olt.concluded().values()
    assert outage.alarm_type == "power.outage"
    assert olt.children(outage) == {*mine, "olt/1/0/22", "olt/1/0/23", "olt/1/0/18", "olt/1/0/17"}


@pytest.mark.parametrize(
    ("mine", "others", "cut"),
    [
        ({"dark": 2}, {"gasp": 6, "dark": 4, "silent": 10}, False),
        ({"dark": 3}, {"gasp": 3, "dark": 3, "silent": 10}, False),
        ({"dark": 8}, {"gasp": 6, "dark": 4, "silent": 14}, True),
        ({"dark": 8}, {"gasp": 6, "silent": 18}, True),
        ({"dark": 3, "silent": 5}, {"gasp": 6, "dark": 4, "silent": 14}, False),
    ],
)
def test_what_decides_between_a_cut_and_the_street(mine: dict[Seen, int], others: dict[Seen, int], cut: bool) -> None:
    assert (cut_in_street(mine, others) >= 0.5) is cut


def test_three_that_gasp_and_three_that_do_not_are_a_street(olt: Olt) -> None:
    mine = spread(6, 4)
    olt.reports("ont.dying_gasp", *mine[:3])
    olt.waits(3)
    olt.reports("ont.los", *mine[3:])
    olt.waits(60)
    (outage,) = olt.concluded().values()
    assert (outage.alarm_type, olt.children(outage)) == ("power.outage", set(mine))


def test_two_customers_are_two(olt: Olt) -> None:
    olt.reports("ont.dying_gasp", *spread(2, 1))
    olt.waits(60)
    assert not olt.concluded()


def test_customers_who_come_and_go_one_by_one_are_no_street(olt: Olt) -> None:
    mine = spread(24, 2)
    for ont in mine[:18]:
        olt.reports("ont.dying_gasp", ont)
        olt.waits(1.5)
    olt.reports("ont.dying_gasp", *mine[18:21])
    olt.waits(5)
    assert not olt.concluded()


def test_a_cut_beside_the_street_is_a_cut(olt: Olt) -> None:
    mine = [ont for ont in spread(16, 3) if ont not in onts(0, [3])]
    olt.reports("ont.dying_gasp", *mine)
    olt.waits(3)
    olt.reports("ont.los", *onts(0, [3]))
    olt.waits(3)
    assert "fibre.cut olt/1/0/s.3" in olt.concluded()
    (outage,) = (each for each in olt.concluded().values() if each.alarm_type == "power.outage")
    assert olt.children(outage) == set(mine)


def test_a_customer_of_another_area_is_no_part_of_the_street(world: World) -> None:
    """The first two legs of each port lie in one area, the others in another one."""
    olt = Olt(world)
    olt.reports("ont.dying_gasp", *onts(0, [0]), *onts(0, [1])[:2], onts(0, [3])[0])
    olt.waits(5)
    (outage,) = olt.concluded().values()
    assert olt.children(outage) == {*onts(0, [0]), *onts(0, [1])[:2]}
