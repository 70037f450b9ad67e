"""The customer's own power: a dying gasp alone, or with an area without mains; not one below a fault of the network."""

from collections.abc import Iterator

import pytest
from vocabulary.outages import Olt
from vocabulary.sla import SlaWorld, us

from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import total
from protocols.sla.local_time import SECOND
from protocols.topology import Node


def street(ports: int = 4) -> Iterator[Node]:
    """Four PON ports of eight ONTs, all in one power area."""
    yield Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1")
    yield Node(id="olt/1", type="card", parents=("olt",))
    for port in range(ports):
        yield Node(id=f"olt/1/{port}", type="pon", parents=("olt/1",))
        for ont in range(8):
            yield Node(id=f"olt/1/{port}/{ont}", type="ont", parents=(f"olt/1/{port}",), customer_id=f"C{port}-{ont}", area="n")


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def olt(request: pytest.FixtureRequest) -> Olt:
    nodes = tuple(street())
    world = SlaWorld(nodes=nodes)
    world.restarts = request.param
    return Olt(world, nodes)


def served(olt: Olt, ont: str) -> tuple[SlaWorld, SlaInstance]:
    world = olt.world
    assert isinstance(world, SlaWorld)
    return world, world.serve(world.define(), "svc", ont, tenant_id="default")


def test_an_area_without_mains_is_no_downtime(olt: Olt) -> None:
    world, instance = served(olt, "olt/1/0/3")
    olt.reports("ont.dying_gasp", *(f"olt/1/{port}/{ont}" for port in range(4) for ont in range(8)))
    olt.waits(60)
    assert [each.split()[0] for each in olt.concluded()] == ["power.outage"]
    found = world.figures(instance).shares
    assert total(found.down) == 0
    assert total(found.excluded) >= 60 * SECOND
    olt.clears("ont.dying_gasp", *(f"olt/1/{port}/{ont}" for port in range(4) for ont in range(8)))
    olt.waits(60)
    assert total(world.figures(instance).shares.down) == 0


def test_a_gasp_below_a_device_that_is_down_is_downtime(olt: Olt) -> None:
    world, instance = served(olt, "olt/1/0/3")
    olt.reports("ont.dying_gasp", "olt/1/0/3")
    olt.waits(10)
    world.network("device.down", "olt", tenant_id="default")
    olt.waits(60)
    found = world.figures(instance).shares
    assert total(found.down) >= 60 * SECOND


def test_a_port_that_is_dark_since_the_mains_failed_is_no_downtime(olt: Olt) -> None:
    """The OLT reports the port as well: its cause is the mains."""
    world, instance = served(olt, "olt/1/0/3")
    olt.reports("ont.dying_gasp", *(f"olt/1/{port}/{ont}" for port in range(4) for ont in range(8)))
    olt.reports("pon.los", "olt/1/0")
    olt.waits(60)
    (port,) = world.of_type("pon.los")
    (mains,) = world.of_type("power.outage")
    assert port.parent_alarm_id == mains.id
    assert total(world.figures(instance).shares.down) == 0


def test_the_budget_shrinks_with_the_time_that_is_over_and_no_faster() -> None:
    """A customer without power for an hour: no budget is taken from days that may yet be measured."""
    world = SlaWorld()
    instance = world.serve(world.define(), "svc-1")
    fault = world.at(0).raise_alarm("ont.los", "olt-1/1/1/1")
    world.run_to(2000)
    world.clear_alarm(fault)
    gasp = world.at(3000).raise_alarm("ont.dying_gasp", "olt-1/1/1/1")
    world.run_to(3000 + 3600)
    assert not world.breaches
    # 3,600 s are excluded so far: a thousandth of it is gone from the budget of 2,678.4 s.
    assert world.figures(instance).budget == 2_674_800_000
    # It is used up when 678.4 s of budget are gone, a thousandth of 678,400 s.
    assert world.figures(instance).breaches_at == us(3000 + 678_400) + 1
    world.run_to(3000 + 678_400)
    assert not world.breaches
    world.run_to(3000 + 678_402)
    assert [each.withdrawn for each in world.breaches.values()] == [False]
    world.clear_alarm(gasp)
