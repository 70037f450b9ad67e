"""Notifications that wait until the OLT's queue is empty, or a wave of reboots is over; never for long."""

import random

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

PORTS = 4


@pytest.fixture
def olt(world: World) -> Olt:
    return Olt(world, plant(PORTS, areas=False))


def pages(olt: Olt) -> list[str]:
    return [alarm_type for kind, alarm_type in olt.world.notified if kind == "raised"]


def at_pace(olt: Olt, kind: str, order: list[str], every: float) -> None:
    """Report these as a slow queue does, with what is due in between."""
    for ont in order:
        olt.reports(kind, ont, every=0)
        olt.waits(every)


@pytest.mark.parametrize("kind", ["ont.los", "ont.dying_gasp"])
@pytest.mark.parametrize("every", [0.1, 0.2])
def test_a_port_whose_reports_take_many_seconds_is_one_page(world: World, kind: str, every: float) -> None:
    olt = Olt(world, plant(1, areas=False, legs=8, onts=16))
    at_pace(olt, kind, [f"olt/1/0/{ont}" for ont in range(128)], every)
    assert pages(olt) == []
    assert olt.concluded()
    olt.waits(20)
    assert pages(olt) == ["fibre.cut" if kind == "ont.los" else "power.outage"]
    (cause,) = olt.concluded().values()
    assert cause.resource_id == "olt/1/0"
    (line,) = [e for e in olt.world.entries if e.alarm_id == cause.id and e.action == "notification_requested"]
    # Several legs are cuts of their own until the last leg begins: the feeder's cut is younger than its hold.
    assert every < 0.2 or kind == "ont.los" or "until then reports of its OLT still came in" in line.text


def test_so_are_ports_of_one_cable_that_take_turns_in_the_queue_of_their_olt(olt: Olt) -> None:
    order = [ont for turn in zip(*(onts(port) for port in (0, 1, 2)), strict=True) for ont in turn]
    at_pace(olt, "ont.los", order, 0.2)
    olt.waits(20)
    assert pages(olt) == ["fibre.cut"]


def test_a_page_does_not_wait_for_ever(world: World) -> None:
    olt = Olt(world, plant(1, areas=False, legs=8, onts=32))
    at_pace(olt, "ont.los", [f"olt/1/0/{ont}" for ont in range(230)], 0.2)
    assert pages(olt)[:1] == ["fibre.cut"]


def test_nor_for_the_reports_of_another_port(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [1]))
    at_pace(olt, "ont.los", [*onts(1), *onts(2)], 0.2)
    assert pages(olt)[0] == "fibre.cut"
    first = next(each for each in olt.world.entries if each.action == "notification_requested")
    cut = olt.world.state.alarms[first.alarm_id]
    assert (cut.resource_id, (first.at - cut.received_at).total_seconds() < 10) == ("olt/1/0/s.1", True)


@pytest.mark.parametrize("every", [2.0, 3.0, 5.0])
@pytest.mark.parametrize("away", [60, 120, 150])
def test_reboots_one_after_the_other_are_no_page(olt: Olt, every: float, away: float) -> None:
    order = random.Random(4).sample(onts(0), 24)
    todo = [(every * number, "down", ont) for number, ont in enumerate(order)]
    for at, what, ont in sorted([*todo, *((at + away, "up", ont) for at, _, ont in todo)]):
        olt.waits(max(0.0, at - olt.seconds))
        if what == "down":
            olt.reports("ont.los", ont, every=0)
        else:
            olt.clears("ont.los", ont, every=0)
    olt.waits(300)
    assert pages(olt) == []


@pytest.mark.parametrize("gap", [0.0, 4.0])
def test_a_single_ont_that_does_not_come_back_is_told_after_a_hold_of_its_own(olt: Olt, gap: float) -> None:
    lost = random.Random(5).sample(onts(0), 6) if gap else onts(0)[:1]
    at_pace(olt, "ont.los", lost, gap or 1.0)
    olt.waits(155)
    assert pages(olt) == []
    olt.waits(50)
    assert pages(olt) == ["ont.los"] * len(lost)
    line = next(each for each in olt.world.entries if each.action == "notification_requested")
    assert line.text.startswith("waited 180 s: ")
    assert line.text.endswith("until then the loss of a single ONT might end by itself")


@pytest.mark.parametrize("back", [20, 90, 170])
def test_nobody_is_told_of_an_ont_that_comes_back_in_time(olt: Olt, back: int) -> None:
    olt.reports("ont.los", onts(0)[3])
    olt.waits(back)
    olt.clears("ont.los", onts(0)[3])
    olt.waits(300)
    assert pages(olt) == []
