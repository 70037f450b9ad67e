"""Ports of an OLT or card that has just started: what they report is no evidence until they have settled."""

import pytest
from vocabulary import lives
from vocabulary.outages import Olt, onts_of, shelf
from vocabulary.traps import COLD_START, make_trap
from vocabulary.world import World, moment

from protocols.event import ProfilesLoaded
from protocols.poll.contact import AgentTimes, PollAnswered

SOURCE = "192.0.2.1"


def raised(olt: Olt) -> list[str]:
    return [alarm_type for kind, alarm_type in olt.world.notified if kind == "raised"]


def ever(olt: Olt) -> set[str]:
    return {each.alarm_type for each in olt.world.alarms} & {"fibre.cut", "card.failure", "olt.failure", "power.outage"}


def boots(olt: Olt) -> None:
    world = olt.world.at(olt.seconds)
    world(make_trap(COLD_START, source=SOURCE, at=world.now, uptime=100))


def ports_of(ports: int) -> list[str]:
    return [f"olt/1/{port}" for port in range(ports)]


@pytest.fixture
def make(world: World) -> "Maker":
    world(ProfilesLoaded("d", lives.STANDARD))
    return Maker(world)


class Maker:
    """Makes an OLT with the shipped profiles."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, ports: int, onts_each: int = 8) -> Olt:
        return Olt(self.world, shelf(ports=ports, onts_each=onts_each))


@pytest.mark.parametrize("ports", [2, 4, 16])
@pytest.mark.parametrize(("after", "until"), [(0.5, 30), (0.5, 400), (90, 200)])
def test_loss_of_light_until_the_first_ont_is_ranged_is_nothing(make: Maker, ports: int, after: float, until: float) -> None:
    olt = make(ports)
    olt.seconds = 5_000
    boots(olt)
    olt.waits(after)
    olt.reports("pon.los", *ports_of(ports), every=0.2)
    olt.passes(until)
    olt.clears("pon.los", *ports_of(ports), every=0.5)
    olt.passes(900)
    assert not ever(olt)
    assert not raised(olt)


@pytest.mark.parametrize("every", [0.1, 1.0])
def test_onts_that_register_slowly_after_a_start_are_nothing(make: Maker, every: float) -> None:
    olt = make(4)
    olt.seconds = 5_000
    boots(olt)
    olt.waits(30)
    olt.reports("pon.los", *ports_of(4))
    olt.reports("ont.los", *onts_of(1, range(4)))
    olt.passes(100)
    olt.clears("pon.los", *ports_of(4))
    for ont in onts_of(1, range(4)):
        olt.clears("ont.los", ont, every=every)
        olt.waits(every * 8)
    olt.passes(700)
    assert not ever(olt)
    assert not raised(olt)


def test_what_has_settled_stands(make: Maker) -> None:
    """One feeder was cut while the OLT was off."""
    olt = make(4)
    olt.seconds = 5_000
    boots(olt)
    olt.waits(30)
    olt.reports("pon.los", *ports_of(4))
    olt.reports("ont.los", *onts_of(1, range(4)))
    olt.waits(60)
    olt.clears("pon.los", *ports_of(3))
    olt.clears("ont.los", *onts_of(1, range(3)), every=2)
    assert not ever(olt)
    olt.passes(700)
    assert set(olt.concluded()) == {"fibre.cut olt/1/3"}
    assert raised(olt) == ["fibre.cut"]


def test_a_cut_of_onts_that_were_back_is_found_at_once(make: Maker) -> None:
    olt = make(4)
    olt.seconds = 5_000
    boots(olt)
    olt.waits(20)
    olt.reports("ont.los", *onts_of(1, range(4)))
    olt.waits(60)
    olt.clears("ont.los", *onts_of(1, range(4)))
    olt.waits(70)
    olt.reports("ont.los", *onts_of(1, [2]))
    olt.reports("pon.los", "olt/1/2")
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.cut olt/1/2"}
    olt.waits(30)
    assert raised(olt) == ["fibre.cut"]


def test_a_loss_of_power_is_found_at_once(make: Maker) -> None:
    olt = make(4)
    olt.seconds = 5_000
    boots(olt)
    olt.passes(120)
    olt.reports("ont.dying_gasp", *onts_of(1, [1]))
    olt.waits(3)
    assert set(olt.concluded()) == {"power.outage olt/1/1"}


def test_starts_that_are_reported_again_and_again_prolong_nothing(make: Maker) -> None:
    olt = make(4)
    olt.seconds = 5_000
    for _ in range(20):
        boots(olt)
        olt.waits(60)
        if olt.seconds == 5_120:
            olt.reports("ont.los", *onts_of(1, [1]))
    assert "fibre.cut olt/1/1" in olt.concluded()


@pytest.mark.parametrize("away", [20, 90])
@pytest.mark.parametrize("ports", [4, 16])
def test_a_short_reset_of_a_card(make: Maker, away: float, ports: int) -> None:
    olt = make(ports)
    olt.seconds = 5_000
    olt.reports("card.offline", "olt/1")
    olt.reports("ont.state", *onts_of(1, range(ports)))
    olt.waits(away)
    olt.clears("card.offline", "olt/1")
    olt.waits(2)
    olt.reports("pon.los", *ports_of(ports))
    olt.waits(60)
    olt.clears("pon.los", *ports_of(ports))
    for ont in onts_of(1, range(ports)):
        olt.clears("ont.state", ont)
        olt.waits(1 if ports == 16 else 4)
    olt.passes(400)
    assert not ever(olt)
    assert raised(olt) == (["card.offline"] if away > 10 else [])


def test_a_restart_that_a_poll_found(make: Maker) -> None:
    olt = make(4)
    olt.seconds = 5_000
    before = AgentTimes(at=moment(4_900), uptime=100_000_00)
    now = AgentTimes(at=moment(5_000), uptime=60_00)
    olt.world.at(4_900)(PollAnswered(device="olt", address=SOURCE, times=before, before=None, misses=0))
    olt.world.at(5_000)(PollAnswered(device="olt", address=SOURCE, times=now, before=before, misses=0))
    olt.reports("pon.los", *ports_of(4))
    olt.passes(200)
    olt.clears("pon.los", *ports_of(4))
    olt.passes(700)
    assert not ever(olt)
    assert not raised(olt)
