"""Outages that end in steps: what is still out belongs to the cause that people know, and is told as one."""

from collections.abc import Iterable

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

from protocols.alarm import Alarm


@pytest.fixture
def olt(world: World) -> Olt:
    return Olt(world, plant(areas=False))


def ended(olt: Olt, back: Iterable[str]) -> None:
    """These ONTs are back."""
    for ont in back:
        for alarm in [a for a in olt.world.alarms if a.resource_id == ont and a.cleared_at is None]:
            olt.clears(alarm.alarm_type, ont, every=0.01)


def the_one(olt: Olt) -> Alarm:
    (alarm,) = olt.concluded().values()
    return alarm


def raised(olt: Olt) -> list[str]:
    return [alarm_type for kind, alarm_type in olt.world.notified if kind == "raised"]


@pytest.mark.parametrize("after", [30, 60, 180, 600])
@pytest.mark.parametrize("back", [8, 16, 24])
@pytest.mark.parametrize("kind", ["ont.los", "ont.dying_gasp"])
@pytest.mark.parametrize("by_leg", [True, False])
def test_the_rest_of_a_partly_restored_outage_is_the_same_outage(
    olt: Olt, after: float, back: int, kind: str, by_leg: bool
) -> None:
    order = onts(0) if by_leg else [ont for n in range(8) for ont in onts(0)[n::8]]
    olt.reports(kind, *onts(0)[:-2])
    olt.reports("ont.los", *onts(0)[-2:])
    olt.waits(after)
    known = the_one(olt)
    ended(olt, order[:back])
    olt.waits(800)
    alarm = olt.world.state.alarms[known.id]
    assert alarm.cleared_at is None
    assert alarm.description.startswith(f"{32 - back} of 32 of its ONTs are still out: ")
    ended(olt, order[back:])
    olt.waits(800)
    assert not olt.concluded()
    assert raised(olt) == [alarm.alarm_type]


def test_an_outage_of_several_ports_that_is_restored_in_steps_is_one(olt: Olt) -> None:
    mine = [ont for port in (0, 1, 2) for ont in onts(port, [0, 1])]
    olt.reports("ont.dying_gasp", *mine[::2], *mine[1::4])
    olt.reports("ont.los", *mine[3::4])
    olt.waits(100)
    for step in range(3):
        ended(olt, mine[step * 10 : step * 10 + 10])
        olt.waits(240)
    assert the_one(olt).metadata["still_out"] == 18
    ended(olt, mine[30:])
    olt.waits(400)
    assert not olt.concluded()
    assert raised(olt) == ["power.outage"]


def test_so_is_one_of_an_area(world: World) -> None:
    olt = Olt(world)
    mine = [ont for port in (0, 1, 2) for ont in onts(port, [0, 1])]
    olt.reports("ont.dying_gasp", *mine)
    olt.waits(100)
    for step in range(4):
        ended(olt, mine[step::6])
        olt.waits(240)
    alarm = the_one(olt)
    assert (alarm.resource_id, alarm.metadata["still_out"]) == ("area:north", 16)
    ended(olt, [*mine[4::6], *mine[5::6]])
    olt.waits(400)
    assert not olt.concluded()
    assert raised(olt) == ["power.outage"]


@pytest.mark.parametrize("left", [2, 3, 6])
@pytest.mark.parametrize("kind", ["ont.los", "ont.dying_gasp"])
def test_leftovers_of_a_cause_are_told_as_one(olt: Olt, left: int, kind: str) -> None:
    olt.reports(kind, *onts(0))
    olt.waits(60)
    rest = onts(0)[:: 32 // left][:left]
    ended(olt, [ont for ont in onts(0) if ont not in rest])
    olt.waits(600)
    alarm = the_one(olt)
    assert raised(olt) == [alarm.alarm_type] * 2
    assert olt.children(alarm) == set(rest)
    assert f"{left} of the 32 ONTs that went out with PON 0 are still out" in alarm.description
    olt.waits(600)
    ended(olt, rest)
    olt.waits(400)
    assert not olt.concluded()
    assert len(raised(olt)) == 2


@pytest.mark.parametrize("away", [5, 50, 200])
def test_an_ont_that_goes_out_again_during_the_repair_belongs_to_its_cause(olt: Olt, away: float) -> None:
    olt.reports("ont.los", *onts(0))
    olt.waits(60)
    ended(olt, onts(0)[:12])
    olt.waits(away)
    olt.reports("ont.los", *onts(0)[4:8])
    olt.waits(100)
    assert olt.children(the_one(olt)) == {*onts(0)[4:8], *onts(0)[12:]}
    assert raised(olt) == ["fibre.cut"]


def test_a_restart_in_the_middle_changes_nothing(world: World) -> None:
    world.restarts = True
    olt = Olt(world, plant(1, areas=False))
    olt.reports("ont.los", *onts(0)[::2])
    olt.reports("ont.los", *onts(0)[1::2])
    olt.waits(60)
    ended(olt, onts(0)[:10])
    olt.waits(60)
    assert the_one(olt).metadata["still_out"] == 22
    ended(olt, onts(0)[10:30])
    olt.waits(400)
    assert olt.children(the_one(olt)) == set(onts(0)[30:])
    assert raised(olt) == ["fibre.cut"] * 2
