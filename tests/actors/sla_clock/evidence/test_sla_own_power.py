"""The customer's own power: a dying gasp alone, or with an area without mains; not one below a fault of the network."""

from collections.abc import Iterator

import pytest
from vocabulary.outages import Olt
from vocabulary.sla import SlaWorld

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
