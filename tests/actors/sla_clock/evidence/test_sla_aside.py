"""Alarms that concern no instance are set aside, and taken in when an instance comes that they concern."""

import msgspec
import pytest
from vocabulary.sla import SlaWorld, plant, us
from vocabulary.world import ADMIN

from protocols.event import TopologyChanged
from protocols.sla.actions import CreateInstance
from protocols.sla.instance import InstancePlan
from protocols.sla.local_time import SECOND
from protocols.topology import Node


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def create(world: SlaWorld, definition_id: str, service: str, *resources: str) -> str:
    """An instance by command; its id."""
    plan = InstancePlan(
        tenant_id="t",
        definition_id=definition_id,
        customer_id=f"c-{service}",
        service_id=service,
        resources=resources,
        start=us(-86_400),
    )
    return world.command(CreateInstance(plan), by=ADMIN).accepted[0]


def test_without_instances_an_alarm_leaves_no_outage(world: SlaWorld) -> None:
    alarm = world.raise_alarm("ont.los", "olt-1/1/1/1")
    assert not world.sla.outages
    assert list(world.sla.aside.by_id) == [alarm]
    world.clear_alarm(alarm)
    assert not world.sla.aside.by_id
    world.raise_alarm("ont.rx.low", "olt-1/1/1/1", service_effect="none")
    assert not world.sla.aside.by_id


def test_an_open_outage_counts_from_its_begin_for_an_instance_that_comes_later(world: SlaWorld) -> None:
    definition = world.define()
    world.at(0).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(10).raise_alarm("ont.los", "olt-1/1/2/1")
    instance = create(world.at(100), definition.id, "svc-1")
    found = world.sla.instances.get(instance)
    assert found is not None
    assert world.at(200).figures(found).down == 200 * SECOND
    assert [each.resource_id for each in world.sla.outages.values()] == ["olt-1/1/1/1"]
    assert len(world.sla.aside.by_id) == 1


def test_an_alarm_that_names_a_service_outside_of_the_topology(world: SlaWorld) -> None:
    definition = world.define()
    world.at(0).raise_alarm("circuit.down", "somewhere", "other", service_ids=("svc-77",), service_effect="outage")
    instance = create(world.at(50), definition.id, "svc-77")
    found = world.sla.instances.get(instance)
    assert found is not None
    assert world.at(60).figures(found).down == 60 * SECOND


def test_a_service_that_moves_below_an_outage(world: SlaWorld) -> None:
    definition = world.define()
    instance = world.serve(definition, "svc-1")
    world.at(0).raise_alarm("ont.los", "olt-1/1/2/2")
    assert len(world.sla.aside.by_id) == 1
    moved = Node(id="svc-1", type="service", parents=("olt-1/1/2/2",), service_id="svc-1")
    world.at(100)(TopologyChanged(puts=(moved,), by="ada"))
    assert not world.sla.aside.by_id
    assert world.at(150).figures(instance).down == 150 * SECOND


def test_the_cause_comes_in_with_the_first_alarm_that_is_attached_to_it(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1", "elsewhere")
    cause = world.raise_alarm("pon.los", "olt-1/1/1", is_root_cause=True)
    assert list(world.sla.aside.by_id) == [cause]
    world.raise_alarm("ont.los", "elsewhere", parent_alarm_id=cause)
    assert not world.sla.aside.by_id
    assert cause in world.sla.clocks.by_id


def test_what_is_set_aside_outlives_a_snapshot() -> None:
    world = SlaWorld(nodes=plant())
    world.raise_alarm("ont.los", "olt-1/1/1/1", customer_ids=("c-9",))
    world.raise_alarm("ont.los", "elsewhere", service_ids=("svc-9",))
    before = [msgspec.msgpack.encode(each) for each in world.sla.aside.saving()()]
    world.restart()
    assert [msgspec.msgpack.encode(each) for each in world.sla.aside.saving()()] == before
    assert len(before) == 2
