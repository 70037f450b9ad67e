"""Outages below PON ports as timelines: what the OLT reports goes in, the place that broke comes out, with its reasons."""

from collections.abc import Callable

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World


@pytest.fixture
def olt(world: World) -> Olt:
    return Olt(world)


def test_a_feeder_cut_is_one_alarm_with_its_place_its_customers_and_its_reasons(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.reports("pon.los", "olt/1/0")
    olt.waits(2)
    (cut,) = olt.concluded().values()
    assert (cut.alarm_type, cut.resource_id, cut.severity, cut.is_root_cause) == ("fibre.cut", "olt/1/0", "critical", True)
    assert cut.title == "PON 0: feeder fibre cut"
    assert cut.subscriber_count == 32
    assert (cut.metadata["dark"], cut.metadata["gasped"], cut.metadata["unknown"]) == (32, 0, 0)
    assert cut.metadata["confidence"] == 0.981
    assert cut.metadata["customers_by_class"] == {"gold": 32}
    assert olt.children(cut) == {*onts(0), "olt/1/0"}
    held = [a for a in olt.world.alarms if a.parent_alarm_id == cut.id]
    assert {a.status for a in held} == {"suppressed"}
    assert {each.by for a in held for each in a.suppressed_by} == {cut.id}


def test_one_page_for_it_after_the_hold_and_one_when_it_is_over(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.reports("pon.los", "olt/1/0")
    olt.waits(40)
    assert olt.world.notified == [("raised", "fibre.cut")]
    olt.clears("pon.los", "olt/1/0")
    olt.clears("ont.los", *onts(0), every=0.1)
    olt.waits(400)
    assert olt.world.notified == [("raised", "fibre.cut"), ("recovered", "fibre.cut")]
    assert not olt.concluded()


def test_a_distribution_cut_names_the_splitter(olt: Olt) -> None:
    olt.reports("ont.los", *onts(1, [2]))
    olt.waits(2)
    assert set(olt.concluded()) == {"fibre.cut olt/1/1/s.2"}
    assert olt.concluded()["fibre.cut olt/1/1/s.2"].title == "splitter 1.2: distribution fibre cut"


def test_two_cuts_at_once_stay_two(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [1]), *onts(0, [3]))
    olt.waits(2)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.1", "fibre.cut olt/1/0/s.3"}


def test_two_feeders_of_three_are_two_and_all_three_are_the_card(olt: Olt) -> None:
    for port in (0, 1):
        olt.reports("ont.state", *onts(port))
    olt.waits(2)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0", "fibre.cut olt/1/1"}
    olt.reports("ont.state", *onts(2))
    olt.waits(3)
    (card,) = olt.concluded().values()
    assert (card.alarm_type, card.resource_id) == ("card.failure", "olt/1")
    assert olt.children(card) >= {*onts(0), *onts(1), *onts(2)}


def test_a_card_that_says_that_it_is_gone_explains_everything_and_nothing_is_concluded(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0), *onts(1))
    olt.reports("card.offline", "olt/1")
    olt.reports("ont.los", *onts(2))
    olt.waits(3)
    assert not olt.concluded()
    (card,) = (a for a in olt.world.alarms if a.alarm_type == "card.offline")
    assert card.is_root_cause
    assert olt.children(card) == {*onts(0), *onts(1), *onts(2)}


