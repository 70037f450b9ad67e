"""Causes that have long stood beside those that are new, and causes that another tenant claims."""

from datetime import timedelta

import pytest
from vocabulary.equipment import ADMIN, Equipment
from vocabulary.world import World

from protocols.command import Raise
from protocols.principal import Principal


@pytest.fixture
def plant(world: World) -> Equipment:
    return Equipment(world)


def test_the_second_of_redundant_uplinks_is_the_cause_however_long_the_first_was_gone(plant: Equipment) -> None:
    plant.fails(0, "device.down", "core-1")
    second = plant.fails(4000, "device.down", "core-2")
    olt = plant.fails(4001, "device.down", "olt")
    assert olt.parent_alarm_id == second.id


def test_and_of_what_came_before_it(plant: Equipment) -> None:
    plant.fails(0, "device.down", "core-1")
    olt = plant.fails(4000, "device.down", "olt")
    second = plant.fails(4002, "device.down", "core-2")
    assert plant.current(olt).parent_alarm_id == second.id


def test_a_fault_that_has_long_stood_does_not_shield_from_a_new_one_at_the_same_place(plant: Equipment) -> None:
    plant.fails(0, "card.fault", "olt/1")
    card = plant.fails(4000, "card.offline", "olt/1")
    assert plant.fails(4001, "ont.los", "olt/1/0/7").parent_alarm_id == card.id


def test_nor_from_a_new_one_above_it(plant: Equipment) -> None:
    plant.fails(0, "card.fault", "olt/1")
    olt = plant.fails(4000, "olt.poweroff", "olt")
    assert plant.fails(4001, "ont.los", "olt/1/0/7").parent_alarm_id == olt.id


@pytest.mark.parametrize("wrong", [-1800, 1800])
def test_a_device_with_a_wrong_clock_moves_nothing_into_or_out_of_the_window(plant: Equipment, wrong: float) -> None:
    def reports(seconds: float, alarm_type: str, resource: str, wrong: float = 0.0) -> str:
        world = plant.world.at(seconds)
        raised = Raise(
            tenant_id="default",
            alarm_type=alarm_type,
            severity="critical",
            title=alarm_type,
            resource_type="ont",
            resource_id=resource,
            at=world.now + timedelta(seconds=wrong),
        )
        name: str = world.command(raised, by=ADMIN).accepted[0]
        return name

    long_before = reports(0, "ont.los", "olt/1/0/7", wrong)
    shortly_before = reports(590, "ont.los", "olt/1/0/8", wrong)
    card = reports(600, "card.offline", "olt/1")
    assert plant.current(long_before).parent_alarm_id is None
    assert plant.current(shortly_before).parent_alarm_id == card


def test_what_another_tenant_says_of_equipment_hides_nothing(plant: Equipment) -> None:
    plant.world.at(0).command(
        Raise(
            tenant_id="other",
            alarm_type="device.down",
            severity="critical",
            title="down",
            resource_type="olt",
            resource_id="olt",
        ),
        by=Principal("eve", "operator", "other"),
    )
    ont = plant.fails(1, "ont.los", "olt/1/0/7")
    assert ont.parent_alarm_id is None
