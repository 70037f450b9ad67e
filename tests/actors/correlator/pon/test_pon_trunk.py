"""A trunk cable with several feeders, and what distinguishes it from a card and from cuts that have nothing in common."""

from collections.abc import Callable, Iterable

import pytest
from msgspec.structs import replace
from vocabulary.lives import PROFILES
from vocabulary.outages import Olt, onts_of, shelf
from vocabulary.world import World

from protocols.alarm import Alarm
from protocols.event import ProfilesLoaded


def raised(olt: Olt) -> list[str]:
    return [alarm_type for kind, alarm_type in olt.world.notified if kind == "raised"]


def trunks(olt: Olt) -> list[Alarm]:
    return [each for each in olt.world.of_type("fibre.cut") if each.qualifier and each.cleared_at is None]


def cut(olt: Olt, ports: Iterable[int], *, card: int = 1, onts_each: int = 8, los: str = "after", every: float = 0.02) -> None:
    """The OLT reports port after port. ``los``: when the port itself does."""
    for port in ports:
        if los == "before":
            olt.reports("pon.los", f"olt/{card}/{port}")
        olt.reports("ont.los", *onts_of(card, [port], onts_each), every=every)
        if los == "after":
            olt.reports("pon.los", f"olt/{card}/{port}")


@pytest.mark.parametrize("los", ["before", "after"])
@pytest.mark.parametrize(("ports", "dark"), [(2, 2), (4, 4), (8, 8), (16, 16), (4, 3), (8, 4), (16, 3)])
def test_it_is_one_cut_that_names_its_feeders(world: World, ports: int, dark: int, los: str) -> None:
    olt = Olt(world, shelf(ports=ports))
    cut(olt, range(dark), los=los)
    olt.waits(30)
    (trunk,) = trunks(olt)
    assert trunk.resource_id == "olt/1"
    assert trunk.metadata["feeders"] == [f"olt/1/{port}" for port in range(dark)]
    assert trunk.subscriber_count == 8 * dark
    assert trunk.title == "Mill Lane card 1: trunk cable cut"
    assert "less likely" in trunk.description
    assert olt.children(trunk) == {f"olt/1/{port}" for port in range(dark)}
    assert raised(olt) == ["fibre.cut"]
    assert not olt.world.of_type("card.failure") or all(each.cleared_at for each in olt.world.of_type("card.failure"))
    assert olt.world.notifications(trunk.id) == ["raised"]


def test_an_ont_that_gasped_is_counted_once(world: World) -> None:
    olt = Olt(world, shelf(ports=8))
    olt.reports("ont.dying_gasp", "olt/1/0/1")
    cut(olt, range(3))
    olt.waits(30)
    (trunk,) = trunks(olt)
    assert (trunk.metadata["dark"], trunk.metadata["gasped"], trunk.metadata["unknown"]) == (23, 1, 0)


def test_feeders_of_several_cards(world: World) -> None:
    olt = Olt(world, shelf(cards=3, ports=4))
    cut(olt, [1], card=1)
    cut(olt, [0, 3], card=2)
    olt.waits(30)
    (trunk,) = trunks(olt)
    assert (trunk.resource_id, trunk.metadata["feeders"]) == ("olt", ["olt/1/1", "olt/2/0", "olt/2/3"])
    assert trunk.subscriber_count == 24
    assert raised(olt) == ["fibre.cut"]


@pytest.mark.parametrize("los", ["before", "after", "never"])
def test_two_feeders_of_more_stay_two(world: World, los: str) -> None:
    olt = Olt(world, shelf(ports=4))
    cut(olt, [0, 2], los=los)
    olt.waits(30)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0", "fibre.cut olt/1/2"}
    assert not trunks(olt)


def test_three_cuts_minutes_apart_stay_three(world: World) -> None:
    olt = Olt(world, shelf(ports=8))
    for port in (0, 3, 5):
        cut(olt, [port])
        olt.waits(45)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0", "fibre.cut olt/1/3", "fibre.cut olt/1/5"}
    assert raised(olt) == ["fibre.cut"] * 3


@pytest.mark.parametrize("ports", [2, 4, 8])
def test_a_card_whose_ports_report_no_loss_of_light_has_failed(world: World, ports: int) -> None:
    olt = Olt(world, shelf(cards=2, ports=ports))
    for port in range(ports):
        olt.reports("ont.state", *onts_of(1, [port]))
        olt.reports("interface.down", f"olt/1/{port}")
    olt.waits(30)
    (failure,) = olt.concluded().values()
    assert (failure.alarm_type, failure.resource_id) == ("card.failure", "olt/1")
    assert failure.metadata["confidence"] >= 0.95
    assert raised(olt).count("card.failure") == 1


def test_loss_of_light_of_the_ports_that_comes_late_refutes_the_card(world: World) -> None:
    olt = Olt(world, shelf(ports=4))
    olt.reports("ont.state", *onts_of(1, range(4)))
    olt.waits(3)
    assert set(olt.concluded()) == {"card.failure olt/1"}
    olt.reports("pon.los", *(f"olt/1/{port}" for port in range(4)))
    olt.waits(30)
    (trunk,) = trunks(olt)
    assert len(trunk.metadata["feeders"]) == 4
    assert raised(olt) == ["fibre.cut"]


