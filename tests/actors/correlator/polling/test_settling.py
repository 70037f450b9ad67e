"""Settling: what a read finds down of a device that has just started raises nothing until it had time to start."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from vocabulary.outages import plant
from vocabulary.reads import parts, read_of
from vocabulary.world import World, moment

from actors.correlator.polling.restarts import restart_between
from actors.correlator.polling.settling import started_at
from actors.correlator.profiles import load_profiles
from actors.correlator.settings import CorrelatorSettings
from protocols.change import DeviceEvent
from protocols.event import ClockJumped, ProfilesLoaded
from protocols.poll.contact import AgentTimes, OtherPolls, PollAnswered, PollMissed, PollStopped
from protocols.poll.request import PollRequested
from protocols.poll.states import PartStates, PolledName, PolledStates, ReadReason
from protocols.topology import Node

NODES = (*plant(areas=False), Node(id="olt/if/up1", type="uplink", parents=("olt",), index="101"))
LONG = 90 * 86_400.0
"""Uptime in seconds of a device that has settled long ago."""


@pytest.fixture
def world() -> World:
    return World(CorrelatorSettings(settling_seconds=600), NODES)


def times(at: float, uptime: float | None = None, boots: int | None = None, host: float | None = None) -> AgentTimes:
    """In seconds."""
    hundredths = [None if each is None else int(100 * each) for each in (uptime, host)]
    return AgentTimes(at=moment(at), uptime=hundredths[0], boots=boots, host_uptime=hundredths[1])


def answered(world: World, uptime: float | None, boots: int | None = 1, host: float | None = None, misses: int = 0) -> None:
    world(
        PollAnswered(
            device="olt", address="192.0.2.1", times=times(world.seconds, uptime, boots, host), misses=misses, before=None
        )
    )


def missed(world: World, misses: int = 3, own_fault: str = "") -> None:
    first = moment(world.seconds - 120)
    others = OtherPolls(0, 0)
    world(
        PollMissed(device="olt", address="192.0.2.1", first=first, misses=misses, needed=3, others=others, own_fault=own_fault)
    )


def registering(up: Iterable[int]) -> PartStates:
    """Port 1/0, whose ONTs are down but for these."""
    up = set(up)
    return parts("ont", "1/0", up=up, down={each: "los" for each in range(32) if each not in up})


def requested(world: World) -> list[tuple[float, ReadReason]]:
    return [
        (((world.folded[each.offset - 1][0]) - moment(0)).total_seconds(), each.reason)
        for each in world.history
        if isinstance(each, PollRequested)
    ]


def is_open(world: World, alarm_type: str = "ont.los") -> set[str]:
    return {each.resource_id for each in world.of_type(alarm_type) if each.cleared_at is None}


def summary(world: World) -> dict[str, object]:
    (event,) = [each for each in world.all(DeviceEvent) if each.event_name == "poll.reconciled"]
    return event.detail


def test_onts_that_register_after_a_restart_raise_nothing_and_those_that_stay_away_do(world: World) -> None:
    answered(world, LONG)
    world(read_of(world, registering(range(32)), reason="start"))
    world.at(1_000)
    answered(world, 90, boots=2)
    assert [each.event_name for each in world.all(DeviceEvent)] == ["agent.restarted"]
    world.at(1_002)
    world(read_of(world, registering([3]), reason="restart"))
    assert not is_open(world)
    assert (summary(world)["raised"], summary(world)["down_while_settling"]) == (0, 31)
    up: Iterable[int]
    second: float
    for second, up in ((1_060, range(10)), (1_120, range(30))):
        world.at(second)
        world(read_of(world, registering(up), reason="changed", whole=()))
    world.run_to(1_509)
    assert requested(world) == []
    world.run_to(1_512)
    world.tick()
    ((second, reason),) = requested(world)
    assert (reason, 1_510 <= second <= 1_512) == ("settled", True)
    world.at(1_515)
    world(read_of(world, registering(range(30)), reason="settled"))
    assert is_open(world) == {"olt/1/0/30", "olt/1/0/31"}
    assert summary(world)["raised"] == 2
    assert "down_while_settling" not in summary(world)
    world.run_to(3_000)
    assert len(requested(world)) == 1


def test_what_is_up_ends_alarms_at_once_and_a_trap_raises_as_ever(world: World) -> None:
    answered(world, LONG)
    down = world.raise_alarm("ont.los", "olt/1/0/5", tenant_id="default")
    world(read_of(world.at(10), parts("ont", "1/0", down={5: "los", 6: "los"}), reason="start"))
    assert is_open(world) == {"olt/1/0/5", "olt/1/0/6"}
    world.at(1_000)
    answered(world, 60, boots=2)
    world(read_of(world.at(1_001), parts("ont", "1/0", up=[6], down={7: "los"}), reason="restart"))
    assert is_open(world) == {"olt/1/0/5"}
    world.raise_alarm("ont.los", "olt/1/0/8", tenant_id="default")
    assert is_open(world) == {"olt/1/0/5", "olt/1/0/8"}
    assert world.get(down).cleared_at is None


@pytest.mark.parametrize(
    ("before", "now", "outage", "seconds"),
    [
        pytest.param(None, (30, 2, None), False, 30, id="the first answer, of a device that has just started"),
        pytest.param(None, (LONG, 2, None), False, LONG, id="the first answer, of one that runs since long"),
        pytest.param(None, (None, 2, None), False, None, id="the first answer, without an uptime"),
        pytest.param((LONG, 1, None), (30, 2, None), False, 30, id="a restart; no uptime of the host"),
        pytest.param((LONG, 1, LONG), (30, 2, LONG + 60), False, LONG + 60, id="the agent alone restarted"),
        pytest.param((LONG, 1, LONG), (30, 2, 45), False, 45, id="the host started first"),
        pytest.param((LONG, 1, None), (None, 2, None), False, 0, id="boots rose, and no uptime was read"),
        pytest.param((LONG, 1, None), (LONG + 60, 1, None), True, None, id="an outage on the way to it: it ran on"),
        pytest.param((None, None, None), (None, None, None), True, 0, id="an outage, and no uptime was ever read"),
        pytest.param((42_949_660.0, 7, None), (47, 7, None), False, None, id="a wrap"),
        pytest.param((30, 2, None), (90, 2, None), False, None, id="it settles already"),
    ],
)
def test_the_start_of_a_device(
    before: tuple[float | None, int | None, float | None] | None,
    now: tuple[float | None, int | None, float | None],
    outage: bool,
    seconds: float | None,
) -> None:
    was = None if before is None else times(0, *before)
    found = times(60, *now)
    restart = None if was is None else restart_between(was, found)
    started = started_at(was, found, restart, outage=outage)
    assert (None if started is None else (moment(60) - started).total_seconds()) == seconds


@pytest.mark.parametrize(
    ("settings", "raised"), [(CorrelatorSettings(settling_seconds=0), 31), (CorrelatorSettings(settling_seconds=60), 31)]
)
def test_the_setting(settings: CorrelatorSettings, raised: int) -> None:
    world = World(settings, NODES)
    answered(world, 60)
    world(read_of(world.at(2), registering([3]), reason="start"))
    assert summary(world)["raised"] == raised


@pytest.mark.parametrize("own_fault", ["", "interface eth0 is down"])
@pytest.mark.parametrize(("uptime", "raised"), [(100, 0), (LONG + 1_000, 31)])
def test_the_end_of_an_outage_or_of_blindness_of_a_device_that_started_meanwhile(
    world: World, own_fault: str, uptime: float, raised: int
) -> None:
    answered(world, LONG)
    world(read_of(world.at(1), registering(range(32)), reason="start"))
    for number in (1, 2, 3):
        missed(world.at(100 + 60 * number), number, own_fault)
    assert is_open(world, "monitoring.blind" if own_fault else "device.down")
    answered(world.at(1_000), uptime, misses=3)
    world(read_of(world.at(1_001), registering([3]), reason="returned"))
    assert len(is_open(world)) == raised


def test_a_device_that_falls_silent_while_it_settles_is_read_when_it_has_answered(world: World) -> None:
    answered(world, 30)
    world(read_of(world.at(1), registering([3]), reason="start"))
    missed(world.at(550), 1)
    world.run_to(700)
    assert requested(world) == []
    answered(world.at(701), 731, misses=1)
    world.tick()
    assert [reason for _, reason in requested(world)] == ["settled"]


def test_an_interface_that_was_up_before_the_restart_is_missed_at_the_end(world: World) -> None:
    names = (PolledName("if/7", "ge7"),)
    answered(world, LONG)
    world(read_of(world.at(1), parts("interface", "if/", up=[7]), reason="start", names=names))
    answered(world.at(1_000), 10, boots=2)
    world(read_of(world.at(1_001), parts("interface", "if/", down={7: "", 101: ""}), reason="restart"))
    assert not world.of_type("interface.down")
    assert not world.of_type("uplink.down")
    world(read_of(world.at(1_700), parts("interface", "if/", down={7: "", 101: ""}), reason="settled"))
    assert is_open(world, "interface.down") == {"olt/if/7"}
    assert is_open(world, "uplink.down") == {"olt/if/up1"}


def test_the_first_read_of_a_device_is_the_one_at_the_end(world: World) -> None:
    """Those that are down in it may be so for months: they are warnings at most."""
    text = (Path(__file__).parents[4] / "config/profiles/types.toml").read_text()
    world(ProfilesLoaded("p", load_profiles({"types.toml": text})))
    answered(world, 10)
    world(read_of(world.at(1), registering(range(30)), reason="start"))
    assert not is_open(world)
    world.restart()
    world(read_of(world.at(2), registering(range(29)), reason="changed", whole=()))
    assert not is_open(world)
    world(read_of(world.at(700), registering(range(30)), reason="settled"))
    assert [each.severity for each in world.of_type("ont.los")] == ["warning"] * 2
    world(read_of(world.at(800), registering(range(29)), reason="changed", whole=()))
    assert {each.resource_id: each.severity for each in world.of_type("ont.los")}["olt/1/0/29"] == "minor"


def test_an_ont_that_is_not_listed_while_the_device_settles_has_not_vanished(world: World) -> None:
    answered(world, 10)
    world(read_of(world.at(1), parts("ont", "1/0", up=range(5)), reason="start"))
    assert not [each for each in world.all(DeviceEvent) if each.event_name == "ont.vanished"]
    world(read_of(world.at(700), parts("ont", "1/0", up=range(31)), reason="settled"))
    assert "olt/1/0/31" in {each.resource_id for each in world.all(DeviceEvent) if each.event_name == "ont.vanished"}


def test_a_device_that_is_polled_no_longer_settles_no_longer(world: World) -> None:
    answered(world, 10)
    world(PollStopped(device="olt", reason="its polling was switched off"))
    world.run_to(2_000)
    assert requested(world) == []


def test_a_jump_of_the_clock_neither_ends_nor_prolongs_it(world: World) -> None:
    answered(world, 10)
    world(ClockJumped(before=moment(5), after=moment(5_005)))
    start = 5_000
    world.at(start + 6)
    read: PolledStates = read_of(world, registering([3]), reason="start")
    world(read)
    assert not is_open(world)
    world.run_to(start + 580)
    assert requested(world) == []
    world.run_to(start + 600)
    world.tick()
    assert [reason for _, reason in requested(world)] == ["settled"]
