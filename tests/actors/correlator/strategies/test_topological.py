"""What fails below a thing that is gone, as timelines: in either order, by every way up, and when the cause ends first."""

from collections.abc import Callable
from typing import Any

import pytest
from vocabulary.equipment import Equipment
from vocabulary.world import World

from actors.correlator.settings import CorrelatorSettings


@pytest.fixture
def plant(make_world: Callable[[CorrelatorSettings], World]) -> Equipment:
    return Equipment(make_world(CorrelatorSettings(hold_ont_seconds=0)))


def test_what_fails_below_a_known_cause_is_its_child_at_once(plant: Equipment) -> None:
    card = plant.fails(0, "card.offline", "olt/1")
    ont = plant.fails(1, "ont.los", "olt/1/0/7")
    assert (ont.parent_alarm_id, ont.status) == (card.id, "suppressed")
    assert plant.current(card).is_root_cause
    assert ont.correlation_id == plant.current(card).correlation_id


def test_a_late_parent_collects_the_children_that_came_first(plant: Equipment) -> None:
    ont = plant.fails(0, "ont.state", "olt/1/0/7")
    card = plant.fails(30, "card.offline", "olt/1")
    assert plant.current(ont).parent_alarm_id == card.id


def test_but_not_what_had_failed_long_before(plant: Equipment) -> None:
    ont = plant.fails(0, "ont.state", "olt/1/0/7")
    plant.fails(600, "card.offline", "olt/1")
    assert plant.current(ont).parent_alarm_id is None


def test_a_cause_long_gone_does_not_explain_what_fails_only_now(plant: Equipment) -> None:
    plant.fails(0, "card.fault", "olt/1")
    ont = plant.fails(900, "ont.los", "olt/1/0/7")
    assert ont.parent_alarm_id is None


def test_with_redundant_uplinks_only_when_all_are_down(plant: Equipment) -> None:
    first = plant.fails(0, "device.down", "core-1")
    olt = plant.fails(1, "device.down", "olt")
    assert olt.parent_alarm_id is None
    second = plant.fails(2, "device.down", "core-2")
    olt = plant.current(olt)
    assert olt.parent_alarm_id in (first.id, second.id)
    lines = [entry.text for change in plant.world.changes for entry in getattr(change, "entries", ())]
    assert any("every way up is gone: Core 1, Core 2" in line for line in lines)


def test_consequences_of_consequences_go_to_the_cause_at_the_top(plant: Equipment) -> None:
    olt = plant.fails(0, "olt.poweroff", "olt")
    card = plant.fails(1, "card.offline", "olt/1")
    ont = plant.fails(2, "ont.los", "olt/1/0/7")
    assert card.parent_alarm_id == olt.id
    assert ont.parent_alarm_id == olt.id


def test_one_page_for_all_of_it(plant: Equipment) -> None:
    plant.fails(0, "card.offline", "olt/1")
    plant.fails(1, "ont.los", "olt/1/0/7")
    plant.fails(1, "ont.los", "olt/1/0/8")
    plant.until(60)
    assert plant.world.notified == [("raised", "card.offline")]


def test_a_child_that_outlives_its_cause_becomes_its_own_alarm_and_is_told(plant: Equipment) -> None:
    card = plant.fails(0, "card.offline", "olt/1")
    ont, other = plant.fails(1, "ont.los", "olt/1/0/7"), plant.fails(1, "ont.los", "olt/1/0/8")
    plant.until(30)
    plant.works(60, card)
    plant.works(70, other)
    plant.until(359)
    assert plant.current(ont).parent_alarm_id == card.id
    plant.until(361)
    assert (plant.current(ont).parent_alarm_id, plant.current(ont).status) == (None, "active")
    plant.until(400)
    assert plant.world.notified == [("raised", "card.offline"), ("recovered", "card.offline"), ("raised", "ont.los")]


def test_a_cause_that_returns_keeps_its_children(plant: Equipment) -> None:
    card = plant.fails(0, "card.offline", "olt/1")
    ont = plant.fails(1, "ont.los", "olt/1/0/7")
    plant.works(60, card)
    plant.fails(100, "card.offline", "olt/1")
    plant.until(400)
    assert plant.current(ont).parent_alarm_id == card.id


def test_the_time_to_outlive_is_a_setting(make_world: Any) -> None:
    plant = Equipment(make_world(CorrelatorSettings(outlive_seconds=5, hold_ont_seconds=0)))
    card = plant.fails(0, "card.offline", "olt/1")
    ont = plant.fails(1, "ont.los", "olt/1/0/7")
    plant.works(10, card)
    plant.until(16)
    assert plant.current(ont).parent_alarm_id is None


def test_an_ont_that_the_topology_does_not_know_hangs_below_the_place_in_its_id(plant: Equipment) -> None:
    card = plant.fails(0, "card.offline", "olt/1")
    ont = plant.fails(1, "ont.los", "olt/1/0/99")
    assert ont.parent_alarm_id == card.id


def test_the_same_equipment_that_says_so_twice_is_one_cause(plant: Equipment) -> None:
    fault = plant.fails(0, "card.fault", "olt/1")
    offline = plant.fails(1, "card.offline", "olt/1")
    assert plant.current(offline).parent_alarm_id == fault.id


def test_two_that_explain_one_another_are_no_ring(plant: Equipment) -> None:
    first = plant.fails(0, "card.fault", "olt/1")
    second = plant.fails(1, "card.offline", "olt/1")
    plant.works(2, first)
    plant.fails(3, "card.fault", "olt/1")
    parents = {plant.current(first).parent_alarm_id, plant.current(second).parent_alarm_id}
    assert parents != {first.id, second.id}


def test_what_fails_again_after_its_cause_is_over_is_not_hidden_by_it(plant: Equipment) -> None:
    card = plant.fails(0, "card.offline", "olt/1")
    plant.until(20)
    ont = plant.fails(21, "ont.los", "olt/1/0/7")
    plant.works(60, card)
    plant.works(61, ont)
    ont = plant.fails(200, "ont.los", "olt/1/0/7")
    assert (plant.current(ont).parent_alarm_id, plant.current(ont).status) == (None, "active")
    plant.until(230)
    assert plant.world.notified[-1] == ("raised", "ont.los")