@pytest.mark.parametrize("ports", [3, 4, 16])
def test_losi_of_all_onts_and_no_report_of_the_card_is_a_cable(world: World, ports: int) -> None:
    """Some OLTs report no loss of light of ports."""
    olt = Olt(world, shelf(ports=ports))
    cut(olt, range(ports), los="never")
    olt.waits(30)
    (trunk,) = trunks(olt)
    assert 0.5 < trunk.metadata["confidence"] < 0.8
    assert "or a failure of Mill Lane card 1" in trunk.description
    assert raised(olt) == ["fibre.cut"]


@pytest.mark.parametrize("ports", [2, 3, 8])
@pytest.mark.parametrize("vendor", ["calix_e7", "VSOL"])
def test_a_card_that_is_not_reported_in_time_has_not_failed(world: World, ports: int, vendor: str) -> None:
    """An OLT that reports neither LOSi nor loss of light of ports: only the silence of its control board is left, if it has
    one that speaks."""
    world(ProfilesLoaded("d", PROFILES))
    olt = Olt(world, [replace(each, vendor=vendor) if each.type == "olt" else each for each in shelf(ports=ports)])
    olt.reports("ont.state", *onts_of(1, range(ports)))
    olt.waits(9)
    assert set(olt.concluded()) == {"card.failure olt/1"}
    olt.waits(40)
    if vendor == "VSOL":
        assert set(olt.concluded()) == {"card.failure olt/1"}
        return
    (trunk,) = trunks(olt)
    assert 0.5 < trunk.metadata["confidence"] < 0.7
    assert raised(olt) == ["fibre.cut"]


def test_lost_traps_and_onts_that_were_dark_before(world: World) -> None:
    olt = Olt(world, shelf(ports=8, onts_each=16))
    for port in (0, 1, 2):
        olt.reports("ont.los", onts_of(1, [port], 16)[5])
        olt.seconds += 40_000
        olt.waits(1)
    for port in (0, 1, 2):
        olt.reports("ont.los", *(ont for n, ont in enumerate(onts_of(1, [port], 16)) if n not in (5, 3 * port, 11)))
    olt.reports("pon.los", "olt/1/1")
    olt.waits(10)
    (trunk,) = trunks(olt)
    assert trunk.metadata["feeders"] == ["olt/1/0", "olt/1/1", "olt/1/2"]


def test_it_ends_with_the_last_of_its_feeders(world: World) -> None:
    """A cable is spliced fibre by fibre."""
    olt = Olt(world, shelf(ports=8))
    cut(olt, (0, 1, 2, 3))
    olt.passes(3_600)
    for number, port in enumerate((2, 0, 3, 1)):
        (trunk,) = trunks(olt)
        assert len(olt.children(trunk)) == 4 - number
        olt.clears("pon.los", f"olt/1/{port}")
        olt.clears("ont.los", *onts_of(1, [port]), every=2)
        olt.passes(400)
    assert not trunks(olt)
    assert not olt.concluded()
    assert raised(olt) == ["fibre.cut"]
    assert olt.world.notified[-1] == ("recovered", "fibre.cut")


def test_the_card_that_names_itself_takes_it_over(world: World) -> None:
    olt = Olt(world, shelf(ports=4))
    cut(olt, range(4))
    olt.waits(3)
    assert trunks(olt)
    olt.reports("card.offline", "olt/1")
    olt.waits(30)
    assert not olt.concluded()
    (card,) = olt.world.of_type("card.offline")
    assert olt.children(card) >= set(onts_of(1, range(4)))
    assert raised(olt) == ["card.offline"]


def test_power_of_the_street_is_no_trunk(world: World) -> None:
    olt = Olt(world, shelf(ports=4))
    olt.reports("ont.dying_gasp", *onts_of(1, range(4)), every=0.01)
    olt.reports("pon.los", *(f"olt/1/{port}" for port in range(4)))
    olt.waits(30)
    assert not trunks(olt)
    assert {each.alarm_type for each in olt.concluded().values()} == {"power.outage"}


def _each_port_in_turn(olt: Olt) -> None:
    for port in range(4):
        for ont in onts_of(1, [port]):
            olt.reports("ont.los", ont)
            olt.waits(1)
        olt.reports("pon.los", f"olt/1/{port}")


def _all_mixed(olt: Olt) -> None:
    for number in range(8):
        olt.reports("ont.los", *(f"olt/1/{port}/{number}" for port in range(4)), every=0.2)
    olt.reports("pon.los", *(f"olt/1/{port}" for port in range(4)), every=0.2)


@pytest.mark.parametrize("pace", [_all_mixed])
def test_slow_pace(world: World, pace: Callable[[Olt], None]) -> None:
    olt = Olt(world, shelf(ports=8))
    pace(olt)
    olt.waits(30)
    (trunk,) = trunks(olt)
    assert len(trunk.metadata["feeders"]) == 4


@pytest.mark.parametrize("at", range(1, 8))
def test_saved_and_loaded_at_any_moment(world: World, at: int) -> None:
    def run(load_at: int) -> bytes:
        world.begin()
        olt = Olt(world, shelf(ports=4))
        steps: list[Callable[[], object]] = [
            lambda: cut(olt, [0, 1]),
            lambda: olt.waits(1),
            lambda: cut(olt, [2]),
            lambda: olt.waits(3),
            lambda: cut(olt, [3]),
            lambda: olt.waits(60),
            lambda: olt.clears("ont.los", *onts_of(1, [0, 1, 2, 3])),
            lambda: olt.waits(5),
        ]
        for number, step in enumerate(steps):
            if number == load_at:
                world.restart()
            step()
        octets: bytes = world.state.save()
        return octets

    assert run(at) == run(-1)
