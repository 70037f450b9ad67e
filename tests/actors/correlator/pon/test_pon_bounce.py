"""A repair that bounces: light or power comes and goes for a minute. It is one cause, no rogue ONT, and no page each time."""

from random import Random

import pytest
from vocabulary.outages import Olt, onts, plant, shelf
from vocabulary.world import World

from protocols.alarm import Alarm


def suspected(olt: Olt) -> list[Alarm]:
    return [each for each in olt.world.alarms if each.qualifier == "suspected"]


def events(olt: Olt, told: list[tuple[float, bool, str, str]]) -> None:
    """Report these (time, raised, alarm type, resource), with a tick each second between them."""
    for at, up, alarm_type, resource in sorted(told):
        while olt.seconds + 1.0 < at:
            olt.waits(1)
        olt.seconds = max(olt.seconds, at)
        if up:
            olt.reports(alarm_type, resource, every=0)
        elif any((a.alarm_type, a.resource_id) == (alarm_type, resource) and a.cleared_at is None for a in olt.world.alarms):
            olt.clears(alarm_type, resource, every=0)


def bounce(olt: Olt, below: list[str], rng: Random, *, kind: str, pace: float, slow: float, port: str = "") -> float:
    """A cut at 0, a repair at 600 s that bounces for a minute. ``pace``: traps a second; ``slow``: seconds in which the ONTs
    come back. Returns the time at which the light stays."""
    told: list[tuple[float, bool, str, str]] = []

    def falls(at: float, which: list[str]) -> None:
        soak = rng.uniform(0, 2)
        told.extend((at + soak + number / pace, True, kind, ont) for number, ont in enumerate(rng.sample(which, len(which))))
        if port:
            told.append((at + soak + rng.uniform(0, 1), True, "pon.los", port))

    falls(0.0, below)
    at = 600.0
    while at < 660.0:
        lit = at
        at += rng.uniform(5, 12)
        if port:
            told.append((lit + 0.5, False, "pon.los", port))
        back = [(lit + 3 + rng.uniform(0, slow), ont) for ont in below]
        up = [(when, ont) for when, ont in back if when < at - 3.5]
        told.extend((when, False, kind, ont) for when, ont in up)
        if up:
            falls(at, [ont for _, ont in up])
        elif port:
            told.append((at + 1.0, True, "pon.los", port))
        at += len(up) / pace + rng.uniform(4, 10)
    if port:
        told.append((at + 0.5, False, "pon.los", port))
    told.extend((at + 3 + rng.uniform(0, slow), False, kind, ont) for ont in below)
    events(olt, told)
    return at


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("legs", "kind", "pace", "slow", "port"),
    [
        ([0, 1, 2, 3], "ont.los", 300.0, 2.0, "olt/1/0"),
        ([0, 1, 2, 3], "ont.los", 10.0, 6.0, ""),
        ([0, 1, 2, 3], "ont.state", 5.0, 10.0, "olt/1/0"),
        ([1, 2], "ont.los", 20.0, 6.0, ""),
        ([2], "ont.los", 50.0, 3.0, ""),
        ([2], "ont.lof", 10.0, 8.0, ""),
    ],
)
def test_a_bouncing_repair_is_one_cause_and_no_rogue(
    world: World, legs: list[int], kind: str, pace: float, slow: float, port: str, seed: int
) -> None:
    olt = Olt(world, plant(1, areas=False))
    bounce(olt, onts(0, legs), Random(seed), kind=kind, pace=pace, slow=slow, port=port)
    olt.waits(120)
    assert not suspected(olt)
    assert not olt.concluded()
    cuts = [each for each in olt.world.alarms if each.alarm_type == "fibre.cut"]
    places = {"olt/1/0"} if len(legs) == 4 else {f"olt/1/0/s.{leg}" for leg in legs}
    assert {each.resource_id for each in cuts} == places
    told = [kind for kind, alarm_type in olt.world.notified if alarm_type == "fibre.cut"]
    assert told.count("raised") == len(places)
    assert told.count("recovered") == len(places)
    assert all("came back and went again" in each.description for each in cuts if each.metadata.get("bounces"))


def test_the_cause_counts_how_often_it_came_back(world: World) -> None:
    olt = Olt(world, plant(1, areas=False))
    leg = onts(0, [1])
    olt.reports("ont.los", *leg)
    olt.waits(300)
    for times in (1, 2, 3):
        olt.clears("ont.los", *leg)
        olt.waits(8)
        assert not olt.concluded()
        olt.reports("ont.los", *leg[times:], every=0.05)
        olt.waits(5)
        (cut,) = olt.concluded().values()
        assert cut.resource_id == "olt/1/0/s.1"
        assert cut.metadata["bounces"] == times
        assert f"it came back and went again {times} time" in cut.description
        assert olt.children(cut) == set(leg[times:])
        olt.reports("ont.los", *leg[:times])
    olt.clears("ont.los", *leg)
    olt.waits(120)
    assert [each for each in olt.world.notified if each[1] == "fibre.cut"] == [
        ("raised", "fibre.cut"),
        ("recovered", "fibre.cut"),
    ]


def test_one_that_goes_again_alone_has_a_fault_of_its_own_and_other_places_too(world: World) -> None:
    olt = Olt(world, plant(1, areas=False))
    olt.reports("ont.los", *onts(0, [1]))
    olt.waits(300)
    olt.clears("ont.los", *onts(0, [1]))
    olt.waits(20)
    olt.reports("ont.los", onts(0, [1])[3])
    olt.waits(10)
    assert not olt.concluded()
    olt.reports("ont.los", *onts(0, [2]))
    olt.waits(10)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.2"}


def test_what_goes_much_later_is_a_new_outage_with_a_page_of_its_own(world: World) -> None:
    olt = Olt(world, plant(1, areas=False))
    for _ in range(2):
        olt.reports("ont.los", *onts(0, [1]))
        olt.waits(60)
        olt.clears("ont.los", *onts(0, [1]))
        olt.waits(150)
    kinds = [each[0] for each in olt.world.notified if each[1] == "fibre.cut"]
    assert kinds == ["raised", "recovered"] * 2


@pytest.mark.parametrize("size", [4, 16])
def test_the_suspicion_of_a_rogue_ends_with_a_loss_of_all_light(world: World, size: int) -> None:
    olt = Olt(world, shelf(cards=1, ports=2, onts_each=size))
    below = [f"olt/1/0/{number}" for number in range(size)]
    for _ in range(5):
        for ont in below[1:]:
            olt.reports("ont.los", ont)
            olt.waits(4)
            olt.clears("ont.los", ont)
    assert suspected(olt)
    olt.reports("pon.los", "olt/1/0")
    olt.waits(3)
    assert not [each for each in suspected(olt) if each.cleared_at is None]
