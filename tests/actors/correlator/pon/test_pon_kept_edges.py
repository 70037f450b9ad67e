"""What is kept beside the State when tenants, policies and topologies change under it, and when a look fails."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from vocabulary.outages import ADMIN, Olt, onts, plant
from vocabulary.world import World

from actors.correlator.settings import CorrelatorSettings
from actors.correlator.strategies import run_strategies
from actors.correlator.strategies.order import STRATEGIES
from actors.correlator.strategies.strategy import Strategy
from protocols.alarm import Alarm
from protocols.command import Raise
from protocols.event import PolicyLoaded, TopologyLoaded
from protocols.topology import Node

NORTH = [ont for port in (0, 1, 2) for ont in onts(port, [0, 1])]
LEG = onts(0, [1])


def policy(world: World, olt: Olt, tenant: str) -> None:
    settings = CorrelatorSettings(default_tenant=tenant, keep_cleared_hours=1)
    world.at(olt.seconds)(PolicyLoaded("p", msgspec.msgpack.encode(settings)))


def topology(world: World, olt: Olt, tenant: str) -> None:
    nodes = tuple(replace(node, tenant=tenant) if node.id == "olt" else node for node in plant())
    world.at(olt.seconds)(TopologyLoaded("t2", nodes))


@pytest.mark.parametrize("change", [policy, topology])
def test_an_olt_of_another_tenant_has_outages_of_its_own(world: World, change: Callable[[Any, Olt, str], None]) -> None:
    olt = Olt(world)
    olt.reports("ont.dying_gasp", *NORTH[:30])
    olt.waits(5)
    change(world, olt, "acme")
    olt.waits(3)
    for ont in NORTH[30:]:
        gasp = Raise(
            tenant_id="acme", alarm_type="ont.dying_gasp", severity="minor", title="", resource_type="ont", resource_id=ont
        )
        world.at(olt.seconds).command(gasp, by=ADMIN)
        olt.seconds += 0.003
    olt.waits(5)
    outages = {a.tenant_id: a for a in world.alarms if a.alarm_type == "power.outage"}
    assert outages["default"].cleared_at is not None
    assert outages["acme"].cleared_at is None
    assert (outages["acme"].metadata["gasped"], outages["acme"].metadata["unknown"]) == (16, 0)


def late_topology(world: World) -> Olt:
    """A cut of ONTs whose alarms came before the topology knew them."""
    olt = Olt(world, (Node(id="other", type="olt", name="x"),))
    olt.reports("ont.los", *LEG)
    olt.waits(3)
    world.at(olt.seconds)(TopologyLoaded("t", tuple(plant())))
    olt.waits(5)
    assert list(olt.concluded()) == ["fibre.cut olt/1/0/s.1"]
    olt.clears("ont.los", LEG[0])
    olt.waits(3)
    return olt


def another_alarm(world: World) -> Olt:
    """A cut of ONTs of which two have had another alarm, which has ended."""
    olt = Olt(world)
    olt.reports("ont.los", *LEG)
    olt.waits(5)
    olt.clears("ont.los", LEG[0])
    olt.waits(3)
    olt.reports("ont.df", *LEG[4:6])
    olt.waits(10)
    olt.clears("ont.df", *LEG[4:6])
    olt.waits(150)
    return olt


@pytest.mark.parametrize("begun", [late_topology, another_alarm])
def test_after_a_recovery_it_goes_on_the_same(make_world: Any, begun: Callable[[Any], Olt]) -> None:
    def play(recovers: bool) -> bytes:
        world = make_world()
        olt = begun(world)
        if recovers:
            world.restart()
        olt.clears("ont.los", LEG[1])
        octets: bytes = world.state.save()
        return octets

    assert play(recovers=False) == play(recovers=True)


def test_a_default_tenant_that_is_taken_back_leaves_nothing_behind(world: World) -> None:
    olt = Olt(world)
    policy(world, olt, "default")
    olt.reports("ont.los", LEG[0])
    olt.waits(3)
    policy(world, olt, "acme")
    olt.clears("ont.los", LEG[0])
    policy(world, olt, "default")
    olt.seconds += 7200
    olt.waits(3)
    olt.reports("ont.los", onts(0, [2])[0])
    olt.waits(3)
    assert [a.alarm_type for a in world.alarms if a.resource_id == "faultd"] == []
    (alone,) = (a for a in world.alarms if a.cleared_at is None)
    assert alone.is_root_cause


def test_after_a_look_that_failed_everything_is_asked_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    olt = Olt(world)

    def fails(_draft: Any, _before: Alarm | None, alarm: Alarm) -> None:
        if alarm.alarm_type == "fibre.cut":
            raise ValueError("odd")

    with monkeypatch.context() as patched:
        patched.setattr(run_strategies, "STRATEGIES", (Strategy("odd", fails), *STRATEGIES))
        olt.reports("ont.los", *LEG)
        olt.waits(3)
    (cut,) = olt.concluded().values()
    assert olt.children(cut) == set(LEG)
    olt.reports("ont.los", onts(0, [2])[0])
    olt.waits(3)
    assert olt.children(cut) == set(LEG)
