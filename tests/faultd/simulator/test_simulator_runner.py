"""Replay over real UDP on loopback: sources, order, speed in virtual time, bounds, INFORMs, and what is refused."""

import math

import pytest
import trio
from trio.testing import MockClock

from faultd.simulator.errors import SpecError, TargetRefused
from faultd.simulator.fault import KINDS
from faultd.simulator.narration import narrate
from faultd.simulator.plan import Datagram, Options, SimulationPlan, simulate
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.runner import RunSummary, Target, run_simulation, target, tell
from faultd.simulator.scenarios import SCENARIOS, scenario
from protocols.snmp.encode import inform_response

SMALL = build_plant(PlantSpec(olts=4, onts_per_pon=4, first_split=2, second_split=2))


async def receiver(host: str = "127.0.0.1") -> tuple[trio.socket.SocketType, Target]:
    family = trio.socket.AF_INET6 if ":" in host else trio.socket.AF_INET
    sock = trio.socket.socket(family, trio.socket.SOCK_DGRAM)
    sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 1 << 20)
    await sock.bind((host, 0))
    return sock, target(host, sock.getsockname()[1])


async def collect(sock: trio.socket.SocketType, count: int) -> list[tuple[bytes, str]]:
    got = []
    for _ in range(count):
        payload, address = await sock.recvfrom(65535)
        got.append((payload, address[0]))
    return got


def demo() -> SimulationPlan:
    return simulate(SMALL, scenario("demo"), Options(noise=0.0))


async def test_every_datagram_arrives_from_its_olts_own_address() -> None:
    plan = demo()
    sock, to = await receiver()
    with sock:
        summary = await run_simulation(plan, to, speed=0)
        got = await collect(sock, len(plan.datagrams))
    assert got == [(each.payload, each.source) for each in plan.datagrams]
    assert {source for _, source in got} == {olt.address for olt in SMALL.olts.values()}
    assert summary.sent == len(plan.datagrams)
    assert summary.octets == sum(len(each.payload) for each in plan.datagrams)
    assert sum(summary.by_olt.values()) == summary.sent


async def test_ipv6_loopback_is_a_target_too() -> None:
    plan = simulate(SMALL, scenario("drop-cut"))
    sock, to = await receiver("::1")
    with sock:
        await run_simulation(plan, to, speed=0)
        got = await collect(sock, len(plan.datagrams))
    assert got == [(each.payload, "::1") for each in plan.datagrams]


@pytest.mark.parametrize("speed", [1.0, 20.0])
async def test_replay_keeps_the_plans_times_at_any_speed(speed: float, autojump_clock: MockClock) -> None:
    plan = simulate(SMALL, scenario("feeder-cut"))
    sock, to = await receiver()
    began, seen = trio.current_time(), []

    def note(datagram: Datagram) -> None:
        seen.append((datagram.at, trio.current_time() - began))

    with sock:
        summary = await run_simulation(plan, to, speed=speed, on_sent=note)
    assert len(seen) == len(plan.datagrams)
    assert all(math.isclose(planned / speed, real, abs_tol=1e-6) for planned, real in seen)
    assert math.isclose(summary.seconds, plan.datagrams[-1].at / speed, abs_tol=1e-6)


async def test_the_news_are_told_at_their_times(autojump_clock: MockClock) -> None:
    plan, began, told = demo(), trio.current_time(), []
    await tell(plan, lambda news: told.append((news, trio.current_time() - began)), speed=10.0)
    assert tuple(news for news, _ in told) == narrate(plan)
    assert all(math.isclose(news.at / 10, real, abs_tol=1e-6) for news, real in told)
    feeder = next(fault for fault in plan.faults if fault.kind == "feeder_cut")
    assert [news.text for news, _ in told if news.fault == feeder.id] == [
        f"the feeder of PON {feeder.root} is cut (4 customers)",
        f"the feeder of PON {feeder.root} is spliced",
    ]