def test_a_card_that_speaks_late_takes_over_what_was_concluded(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
    olt.reports("card.offline", "olt/1")
    olt.waits(2)
    assert not olt.concluded()
    (card,) = (a for a in olt.world.alarms if a.alarm_type == "card.offline")
    assert olt.children(card) == set(onts(0))


def test_a_power_outage_is_not_a_cut_although_the_onts_go_dark_after(olt: Olt) -> None:
    north = [*onts(0, [0, 1]), *onts(1, [0, 1]), *onts(2, [0, 1])]
    olt.reports("ont.dying_gasp", *(ont for n, ont in enumerate(north) if n % 10))
    olt.waits(1)
    olt.reports("ont.los", *(ont for n, ont in enumerate(north) if not n % 10))
    olt.waits(3)
    (outage,) = olt.concluded().values()
    assert (outage.alarm_type, outage.resource_id, outage.resource_type) == ("power.outage", "area:north", "area")
    assert olt.children(outage) == set(north)
    assert outage.subscriber_count == 48
    assert "mains, not fibre" in outage.description


def test_a_power_outage_without_areas_in_the_topology_is_one_around_what_is_above_them_all(world: World) -> None:
    olt = Olt(world, plant(areas=False))
    olt.reports("ont.dying_gasp", *onts(0, [0, 1]), *onts(1, [0]))
    olt.waits(4)
    assert set(olt.concluded()) == {"power.outage olt/1"}


def test_a_cut_during_an_outage_is_found_beside_it(olt: Olt) -> None:
    olt.reports("ont.dying_gasp", *onts(0, [0, 1]), *onts(1, [0, 1]), *onts(2, [0, 1]))
    olt.waits(20)
    olt.reports("ont.los", *onts(0, [2, 3]))
    olt.reports("pon.los", "olt/1/0")
    olt.waits(3)
    assert set(olt.concluded()) == {"power.outage area:north", "fibre.cut olt/1/0"}


def test_one_dark_ont_is_its_own_cause_and_its_alarms_are_one(olt: Olt) -> None:
    olt.reports("ont.state", "olt/1/0/5")
    olt.reports("ont.los", "olt/1/0/5")
    olt.waits(2)
    assert not olt.concluded()
    by_type = {a.alarm_type: a for a in olt.world.alarms}
    assert by_type["ont.los"].is_root_cause
    assert by_type["ont.state"].parent_alarm_id == by_type["ont.los"].id
    assert any("drop fibre" in line.text for line in olt.world.entries if line.alarm_id == by_type["ont.los"].id)


def test_what_outlives_its_cause_becomes_an_alarm_of_its_own_and_people_are_told(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.reports("pon.los", "olt/1/0")
    olt.waits(10)
    olt.clears("pon.los", "olt/1/0")
    olt.clears("ont.los", *onts(0)[1:], every=0.1)
    olt.waits(250)
    (left,) = (a for a in olt.world.alarms if a.cleared_at is None)
    assert left.parent_alarm_id is not None
    olt.waits(100)
    left = olt.world.state.alarms[left.id]
    assert left.parent_alarm_id is None
    assert left.status == "active"
    olt.waits(180)
    assert olt.world.notified[-1] == ("raised", "ont.los")


def test_onts_that_come_back_one_by_one_do_not_turn_a_cut_into_many(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0))
    olt.reports("pon.los", "olt/1/0")
    olt.waits(30)
    olt.clears("ont.los", *onts(0), every=0.5)
    olt.waits(5)
    assert {line.action for line in olt.world.entries} & {"withdrawn", "detached"} == set()


def test_siblings_that_lose_light_together_have_a_bend_above_them(olt: Olt) -> None:
    olt.reports("ont.rx.low", *onts(0, [2]))
    olt.waits(3)
    (bend,) = olt.concluded().values()
    assert (bend.alarm_type, bend.resource_id, bend.severity) == ("fibre.degraded", "olt/1/0/s.2", "minor")
    assert olt.children(bend) == set(onts(0, [2]))
    olt.clears("ont.rx.low", *onts(0, [2]))
    olt.waits(3)
    assert not olt.concluded()


def test_an_olt_that_tells_of_its_port_alone_is_understood(olt: Olt) -> None:
    olt.reports("pon.los", "olt/1/0")
    olt.waits(3)
    (cut,) = olt.concluded().values()
    assert (cut.resource_id, cut.metadata["unknown"]) == ("olt/1/0", 32)


@pytest.mark.parametrize("lost", [0, 3, 7])
def test_the_cause_is_the_same_whichever_traps_are_lost(olt: Olt, lost: int) -> None:
    olt.reports("ont.los", *(ont for n, ont in enumerate(onts(0)) if n % 8 != lost))
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}


def test_saved_and_loaded_at_any_moment_it_goes_on_as_if_nothing_had_happened(world: World) -> None:
    def run(load_at: int) -> bytes:
        world.begin()
        olt = Olt(world)
        steps: list[Callable[[], None]] = [
            lambda: olt.reports("ont.los", *onts(0)[:20]),
            lambda: olt.waits(1),
            lambda: olt.reports("ont.los", *onts(0)[20:]),
            lambda: olt.reports("pon.los", "olt/1/0"),
            lambda: olt.waits(3),
            lambda: olt.reports("card.offline", "olt/1"),
            lambda: olt.waits(3),
            lambda: olt.clears("card.offline", "olt/1"),
            lambda: olt.waits(320),
        ]
        for number, step in enumerate(steps):
            if number == load_at:
                world.restart()
            step()
        octets: bytes = world.state.save()
        return octets

    straight = run(-1)
    assert all(run(number) == straight for number in range(9))


def test_siblings_that_fade_months_apart_are_no_bend(olt: Olt) -> None:
    olt.reports("ont.rx.low", *onts(0, [2])[:3], every=3_600)
    olt.waits(3)
    assert not olt.concluded()


def test_no_conclusion_is_certain(olt: Olt) -> None:
    """Neither in the alarm nor in its timeline, in numbers or in words."""
    olt.reports("ont.los", *onts(0))
    olt.reports("pon.los", "olt/1/0")
    olt.reports("ont.los", "olt/1/1/1")
    olt.reports("ont.state", "olt/1/1/1")
    olt.waits(3)
    olt.reports("card.offline", "olt/1")
    olt.reports("ont.los", "olt/1/2/1")
    (cut,) = (each for each in olt.world.alarms if each.alarm_type == "fibre.cut")
    assert cut.metadata["confidence"] == 0.981
    assert cut.description.endswith("Confidence: very likely (98 %).")
    stated = [each.detail["confidence"] for each in olt.world.entries if "confidence" in each.detail]
    assert len(stated) > 30
    assert all(0.01 <= each <= 0.99 for each in stated)
    assert not any("100%" in text or "100 %" in text for each in olt.world.entries for text in (each.text, cut.description))
