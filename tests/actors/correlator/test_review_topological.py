"""Causes that have long stood beside those that are new, and causes that another tenant claims."""

from typing import Any

import pytest

from protocols.alarm import Alarm
from protocols.command import Raise
from protocols.event import TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node

ADMIN = Principal("probe", "admin")

PLANT = (
    Node(id="core-1", type="core", name="Core 1"),
    Node(id="core-2", type="core", name="Core 2"),
    Node(id="agg", type="other", parents=("core-1", "core-2"), name="Aggregation"),
    Node(id="olt", type="olt", parents=("agg",), name="Mill Lane", address="192.0.2.1"),
    Node(id="olt/1", type="card", parents=("olt",), name="card 1"),
    Node(id="olt/1/0", type="pon", parents=("olt/1",)),
    Node(id="olt/1/0/7", type="ont", parents=("olt/1/0",), customer_id="C7"),
    Node(id="olt/1/0/8", type="ont", parents=("olt/1/0",), customer_id="C8"),
)


class Plant:
    def __init__(self, world: Any) -> None:
        self.world = world
        world(TopologyLoaded("t", PLANT))

    def fails(self, at: float, alarm_type: str, resource: str, **fields: Any) -> Alarm:
        kind = "ont" if alarm_type.startswith("ont") else "device"
        answer = self.world.at(at).command(
            Raise(
                tenant_id="default",
                alarm_type=alarm_type,
                severity="critical",
                title=alarm_type,
                resource_type=kind,
                resource_id=resource,
                **fields,
            ),
            by=ADMIN,
        )
        return self.now(answer.accepted[0])

    def now(self, alarm: Alarm | str) -> Alarm:
        found: Alarm = self.world.state.alarms[alarm if isinstance(alarm, str) else alarm.id]
        return found


@pytest.fixture
def plant(world: Any) -> Plant:
    return Plant(world)


def test_the_second_of_redundant_uplinks_is_the_cause_however_long_the_first_was_gone(plant: Plant) -> None:
    plant.fails(0, "device.down", "core-1")
    second = plant.fails(4000, "device.down", "core-2")
    olt = plant.fails(4001, "device.down", "olt")
    assert olt.parent_alarm_id == second.id


def test_and_of_what_came_before_it(plant: Plant) -> None:
    plant.fails(0, "device.down", "core-1")
    olt = plant.fails(4000, "device.down", "olt")
    second = plant.fails(4002, "device.down", "core-2")
    assert plant.now(olt).parent_alarm_id == second.id


def test_a_fault_that_has_long_stood_does_not_shield_from_a_new_one_at_the_same_place(plant: Plant) -> None:
    plant.fails(0, "card.fault", "olt/1")
    card = plant.fails(4000, "card.offline", "olt/1")
    assert plant.fails(4001, "ont.los", "olt/1/0/7").parent_alarm_id == card.id


def test_nor_from_a_new_one_above_it(plant: Plant) -> None:
    plant.fails(0, "card.fault", "olt/1")
    olt = plant.fails(4000, "olt.poweroff", "olt")
    assert plant.fails(4001, "ont.los", "olt/1/0/7").parent_alarm_id == olt.id


def test_what_another_tenant_says_of_equipment_hides_nothing(plant: Plant) -> None:
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
