"""Power of a street: some ONTs of a port below no splitter of their own send a dying gasp at the same instant."""

import random

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World


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
