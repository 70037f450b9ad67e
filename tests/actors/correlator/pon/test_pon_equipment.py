"""Equipment that names itself: a card, an OLT or the way to it, before, between or after the reports of the ONTs below it."""

import pytest
from vocabulary.outages import Olt, onts_of, shelf
from vocabulary.world import World


def raised(olt: Olt) -> list[str]:
    return [alarm_type for kind, alarm_type in olt.world.notified if kind == "raised"]


def open_of(olt: Olt, alarm_type: str) -> list[str]:
    return [each.resource_id for each in olt.world.alarms if each.alarm_type == alarm_type and each.cleared_at is None]


def loose(olt: Olt, alarm_type: str = "ont.los") -> list[str]:
    """Open alarms of this type without a cause."""
    return [
        each.resource_id
        for each in olt.world.alarms
        if (each.alarm_type, each.cleared_at, each.parent_alarm_id) == (alarm_type, None, None)
    ]


@pytest.mark.parametrize(("ports", "every"), [(2, 0.003), (4, 0.02), (8, 0.05), (16, 0.003)])
@pytest.mark.parametrize("after", [0, 3, 8, 55])
def test_all_ports_go_to_the_card_that_speaks_after_them(world: World, ports: int, every: float, after: float) -> None:
    olt = Olt(world, shelf(ports=ports))
    every_ont = onts_of(1, range(ports))
    olt.reports("ont.los", *every_ont, every=every)
    olt.waits(after)
    olt.reports("card.offline", "olt/1")
    olt.waits(20)
    assert not olt.concluded()
    (card,) = (each for each in olt.world.alarms if each.alarm_type == "card.offline")
    assert olt.children(card) == set(every_ont)
    assert set(raised(olt)) <= {"card.failure", "card.offline", "fibre.cut"}
    assert len(raised(olt)) <= 1 + (2 if ports == 2 else 1) + (after >= 5 and every > 0.01) * ports
    assert "ont.los" not in raised(olt)


@pytest.mark.parametrize("ports", [2, 4, 16])
@pytest.mark.parametrize("kind", ["ont.los", "ont.state"])
@pytest.mark.parametrize("after", [3, 8, 12])
def test_a_card_that_speaks_seconds_after_its_onts_is_one_page(world: World, ports: int, kind: str, after: float) -> None:
    olt = Olt(world, shelf(ports=ports))
    olt.reports(kind, *onts_of(1, range(ports)))
    olt.waits(after)
    olt.reports("card.offline", "olt/1")
    olt.waits(30)
    assert raised(olt) == ["card.offline"]


@pytest.mark.parametrize("late", [(0,), (1, 3), (0, 1, 2, 3)])
def test_a_card_that_speaks_among_its_ports(world: World, late: tuple[int, ...]) -> None:
    olt = Olt(world, shelf(ports=4))
    early = [port for port in range(4) if port not in late]
    olt.reports("ont.los", *onts_of(1, early))
    olt.waits(4)
    olt.reports("card.fault", "olt/1")
    olt.waits(30)
    olt.reports("ont.los", *onts_of(1, late))
    olt.waits(20)
    assert not olt.concluded()
    (card,) = (each for each in olt.world.alarms if each.alarm_type == "card.fault")
    assert olt.children(card) == set(onts_of(1, range(4)))
    assert not loose(olt)


@pytest.mark.parametrize("place", ["olt", "switch"])
@pytest.mark.parametrize("after", [1, 20, 58])
def test_the_olt_or_the_switch_before_it_is_down(world: World, place: str, after: float) -> None:
    olt = Olt(world, shelf(cards=2, ports=4, above="switch"))
    every_ont = [*onts_of(1, range(4)), *onts_of(2, range(4))]
    olt.reports("ont.los", *every_ont)
    olt.waits(after)
    olt.reports("device.down", place)
    olt.waits(20)
    assert not olt.concluded()
    (down,) = (each for each in olt.world.alarms if each.alarm_type == "device.down")
    assert olt.children(down) == set(every_ont)
    assert raised(olt).count("ont.los") == 0


def test_a_card_of_two_that_names_itself_refutes_that_the_olt_failed(world: World) -> None:
    olt = Olt(world, shelf(cards=2, ports=2))
    olt.reports("ont.state", *onts_of(1, (0, 1)), *onts_of(2, (0, 1)))
    olt.waits(3)
    assert set(olt.concluded()) == {"olt.failure olt"}
    olt.reports("card.offline", "olt/1")
    olt.waits(10)
    (card,) = (each for each in olt.world.alarms if each.alarm_type == "card.offline")
    assert olt.children(card) == set(onts_of(1, (0, 1)))
    assert set(olt.concluded()) == {"card.failure olt/2"}
    assert olt.children(olt.concluded()["card.failure olt/2"]) == set(onts_of(2, (0, 1)))


@pytest.mark.parametrize("every", [0.05, 1.0, 5.0])
@pytest.mark.parametrize("named", [True, False])
def test_nothing_becomes_a_cut_when_the_card_is_back(world: World, every: float, named: bool) -> None:
    """Its ONTs register over seconds to minutes."""
    olt = Olt(world, shelf(ports=8))
    every_ont = onts_of(1, range(8))
    olt.reports("ont.state", *every_ont)
    signs = ("card.offline", ["olt/1"]) if named else ("interface.down", [f"olt/1/{port}" for port in range(8)])
    olt.waits(8)
    olt.reports(signs[0], *signs[1])
    olt.passes(240)
    before = raised(olt)
    olt.clears(signs[0], *signs[1])
    if named:
        olt.waits(20)
    for ont in every_ont[::2] + every_ont[1::2]:
        olt.clears("ont.state", ont)
        olt.waits(every) if every >= 1 else None
        assert not [each for each in olt.concluded() if not each.startswith("card")]
    olt.passes(400)
    assert raised(olt) == before
    assert not olt.concluded()


def test_what_stays_dark_long_after_the_card_is_back_is_told(world: World) -> None:
    olt = Olt(world, shelf(ports=4))
    olt.reports("card.offline", "olt/1")
    olt.reports("ont.los", *onts_of(1, range(4)))
    olt.passes(120)
    olt.clears("card.offline", "olt/1")
    olt.clears("ont.los", *onts_of(1, (0, 1, 2)), every=10)
    olt.passes(900)
    assert set(olt.concluded()) == {"fibre.cut olt/1/3"}
    assert raised(olt) == ["card.offline", "fibre.cut"]
