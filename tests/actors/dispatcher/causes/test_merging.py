"""A cause that turns out to follow from another one, and stands alone again. Times in seconds."""

import pytest
from vocabulary.dispatch_world import DispatchWorld, mail
from vocabulary.sla import plant

from protocols.command import Raise

NOC = "noc@example.net"
ONT = "olt-1/1/1/1"


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> DispatchWorld:
    world = DispatchWorld(nodes=plant())
    world.restarts = request.param
    return world


def _titles(world: DispatchWorld) -> list[tuple[float, str, str]]:
    """When, what kind, about which resource."""
    start = [each[:2] for each in world.said]
    return [(*when, each.facts["causes"][0]["resource_id"]) for when, each in zip(start, world.sent, strict=True)]


def test_those_told_of_a_cause_that_became_a_consequence_hear_its_end(world: DispatchWorld) -> None:
    world.policy("all", mail(), repeat_interval=100)
    child = world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(10)
    world.network("device.down", "olt-1")
    assert world.get(child).parent_alarm_id is not None
    world.run_to(300)
    assert _titles(world)[:3] == [(5, "raised", ONT), (15, "raised", "olt-1"), (115, "reminder", "olt-1")]
    assert all(resource == "olt-1" for _, kind, resource in _titles(world) if kind == "reminder")
    world.clear_alarm(child)
    assert _titles(world)[-1] == (300, "recovered", ONT)
    world.at(310).network("device.up", "olt-1")
    assert _titles(world)[-1] == (310, "recovered", "olt-1")
    assert world.said.count((300, "recovered", NOC)) == 1


def test_a_consequence_is_told_to_nobody_until_it_stands_alone(world: DispatchWorld) -> None:
    world.policy("all", mail(), group_wait=30)
    child = world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(10)
    world.network("device.down", "olt-1")
    world.run_to(100)
    assert _titles(world) == [(45, "raised", "olt-1")]
    assert any("waits: it is a consequence of alarm" in each for each in world.notes)
    world.network("device.up", "olt-1")
    world.run_to(500)
    assert world.get(child).parent_alarm_id is None
    (_, recovered, alone) = _titles(world)
    assert recovered == (100, "recovered", "olt-1")
    assert alone[1:] == ("raised", ONT)


def test_a_child_that_its_cause_does_not_suppress_is_no_page_of_its_own(world: DispatchWorld) -> None:
    world.policy("all", mail())
    cause = world.at(0).raise_alarm("power.outage", "site-9", "site")
    world.run_to(10)
    action = Raise(
        tenant_id="t",
        alarm_type="ups.alarm",
        severity="major",
        title="UPS",
        resource_type="ups",
        resource_id="ups-1",
        parent_alarm_id=cause,
    )
    child = world.command(action).accepted[0]
    assert not world.get(child).suppressed_by
    world.run_to(60)
    assert _titles(world) == [(5, "raised", "site-9")]
    assert any("nobody is told now (raised" in each for each in world.notes)
    world.clear_alarm(cause)
    world.run_to(70)
    assert sorted(_titles(world)[1:]) == [(60, "raised", "ups-1"), (60, "recovered", "site-9")]
    world.clear_alarm(child)
    assert _titles(world)[3:] == [(70, "recovered", "ups-1")]