def test_every_kind_of_fault_has_its_sentence() -> None:
    assert {news.fault for plan in map(play, SCENARIOS) for news in narrate(plan)} == {
        fault.id for plan in map(play, SCENARIOS) for fault in plan.faults
    }
    assert {fault.kind for plan in map(play, SCENARIOS) for fault in plan.faults} == set(KINDS)


def play(name: str) -> SimulationPlan:
    return simulate(SMALL, scenario(name), Options(noise=2.0))


async def test_a_rate_spaces_the_datagrams(autojump_clock: MockClock) -> None:
    plan = demo()
    sock, to = await receiver()
    with sock:
        summary = await run_simulation(plan, to, speed=0, rate=100.0)
    assert math.isclose(summary.seconds, (len(plan.datagrams) - 1) / 100, abs_tol=1e-6)


async def test_bounds_end_the_run(autojump_clock: MockClock) -> None:
    plan = demo()
    sock, to = await receiver()
    with sock:
        by_count = await run_simulation(plan, to, speed=0, max_traps=10)
        by_time = await run_simulation(plan, to, speed=1, max_seconds=100.0)
    assert by_count.sent == 10
    assert by_time.sent == sum(each.at < 100.0 for each in plan.datagrams)


async def test_a_start_is_told_and_cancelling_ends_it(autojump_clock: MockClock) -> None:
    plan = demo()
    sock, to = await receiver()

    async def run(task_status: trio.TaskStatus[None]) -> None:
        await run_simulation(plan, to, task_status=task_status)

    with sock:
        async with trio.open_nursery() as nursery:
            await nursery.start(run)
            nursery.cancel_scope.cancel()


async def test_informs_are_repeated_until_they_are_answered(autojump_clock: MockClock) -> None:
    plant = build_plant(PlantSpec(olts=2, vendors=("huawei",), informs=True, onts_per_pon=4, first_split=2, second_split=2))
    plan = simulate(plant, scenario("demo"), Options(noise=0.0))
    informs = {each.payload for each in plan.datagrams if each.inform}
    assert informs
    sock, to = await receiver()
    heard: dict[bytes, int] = {}

    async def answer_the_second_time() -> None:
        while True:
            payload, address = await sock.recvfrom(65535)
            if payload in informs:
                heard[payload] = heard.get(payload, 0) + 1
                if heard[payload] == 1:
                    await sock.sendto(b"\x30\x00", address)
                else:
                    await sock.sendto(inform_response(payload), address)

    done: list[RunSummary] = []
    with sock:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer_the_second_time)
            done.append(await run_simulation(plan, to, speed=50.0))
            nursery.cancel_scope.cancel()
    summary = done[0]
    assert summary.informs == summary.informs_repeated == summary.informs_answered == len(informs)
    assert summary.answers_refused == len(informs)
    assert set(heard.values()) == {2}


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("192.0.2.1", 162),
        ("10.0.0.1", 162),
        ("0.0.0.0", 162),
        ("255.255.255.255", 162),
        ("localhost", 162),
        ("", 162),
        ("::", 162),
        ("::2", 162),
        ("fe80::1", 162),
        ("::ffff:127.0.0.1", 162),
        ("::ffff:192.0.2.1", 162),
        ("127.0.0.1", 0),
        ("127.0.0.1", 70000),
    ],
)
async def test_only_this_machine_is_a_target(host: str, port: int) -> None:
    with pytest.raises(TargetRefused):
        target(host, port)
    with pytest.raises(TargetRefused):
        await run_simulation(demo(), Target(host, port), speed=0)


async def test_impossible_speeds_are_refused() -> None:
    for name, chosen in (("speed", {"speed": -1.0}), ("rate", {"rate": 0.0})):
        with pytest.raises(SpecError) as caught:
            await run_simulation(demo(), Target("127.0.0.1", 9), **chosen)  # type: ignore[arg-type]
        assert caught.value.field == name
