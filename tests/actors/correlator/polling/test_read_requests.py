"""Requests for reads: when traps are known to be lost, each device is read, a few at a time and not again at once."""

import pytest
from vocabulary.reads import parts, read_of
from vocabulary.world import World, moment

from protocols.event import SystemReport, TopologyLoaded
from protocols.poll.contact import PollStopped
from protocols.poll.request import PollRequested
from protocols.topology import Node

DEVICES = tuple(f"olt-{number:03}" for number in range(120))


@pytest.fixture
def world() -> World:
    """120 devices whose states were read once, and one that nobody polls."""
    world = World()
    nodes = [Node(id=name, type="olt", address=f"10.0.0.{number}") for number, name in enumerate((*DEVICES, "deaf"))]
    world(TopologyLoaded("t", tuple(nodes)))
    for name in DEVICES:
        world(read_of(world, parts("card", "", up=[1]), reason="start", device=name))
    return world


def lost(world: World, *, active: bool, qualifier: str = "0.0.0.0:162") -> None:
    world(SystemReport(alarm_type="traps.lost", active=active, qualifier=qualifier))


def requests(world: World) -> list[PollRequested]:
    return [each for each in world.history if isinstance(each, PollRequested)]


def test_dropped_datagrams_make_every_device_be_read_fifty_a_second(world: World) -> None:
    lost(world.at(10), active=True)
    world.run_to(10)
    assert len(requests(world)) == 50
    world.run_to(20)
    assert sorted(each.device for each in requests(world)) == sorted(DEVICES)
    assert {(each.reason, each.why) for each in requests(world)} == {("drops", "the kernel drops datagrams (0.0.0.0:162)")}
    lost(world.at(310), active=False)
    world.run_to(320)
    assert len(requests(world)) == 2 * len(DEVICES)


def test_the_same_is_not_requested_again_at_once(world: World) -> None:
    lost(world.at(10), active=True)
    world.run_to(20)
    lost(world.at(30), active=False)
    world.run_to(40)
    assert len(requests(world)) == len(DEVICES)


def test_a_start_of_faultd_that_lost_nothing_requests_nothing(world: World) -> None:
    """Each start clears the alarms of the run before, whether there are any or not."""
    lost(world.at(10), active=False, qualifier="*")
    world.run_to(20)
    assert not requests(world)


def test_a_sweep_goes_on_after_a_restart_without_the_devices_that_are_gone(world: World) -> None:
    lost(world.at(10), active=True)
    world.run_to(10)
    world.restart()
    world(PollStopped(device=DEVICES[119], reason="its plan is off"))
    world.run_to(20)
    assert sorted(each.device for each in requests(world)) == sorted(DEVICES[:119])


def test_an_answer_for_a_device_that_left_the_topology_is_let_pass(world: World) -> None:
    world.topology(Node(id="other", type="olt", address="10.0.9.9"))
    world.at(60)
    world(read_of(world, parts("ont", "1/0", down={1: "los"}), device=DEVICES[0]))
    assert not world.alarms
    assert world.now == moment(60)
    lost(world, active=True)
    world.run_to(70)
    assert not requests(world)
