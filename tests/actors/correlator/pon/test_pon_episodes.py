"""When losses began together: dying gasps, losses of signal after the OLT's soak time, slow queues, trickles and reboots."""

import random
from collections.abc import Sequence

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

PORTS = 4


@pytest.fixture
def olt(world: World) -> Olt:
    """Without power areas, which would tell which ONTs have one mains."""
    return Olt(world, plant(PORTS, areas=False))


def places(olt: Olt) -> set[str]:
    return set(olt.concluded())


def ever_concluded(olt: Olt) -> set[str]:
    return {f"{a.alarm_type} {a.resource_id}" for a in olt.world.alarms if a.alarm_type in ("fibre.cut", "power.outage")}


@pytest.mark.parametrize("soak", [0, 1, 3, 7, 10])
@pytest.mark.parametrize("gasping", [4, 6, 7])
def test_onts_that_are_reported_after_the_soak_time_belong_to_the_loss_of_power(olt: Olt, soak: float, gasping: int) -> None:
    leg = onts(0, [1])
    olt.reports("ont.dying_gasp", *leg[:gasping])
    olt.waits(soak)
    olt.reports("ont.los", *leg[gasping:])
    olt.waits(3)
    (outage,) = olt.concluded().values()
    assert (outage.alarm_type, outage.resource_id) == ("power.outage", "olt/1/0/s.1")
    assert (outage.metadata["gasped"], outage.metadata["dark"]) == (gasping, 8 - gasping)
    assert olt.children(outage) == set(leg)
    assert ever_concluded(olt) == {"power.outage olt/1/0/s.1"}


@pytest.mark.parametrize("soak", [0, 3, 10])
@pytest.mark.parametrize("every", [0.02, 0.1, 0.2])
def test_an_outage_of_a_port_whose_reports_wait_in_a_queue_is_one(olt: Olt, soak: float, every: float) -> None:
    silent = set(random.Random(1).sample(onts(0), 8))
    olt.reports("ont.dying_gasp", *(ont for ont in onts(0) if ont not in silent), every=every)
    olt.waits(soak)
    olt.reports("ont.los", *(ont for ont in onts(0) if ont in silent), every=every)
    olt.waits(3)
    assert places(olt) == {"power.outage olt/1/0"}
    assert not any(place.startswith("fibre") for place in ever_concluded(olt))


@pytest.mark.parametrize("every", [0.1, 0.2])
@pytest.mark.parametrize("lost", [0, 20])
def test_feeder_cuts_whose_reports_wait_in_one_queue_are_one_each_of_one_cable(olt: Olt, every: float, lost: int) -> None:
    """All ports take turns in the queue of the OLT."""
    order = [ont for turn in zip(*(onts(port) for port in (0, 1, 2)), strict=True) for ont in turn]
    order = [ont for number, ont in enumerate(order) if not lost or number % lost]
    olt.reports("ont.los", *order, every=every)
    olt.waits(4)
    assert places(olt) == {"fibre.cut olt/1", *(f"fibre.cut olt/1/{port}" for port in (0, 1, 2))}


@pytest.mark.parametrize("every", [2.0, 2.5, 3.0, 4.0, 5.0])
@pytest.mark.parametrize("kinds", [("ont.los",), ("ont.dying_gasp",), ("ont.dying_gasp", "ont.los")])
@pytest.mark.parametrize("seed", range(3))
def test_onts_that_go_one_by_one_have_no_common_cause(olt: Olt, every: float, kinds: Sequence[str], seed: int) -> None:
    order = random.Random(seed).sample(onts(0), 24)
    for number, ont in enumerate(order):
        olt.reports(kinds[number % len(kinds)], ont, every=0)
        olt.waits(every)
    olt.waits(5)
    assert not ever_concluded(olt)


@pytest.mark.parametrize("every", [0.7, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("kind", ["ont.los", "ont.dying_gasp"])
def test_nor_do_they_in_the_order_of_their_numbers_on_small_legs(world: World, every: float, kind: str) -> None:
    olt = Olt(world, plant(1, areas=False, legs=8, onts=2))
    for number in range(16):
        olt.reports(kind, f"olt/1/0/{number}", every=0)
        olt.waits(every)
    olt.waits(3)
    assert not places(olt)


@pytest.mark.parametrize("away", [10, 45, 90])
def test_reboots_that_come_back_have_no_common_cause(olt: Olt, away: float) -> None:
    order = random.Random(2).sample(onts(0), 24)
    todo = sorted(
        [(3.0 * n, "down", ont) for n, ont in enumerate(order)] + [(3.0 * n + away, "up", ont) for n, ont in enumerate(order)]
    )
    for at, what, ont in todo:
        olt.waits(at - olt.seconds)
        if what == "down":
            olt.reports("ont.los", ont, every=0)
        else:
            olt.clears("ont.los", ont, every=0)
    olt.waits(5)
    assert not ever_concluded(olt)


def test_a_leg_that_is_cut_while_others_reboot_is_found(olt: Olt) -> None:
    for ont in onts(0, [0])[:5]:
        olt.reports("ont.los", ont, every=0)
        olt.waits(4)
    olt.reports("ont.los", *onts(0, [2]))
    olt.waits(3)
    assert places(olt) == {"fibre.cut olt/1/0/s.2"}
    for ont in onts(0, [1])[:5]:
        olt.reports("ont.los", ont, every=0)
        olt.waits(4)
    assert places(olt) == {"fibre.cut olt/1/0/s.2"}


@pytest.mark.parametrize("apart", [20, 40])
def test_losses_of_two_legs_that_do_not_begin_together_are_two(olt: Olt, apart: float) -> None:
    olt.reports("ont.los", *onts(0, [0]))
    olt.waits(apart)
    olt.reports("ont.los", *onts(0, [1]))
    olt.waits(3)
    assert places(olt) == {"fibre.cut olt/1/0/s.0", "fibre.cut olt/1/0/s.1"}


@pytest.mark.parametrize("after", [0.0, 3.0, 10.0])
@pytest.mark.parametrize("every", [0.003, 0.1])
def test_the_ports_own_loss_of_light_belongs_to_its_cut(olt: Olt, after: float, every: float) -> None:
    """The port reports its loss at once or after the queue, its ONTs after the soak time."""
    olt.reports("pon.los", "olt/1/0")
    olt.waits(after)
    olt.reports("ont.los", *(ont for number, ont in enumerate(onts(0)) if number % 8), every=every)
    olt.waits(3)
    (cut,) = olt.concluded().values()
    assert cut.resource_id == "olt/1/0"
    assert olt.children(cut) == {*(ont for number, ont in enumerate(onts(0)) if number % 8), "olt/1/0"}
