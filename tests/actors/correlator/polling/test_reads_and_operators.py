"""Polled states beside what operators and traps say: maintenance windows, optical baselines, gaps in a numbering of traps."""

from vocabulary.outages import plant
from vocabulary.reads import parts, read_of
from vocabulary.sla import plan_window
from vocabulary.world import World

from actors.correlator.memories import OpticalPowerMemory
from protocols.event import TopologyLoaded
from protocols.poll.states import PolledPower

NODES = tuple(plant(areas=False))


def polled() -> World:
    world = World()
    world(TopologyLoaded("t", NODES))
    world(read_of(world.at(1), parts("ont", "1/0", up=range(32)), reason="start"))
    return world


def test_a_maintenance_window_over_the_device_hides_what_a_poll_finds_as_it_hides_traps() -> None:
    world = polled()
    plan_window(world, 50, 1_000, "olt")
    by_trap = world.at(60).raise_alarm("ont.los", "olt/1/0/4", tenant_id="default")
    world(read_of(world.at(70), parts("ont", "1/0", up=range(4), down={5: "los"}), parts("card", "", down={1: ""})))
    found = [each for each in world.alarms if each.cleared_at is None]
    assert {each.resource_id for each in found} >= {"olt/1/0/4", "olt/1/0/5", "olt/1"}
    assert all("window" in [each.kind for each in alarm.suppressed_by] for alarm in found)
    world.run_to(900)
    assert not world.notified
    world(read_of(world.at(910), parts("ont", "1/0", up=range(32)), parts("card", "", up=[1])))
    world.run_to(2_000)
    assert not [each for each in world.alarms if each.cleared_at is None and each.id != by_trap]
    assert "card.offline" not in [alarm_type for _, alarm_type in world.notified]


def test_a_polled_outage_that_outlasts_its_window_is_told_then() -> None:
    world = polled()
    plan_window(world, 50, 1_000, "olt")
    world(read_of(world.at(70), parts("card", "", down={1: ""})))
    world.run_to(999)
    assert not world.notified
    world.run_to(1_100)
    assert ("raised", "card.offline") in world.notified


def test_polled_optical_power_enters_the_baseline_of_the_ont() -> None:
    world = polled()
    for hour in range(1, 30):
        powers = tuple(PolledPower(f"1/0/{number}", "ont_rx", -20.0) for number in range(32))
        world(read_of(world.at(3_600 * hour), reason="changed", whole=(), power=powers))
    known = world.state.memory(OpticalPowerMemory).lights["ont_rx olt/1/0/7"]
    assert (known.good, known.now, known.fell) == (-20.0, -20.0, None)
    world(read_of(world.at(3_600 * 30), reason="changed", whole=(), power=(PolledPower("1/0/7", "ont_rx", -26.0),)))
    fallen = world.state.memory(OpticalPowerMemory).lights["ont_rx olt/1/0/7"]
    assert (fallen.good, fallen.now, fallen.fell is not None) == (-20.0, -26.0, True)
    invalid = (PolledPower("1/0/7", "ont_rx", -200.0), PolledPower("1/0/8", "ont_rx", float("nan")))
    world(read_of(world.at(3_600 * 31), reason="changed", whole=(), power=invalid))
    assert world.state.memory(OpticalPowerMemory).lights["ont_rx olt/1/0/7"] == fallen
