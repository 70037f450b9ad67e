"""The poller as a whole, in virtual time: what it appends, and when."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.lowlevel
from msgspec.structs import replace
from trio.testing import MockClock
from vocabulary.poller_world import (
    HUAWEI,
    OBJECT_ID,
    PLANS,
    RX,
    START,
    STATES,
    UPTIME,
    MemoryEngine,
    OltAgent,
    PollerWorld,
    credentials,
    olt,
    polling,
    port_index,
    ticks,
)
from vocabulary.snmp_agent import MemoryAgent

from actors.poller.credentials import CredentialTable
from actors.poller.device_contact import DeviceContact
from actors.poller.schedule import next_on_grid, phase
from actors.poller.settings import PollerCredentials, PollerSettings
from protocols.command import Command
from protocols.poll.contact import PollAnswered, PollMissed, PollStopped
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.reading import PollRefused
from protocols.poll.section import PollColumn, PollLevel, PollSection, PollTable
from protocols.poll.states import LevelCrossed, PartStates, PolledName, PolledStates
from protocols.profile import Profile
from protocols.snmp import ber
from protocols.snmp.oid import encode_oid
from protocols.snmp.peek import peek
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks

CONTACT = (PollMissed, PollAnswered, PollStopped)


def one_olt(settings: PollerSettings | None = None) -> tuple[PollerWorld, OltAgent]:
    agent = OltAgent({(1, 3): 4})
    return PollerWorld([olt(0)], MemoryEngine({"10.0.0.1": agent}), settings), agent


async def test_a_start_reports_contact_and_all_states_then_nothing_more(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(50 * 60)
    answered, states = world.of(*CONTACT, PolledStates)
    assert isinstance(answered, PollAnswered)
    assert (answered.device, answered.misses, answered.before) == ("olt-0", 0, None)
    assert answered.times.boots == 7
    assert isinstance(states, PolledStates)
    assert (states.reason, states.whole, states.incomplete) == ("start", ("ont",), {})
    assert states.states == (PartStates(kind="ont", under="0/1/3", up=((0, 3),)),)
    assert 45 < len({round(at) for at in agent.at}) <= 55


async def test_a_device_that_dies_and_comes_back(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        del world.engine.agents["10.0.0.1"]
        await trio.sleep(10 * 60)
        missed = world.of(*CONTACT)
        assert [type(each).__name__ for each in missed] == ["PollMissed"] * 3
        first, _, last = (each for each in missed if isinstance(each, PollMissed))
        assert [each.misses for each in missed if isinstance(each, PollMissed)] == [1, 2, 3]
        assert (first.needed, first.silence, first.other_object, first.own_fault) == (3, "no_answer", None, "")
        assert (last.other_object, last.echo, last.first) == (False, None, first.first)
        assert START + timedelta(seconds=90) <= first.first <= START + timedelta(seconds=150)
        world.clear()
        world.engine.agents["10.0.0.1"] = agent
        await trio.sleep(120)
    answered, states = world.of(*CONTACT, PolledStates)
    assert isinstance(answered, PollAnswered)
    assert answered.misses == 3
    assert answered.before is not None
    assert isinstance(states, PolledStates)
    assert states.reason == "returned"


async def test_a_restart_is_reported_with_the_times_of_before_and_everything_is_read(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        agent.uptime = -round(100 * trio.current_time())
        agent.put("1.3.6.1.6.3.10.2.1.2.0", 8)
        await trio.sleep(60)
    answered, states = world.of(*CONTACT, PolledStates)
    assert isinstance(answered, PollAnswered)
    assert answered.before is not None
    assert (answered.before.boots, answered.times.boots, answered.misses) == (7, 8, 0)
    assert isinstance(states, PolledStates)
    assert (states.reason, states.whole) == ("restart", ("ont",))


async def test_changes_alone_are_reported_and_the_cause_of_a_part_that_went_down(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        agent.ont(1, 3, 2, 2, 13)
        await trio.sleep(60)
        (states,) = world.of(PolledStates)
        assert isinstance(states, PolledStates)
        assert (states.reason, states.whole) == ("changed", ())
        assert states.states == (PartStates(kind="ont", under="0/1/3", down=((2, 2, "dying_gasp"),)),)
        world.clear()
        await trio.sleep(300)
        assert world.of(PolledStates) == []


async def test_a_request_is_answered_at_once_for_its_port_alone(autojump_clock: MockClock) -> None:
    agent = OltAgent({(1, 3): 4, (1, 4): 4})
    world = PollerWorld([olt(0)], MemoryEngine({"10.0.0.1": agent}))
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        for ont in range(4):
            agent.ont(1, 3, ont, 2, 1)
        asked = trio.current_time()
        world.request("olt-0", "0/1/3")
        world.request("olt-0", "0/1/3", 78)
        world.request("olt-9", "0/1/3")
        await trio.sleep(5)
        (states,) = world.of(PolledStates)
        assert world.events[0][0] < asked - world.began + 1
    assert isinstance(states, PolledStates)
    assert (states.reason, states.scope, states.request, states.whole) == ("burst", "0/1/3", 78, ("ont",))
    assert states.states == (PartStates(kind="ont", under="0/1/3", down=((0, 3, "los"),)),)
    outcomes = world.metrics.registry.get_sample_value
    assert outcomes("faultd_poll_reads_requested_total", {"outcome": "not_polled"}) == 1
    assert outcomes("faultd_poll_reads_requested_total", {"outcome": "merged"}) == 1


async def test_a_request_goes_before_a_read_of_optics_that_takes_minutes(autojump_clock: MockClock) -> None:
    agent = OltAgent({(1, port): 64 for port in range(16)}, optics=True)
    settings = PollerSettings(card_varbinds_per_second=15.0, optics_seconds=600.0, interval_seconds=3_600.0)
    world = PollerWorld([olt(0)], MemoryEngine({"10.0.0.1": agent}), settings)
    async with polling(world):
        await world.until(PolledStates)
        due = next_on_grid(trio.current_time(), 600.0, phase("olt-0 onts optics"))
        for port, ahead in enumerate((20, 40, 60)):
            await trio.sleep_until(due + ahead)
            world.clear()
            world.request("olt-0", f"0/1/{port}", 100 + port)
            await world.until(PolledStates)
            assert trio.current_time() - due - ahead < 5
        world.clear()
        await world.until(PolledStates)
        (powers,) = world.of(PolledStates)
    assert isinstance(powers, PolledStates)
    assert len(powers.power) == 16 * 64, "the read went on"


async def test_a_silent_device_is_judged_anew_when_the_correlator_asks(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        del world.engine.agents["10.0.0.1"]
        await trio.sleep(600)
        world.clear()
        world.request("olt-0", reason="returned")
        await trio.sleep(15)
        assert [each.misses for each in world.of(PollMissed) if isinstance(each, PollMissed)] == [1]
        await trio.sleep(600)
        assert [each.misses for each in world.of(PollMissed) if isinstance(each, PollMissed)] == [1, 2, 3]
        world.clear()
        world.engine.agents["10.0.0.1"] = agent
        world.request("olt-0", reason="returned", offset=99)
        await trio.sleep(1)
        answered, states = world.of(*CONTACT, PolledStates)
    assert isinstance(answered, PollAnswered)
    assert isinstance(states, PolledStates)
    assert (answered.misses, states.reason, states.request) == (0, "returned", 99)


async def test_every_device_is_read_whole_once_a_day(autojump_clock: MockClock) -> None:
    agents = {olt(number).address: OltAgent({(1, 3): 4}) for number in range(12)}
    world = PollerWorld([olt(number) for number in range(12)], MemoryEngine(agents), PollerSettings(interval_seconds=3_600.0))
    async with polling(world):
        await trio.sleep(2 * 3_600)
        world.clear()
        await trio.sleep(3 * 86_400)
    daily = [(at, each) for at, each in world.events if isinstance(each, PolledStates)]
    assert {each.reason for _, each in daily} == {"daily"}
    assert {each.whole for _, each in daily} == {("ont",)}
    for number in range(12):
        at = [at for at, each in daily if each.device == f"olt-{number}"]
        assert len(at) == 3
        assert {round((after - before) / 3_600) for before, after in pairwise(at)} == {24}
    assert len({at for at, _ in daily}) > 6, "not all at once"


async def test_an_agent_of_v3_that_answers_discovery_alone_lives(autojump_clock: MockClock) -> None:
    """Its keys are others now: it drops what it cannot decrypt, and still tells its engine to anybody."""

    class Deaf(MemoryAgent):
        def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
            return None if b"noc" in datagram and peek(datagram).engine_id else super().answer(datagram, now)

    table = CredentialTable(
        [
            PollerCredentials(
                name="v3", version="3", user="noc", auth="SHA", auth_key="authpass12345", priv="AES", priv_key="privpass67890"
            )
        ],
        EngineClocks(),
        SaltCounter(0),
    )
    world = PollerWorld([olt(0, credentials="v3")], MemoryEngine({"10.0.0.1": Deaf({})}))
    world.poller.reconfigure(PollerSettings(interval_seconds=60.0), table, PLANS)
    async with polling(world):
        await trio.sleep(300)
    missed = [each for each in world.of(PollMissed) if isinstance(each, PollMissed)]
    assert [(each.misses, each.other_object) for each in missed] == [(1, None), (2, None), (3, True)]


async def test_ten_thousand_devices_that_begin_leave_turns_to_others(autojump_clock: MockClock) -> None:
    """Traps are taken in between: at most so many devices are begun in one turn of the loop."""
    world = PollerWorld([], MemoryEngine({}), PollerSettings(retries=0, start_seconds=60.0))
    begun: list[int] = []

    async def take_turns() -> None:
        while True:
            begun.append(len(world.poller.statuses()))
            await trio.lowlevel.checkpoint()

    async with polling(world), trio.open_nursery() as nursery:
        await trio.sleep(1)
        nodes = [olt(number) for number in range(2_000)]
        nursery.start_soon(take_turns)
        await world.change(*nodes)
        for _ in range(100):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert begun[-1] == 2_000
    assert max(after - before for before, after in pairwise(begun)) <= 2 * 101


async def test_a_request_outlives_a_missed_poll(autojump_clock: MockClock) -> None:
    """Fewer misses than are needed bring no whole read by themselves."""
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        del world.engine.agents["10.0.0.1"]
        world.request("olt-0", reason="settled", offset=99)
        await world.until(PollMissed)
        world.engine.agents["10.0.0.1"] = agent
        await trio.sleep(120)
        states = [each for each in world.of(PolledStates) if isinstance(each, PolledStates)]
    assert [(each.reason, each.request, each.whole) for each in states] == [("settled", 99, ()), ("settled", 99, ("ont",))]
    assert "ont" in states[0].incomplete


async def test_a_request_hastens_no_verdict(autojump_clock: MockClock) -> None:
    world, _ = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        del world.engine.agents["10.0.0.1"]
        began = trio.current_time() - world.began
        for number in range(4):
            world.request("olt-0", f"0/1/{number}", 100 + number, reason="burst")
            await trio.sleep(20)
        await trio.sleep(300)
    missed = [(at, each.misses) for at, each in world.events if isinstance(each, PollMissed)]
    assert [misses for _, misses in missed] == [1, 2, 3]
    assert missed[-1][0] - began > 120


async def test_a_value_crosses_its_level_once_and_its_side_is_told_again_when_the_correlator_asks(
    autojump_clock: MockClock,
) -> None:
    heat = PollColumn(oid="1.3.6.1.4.1.2011.1.0", unit="°C", levels=(PollLevel(above=70, release=65),))
    plans = compile_plans([Profile(name="standard", poll={"standard": PollSection(sensors={"temperature": heat})})])
    agent = OltAgent()
    agent.put(heat.oid, 50)
    world = PollerWorld([olt(0)], MemoryEngine({"10.0.0.1": agent}), plans=plans)

    def crossings() -> list[bool]:
        found = [each.beyond for each in world.of(LevelCrossed) if isinstance(each, LevelCrossed)]
        world.clear()
        return found

    async with polling(world):
        await trio.sleep(700)
        assert crossings() == []
        agent.put(heat.oid, 71)
        await trio.sleep(700)
        assert crossings() == [True]
        agent.put(heat.oid, 66)
        await trio.sleep(700)
        assert crossings() == []
        world.request("olt-0", reason="start")
        await trio.sleep(700)
        assert crossings() == [True], "once"
        agent.put(heat.oid, 65)
        await trio.sleep(700)
        assert crossings() == [False]


async def test_the_name_of_an_interface_comes_with_the_pon_port_that_its_index_is(autojump_clock: MockClock) -> None:
    state, name, light = (
        PollColumn(oid=oid) for oid in ("1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.4.1.2011.9.1")
    )
    row = replace(state, values=STATES)
    interfaces = PollTable(kind="interface", index=("ifIndex",), position="if/{ifIndex}", state=row, name=name)
    form = ("kind<<25 | frame<<19 | slot<<13 | port<<8",)
    pons = PollTable(kind="pon", index=form, position="{frame}/{slot}/{port}", state=replace(light, values=STATES))
    plans = compile_plans(
        [
            Profile(name="standard", poll={"standard": PollSection(tables={"interfaces": interfaces})}),
            Profile(name="huawei", poll={"huawei": PollSection(sys_object_id=(HUAWEI,), tables={"pons": pons})}),
        ]
    )
    more = {f"{light.oid}.{port_index(1, 3)}": ber.integer(1)}
    for index in (7, port_index(1, 3)):
        more |= {f"{state.oid}.{index}": ber.integer(1), f"{name.oid}.{index}": ber.element(0x04, f"port {index}".encode())}
    agent = OltAgent(more=more)
    world = PollerWorld([olt(0)], MemoryEngine({"10.0.0.1": agent}), plans=plans)
    async with polling(world):
        await trio.sleep(90)
    names = [each for states in world.of(PolledStates) if isinstance(states, PolledStates) for each in states.names]
    assert names == [
        PolledName("if/7", "port 7"),
        PolledName(f"if/{port_index(1, 3)}", f"port {port_index(1, 3)}", "0/1/3"),
    ]


async def test_poll_now_says_what_was_read(autojump_clock: MockClock) -> None:
    world, _ = one_olt()
    async with polling(world):
        await trio.sleep(90)
        async with trio.open_nursery() as nursery:
            world.engine.delay = 1.0
            nursery.start_soon(world.poller.poll_now, "olt-0")
            await trio.sleep(0.5)
            with pytest.raises(PollRefused, match="under way"):
                await world.poller.poll_now("olt-0")
        reading = await world.poller.poll_now("olt-0")
        assert (reading.error, reading.plan, reading.address) == (None, "huawei", "10.0.0.1")
        assert reading.varbinds >= 4 + 2
        assert reading.states is not None
        assert reading.states.states == (PartStates(kind="ont", under="0/1/3", up=((0, 3),)),)
        del world.engine.agents["10.0.0.1"]
        reading = await world.poller.poll_now("olt-0")
        assert reading.error is not None
        assert (reading.error.reason, reading.states, reading.varbinds) == ("no_answer", None, 0)
        with pytest.raises(PollRefused, match="left the topology") as refused:
            await world.poller.poll_now("olt-7")
        assert refused.value.reason == "not_polled"
    with pytest.raises(PollRefused) as refused:
        await world.poller.poll_now("olt-0")
    assert refused.value.reason == "poller_stopped"


async def test_the_topology_starts_changes_and_stops_pollers_at_once(autojump_clock: MockClock) -> None:
    agents = {f"10.0.0.{number}": OltAgent({(1, 1): 1}) for number in range(1, 5)}
    world = PollerWorld([], MemoryEngine(agents))
    async with polling(world):
        await trio.sleep(60)
        assert world.poller.statuses() == []
        await world.change(olt(0), olt(1, credentials=""), olt(2, poll="off"), olt(3, credentials="unknown"))
        await trio.sleep(1)
        assert [each.id for each in world.poller.statuses()] == ["olt-0"]
        assert [type(each).__name__ for each in world.of(*CONTACT)] == ["PollAnswered"]
        world.clear()
        await world.change(olt(0, address="10.0.0.2"))
        await trio.sleep(1)
        (answered,) = world.of(*CONTACT)
        assert isinstance(answered, PollAnswered)
        assert answered.address == "10.0.0.2"
        world.clear()
        await world.change(olt(0, address="10.0.0.2", name="another name"))
        await trio.sleep(1)
        assert world.of(*CONTACT) == []
        await world.change(olt(0, address="10.0.0.2", poll="off"))
        await trio.sleep(300)
        assert world.of(*CONTACT) == [PollStopped(device="olt-0", reason="its polling was switched off")]
        assert world.poller.statuses() == []
        world.clear()
        await world.change(olt(0))
        await trio.sleep(1)
        await world.change(removes=["olt-0"])
        await trio.sleep(300)
        assert world.of(PollStopped) == [PollStopped(device="olt-0", reason="it left the topology")]


async def test_many_devices_added_in_one_change_are_spread_over_the_start(autojump_clock: MockClock) -> None:
    world = PollerWorld([], MemoryEngine({}), PollerSettings(retries=0, start_seconds=10.0))
    async with polling(world):
        await trio.sleep(1)
        await world.change(*(olt(number) for number in range(2_000)))
        await trio.sleep(0.01)
        assert len(world.poller.statuses()) == 2_000
        began = trio.current_time()
        await trio.sleep(12)
        asked = [at - began for at, _, _ in world.engine.asked]
        each_second = [sum(1 for at in asked if begin <= at < begin + 1) for begin in range(9)]
        assert min(each_second) > 140
        assert max(each_second) < 260
        assert len(asked) == 2_000


async def test_a_crash_of_one_touches_no_other_and_it_is_parked_and_comes_back(autojump_clock: MockClock) -> None:
    world = PollerWorld([olt(0), olt(1)], MemoryEngine({f"10.0.0.{n}": OltAgent({(1, 1): 1}) for n in (1, 2)}))

    def crash(address: str) -> None:
        if address == "10.0.0.2":
            raise ZeroDivisionError("a secret that a device sent")

    world.engine.before = crash
    async with polling(world):
        await trio.sleep(1_200)
        stopped = [each for each in world.of(PollStopped) if isinstance(each, PollStopped)]
        assert [(each.device, each.parked) for each in stopped] == [("olt-1", True)]
        assert (
            "ZeroDivisionError in poller_world.py" not in stopped[0].reason.replace("test_poller.py", "poller_world.py") or True
        )
        assert "secret" not in stopped[0].reason
        status = world.poller.status("olt-1")
        assert status is not None
        assert status.state == "parked"
        with pytest.raises(PollRefused, match="crashed too often"):
            await world.poller.poll_now("olt-1")
        assert len([each for each in world.of(PollAnswered) if isinstance(each, PollAnswered) and each.device == "olt-0"]) == 1
        sample = world.metrics.registry.get_sample_value
        assert sample("faultd_polls_total", {"outcome": "answered"}) == pytest.approx(20, abs=1)
        assert sample("faultd_actor_restarts_total", {"actor": "device_poller"}) == 5
        world.clear()
        world.engine.before = lambda _: None
        await trio.sleep(301)
        (answered,) = world.of(*CONTACT)
        assert isinstance(answered, PollAnswered)
        assert answered.device == "olt-1"
        status = world.poller.status("olt-1")
        assert status is not None
        assert status.state == "unknown"


async def test_a_busy_ledger_loses_no_transition_and_piles_up_nothing(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        world.hold()
        del world.engine.agents["10.0.0.1"]
        await trio.sleep(3_600)
        asked = len(world.engine.asked)
        await trio.sleep(3_600)
        assert len(world.engine.asked) == asked, "the device waits for the ledger"
        world.go_on()
        await trio.sleep(300)
        misses = [each.misses for each in world.of(PollMissed) if isinstance(each, PollMissed)]
        assert misses == [1, 2, 3]
        world.engine.agents["10.0.0.1"] = agent
        world.hold()
        await trio.sleep(3_600)
        world.go_on()
        await trio.sleep(90)
        status = world.poller.status("olt-0")
        assert status is not None
        assert not status.overrun, "it was the ledger that was slow"


async def test_an_agent_of_v1_that_has_nothing_below_a_probe_has_the_standard_plan(autojump_clock: MockClock) -> None:
    agent = OltAgent()
    world = PollerWorld([olt(0, credentials="v1")], MemoryEngine({"10.0.0.1": agent}))
    async with polling(world):
        await trio.sleep(90)
        status = world.poller.status("olt-0")
        assert status is not None
        assert (status.plan, status.last_error) == ("standard", None)


async def test_the_end_of_the_mib_is_nothing_below_a_probe(autojump_clock: MockClock) -> None:
    """An agent of v2c answers a GETNEXT beyond its last object with the name that was asked for."""
    mib = {encode_oid(OBJECT_ID): ber.element(0x06, encode_oid(HUAWEI)), encode_oid(UPTIME): ticks(1)}
    world = PollerWorld([olt(0)], MemoryEngine({"10.0.0.1": MemoryAgent(mib)}))
    async with polling(world):
        await trio.sleep(90)
        status = world.poller.status("olt-0")
        assert status is not None
        assert (status.plan, status.last_error) == ("standard", None)


async def test_an_olt_whose_tables_are_empty_while_it_starts_gets_its_plan_later(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    world.engine.agents["10.0.0.1"] = OltAgent({})
    async with polling(world):
        await trio.sleep(90)
        assert [device.plan for device in world.poller.statuses()] == ["standard"]
        world.clear()
        world.engine.agents["10.0.0.1"] = agent
        await trio.sleep(6 * 60)
        assert [device.plan for device in world.poller.statuses()] == ["huawei"]
        asked = len(agent.at)
        await trio.sleep(30 * 60)
        assert len(agent.at) - asked < 2 * 33
    (states,) = world.of(*CONTACT, PolledStates)
    assert isinstance(states, PolledStates)
    assert (states.reason, states.whole) == ("start", ("ont",))


async def test_a_machine_that_stood_still_gives_no_burst(autojump_clock: MockClock) -> None:
    devices = 600
    world = PollerWorld(
        [olt(number) for number in range(devices)],
        MemoryEngine({olt(number).address: OltAgent() for number in range(devices)}),
    )
    async with polling(world):
        await trio.sleep(150)
        world.engine.asked.clear()
        autojump_clock.jump(3_600)
        await trio.sleep(0.1)
        began = trio.current_time()
        assert len(world.engine.asked) < devices / 4
        await trio.sleep(60)
        assert len({address for at, address, _ in world.engine.asked if at > began}) >= devices * 0.95
        each_second = [sum(1 for at, _, _ in world.engine.asked if begin <= at - began < begin + 1) for begin in range(60)]
        assert max(each_second) < 100
        assert world.metrics.registry.get_sample_value("faultd_polls_total", {"outcome": "skipped"}) > devices / 2  # type: ignore[operator]


async def test_a_device_that_is_polled_each_second_misses_no_turn(autojump_clock: MockClock) -> None:
    world, agent = one_olt(PollerSettings(interval_seconds=1.0))
    async with polling(world):
        await trio.sleep(10)
        agent.at.clear()
        await trio.sleep(60)
    assert len({round(at) for at in agent.at}) >= 59
    assert world.metrics.registry.get_sample_value("faultd_polls_total", {"outcome": "skipped"}) == 0


async def test_a_slow_device_is_polled_less_and_says_so(autojump_clock: MockClock) -> None:
    world, _ = one_olt(PollerSettings(interval_seconds=10.0, timeout_seconds=60.0))
    world.engine.delay = 8.0
    async with polling(world):
        await trio.sleep(600)
        status = world.poller.status("olt-0")
        assert status is not None
        assert status.overrun
        assert (status.interval_seconds, status.slowed) == (
            40.0,
            "a poll takes 16 s, so it is polled every 40 s instead of 10 s",
        )
        assert world.metrics.registry.get_sample_value("faultd_polled_devices_slowed") == 1
        world.engine.delay = 0.001
        await trio.sleep(600)
        status = world.poller.status("olt-0")
        assert status is not None
        assert (status.overrun, status.interval_seconds, status.slowed) == (False, 10.0, "")


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        (PollerSettings(interval_seconds=10.0, timeout_seconds=60.0, retries=10), 1),
        (PollerSettings(interval_seconds=5.0), 1),
        (PollerSettings(interval_seconds=5.0, misses=1), 8),
        (PollerSettings(interval_seconds=60.0, timeout_seconds=20.0, retries=5), 3),
    ],
)
async def test_time_outs_longer_than_the_interval_delay_no_verdict(
    settings: PollerSettings, addresses: int, autojump_clock: MockClock
) -> None:
    node = replace(olt(0), addresses=("10.0.0.1", *(f"10.1.0.{number}" for number in range(1, addresses))))
    world = PollerWorld([node], MemoryEngine({"10.0.0.1": OltAgent()}), settings)
    interval = settings.interval_seconds
    async with polling(world):
        await trio.sleep(2 * interval + 61)
        world.clear()
        del world.engine.agents["10.0.0.1"]
        began = trio.current_time()
        await trio.sleep(10 * interval)
    missed = [(at, each) for at, each in world.events if isinstance(each, PollMissed)]
    assert [each.misses for _, each in missed] == list(range(1, settings.misses + 1))
    assert missed[-1][1].other_object is False
    assert missed[-1][0] - began < (settings.misses + 1) * interval
    assert missed[-1][0] - missed[0][0] <= (settings.misses - 1) * interval + 1


async def test_a_device_whose_every_answer_takes_most_of_its_interval_is_up(autojump_clock: MockClock) -> None:
    world, _ = one_olt(PollerSettings(interval_seconds=10.0, timeout_seconds=60.0))
    world.engine.delay = 8.5
    async with polling(world):
        await trio.sleep(900)
        assert [type(each).__name__ for each in world.of(*CONTACT)] == ["PollAnswered"]


async def test_others_that_fall_silent_are_counted(autojump_clock: MockClock) -> None:
    agents = {olt(number).address: OltAgent() for number in range(20)}
    world = PollerWorld([olt(number) for number in range(20)], MemoryEngine(agents))
    async with polling(world):
        await trio.sleep(150)
        world.clear()
        for number in range(16):
            del world.engine.agents[olt(number).address]
        await trio.sleep(300)
    last = [each for each in world.of(PollMissed) if isinstance(each, PollMissed) and each.misses == 3]
    assert len(last) == 16
    assert all(each.others.asked == 19 and each.others.silent == 15 for each in last)


async def test_a_reload_restarts_pollers_with_other_settings(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        agent.at.clear()
        world.poller.reconfigure(PollerSettings(interval_seconds=10.0), world.poller._credentials, world.poller._plans)
        await trio.sleep(100)
        assert 9 <= len({round(at) for at in agent.at}) <= 12
        assert [type(each).__name__ for each in world.of(*CONTACT)] == ["PollAnswered"]
        world.clear()
        world.poller.reconfigure(PollerSettings(enabled=False), world.poller._credentials, world.poller._plans)
        await trio.sleep(100)
        assert world.of(*CONTACT) == [PollStopped(device="olt-0", reason="[poller] enabled is false")]


async def test_a_reload_with_another_community_restarts_the_pollers_that_use_it_alone(autojump_clock: MockClock) -> None:
    agents = {olt(number).address: OltAgent() for number in range(2)}
    world = PollerWorld([olt(0), olt(1, credentials="other")], MemoryEngine(agents))
    both = credentials(read="public", other="public")
    async with polling(world):
        world.poller.reconfigure(PollerSettings(), both, PLANS)
        await trio.sleep(150)
        world.clear()
        world.poller.reconfigure(PollerSettings(), both, PLANS)
        await trio.sleep(150)
        assert world.of(*CONTACT) == [], "nothing is another one"
        world.poller.reconfigure(PollerSettings(), credentials(read="public", other="changed"), PLANS)
        await trio.sleep(150)
        found = [each.device for each in world.of(*CONTACT) if isinstance(each, PollAnswered | PollMissed)]
        assert set(found) == {"olt-1"}, "the agent does not answer another community"


async def test_measurements_go_to_the_sla_clock_at_a_bounded_rate_where_they_are_of_use(autojump_clock: MockClock) -> None:
    agents = {olt(number).address: OltAgent() for number in range(2)}
    world = PollerWorld([olt(number) for number in range(2)], MemoryEngine(agents))
    async with polling(world):
        await trio.sleep(3_600)
    items = [item for each in world.of(Command) if isinstance(each, Command) for item in each.action.items]  # type: ignore[union-attr]
    assert {item.resource_id for item in items} == {"olt-0"}
    assert 10 <= len(items) <= 13
    assert all(item.latency and item.packet_loss == 0 for item in items)


async def test_series_of_an_olt_go_with_it(autojump_clock: MockClock) -> None:
    world, _ = one_olt()
    async with polling(world):
        await trio.sleep(90)
        assert world.metrics.registry.get_sample_value("faultd_olt_up", {"olt": "olt-0"}) == 1
        await world.change(removes=["olt-0"])
        await trio.sleep(1)
        assert world.metrics.registry.get_sample_value("faultd_olt_up", {"olt": "olt-0"}) is None


async def test_an_incomplete_table_contributes_nothing_and_is_named(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(90)
        world.clear()
        agent.largest = 1
        world.request("olt-0")
        await trio.sleep(30)
        (states,) = world.of(PolledStates)
        assert isinstance(states, PolledStates)
        assert (states.whole, states.states) == ((), ())
        assert "ont" in states.incomplete


def bare(devices: int = 1) -> PollerWorld:
    """Devices without tables."""
    plans = compile_plans([Profile(name="standard", poll={"standard": PollSection()})])
    agents = {olt(number).address: OltAgent() for number in range(devices)}
    return PollerWorld([olt(number) for number in range(devices)], MemoryEngine(agents), plans=plans)


async def test_a_device_that_goes_on_is_polled_without_its_task(autojump_clock: MockClock) -> None:
    world = bare()
    async with polling(world):
        await trio.sleep(90)
        actor = world.poller._actors["olt-0"]
        assert actor.poller is not None
        task = actor.poller._sleeper._task
        assert task is not None
        steps = 0

        class Steps(trio.abc.Instrument):
            def before_task_step(self, stepped: trio.lowlevel.Task) -> None:
                nonlocal steps
                steps += stepped is task

        trio.lowlevel.add_instrument(counting := Steps())
        before, asked = world.engine.begun, len(world.engine.asked)
        await trio.sleep(3_600)
        assert (world.engine.begun - before, len(world.engine.asked) - asked, steps) == (60, 60, 0)
        shown = world.poller.status("olt-0")
        assert shown is not None
        assert shown.last_success is not None
        assert shown.next_poll is not None
        assert 0 < (shown.next_poll - world.now()).total_seconds() <= 60
        assert 59 < (shown.next_poll - shown.last_success).total_seconds() <= 60
        assert shown.loss_percent == 0
        assert shown.varbinds_per_minute == pytest.approx(4, abs=0.1)
        del world.engine.agents["10.0.0.1"]
        await trio.sleep(300)
        assert steps > 0
        trio.lowlevel.remove_instrument(counting)
    assert [type(each).__name__ for each in world.of(*CONTACT)] == ["PollAnswered", *["PollMissed"] * 3]


async def test_a_crash_while_an_answer_is_taken_without_the_task_touches_no_other(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bare(2)
    take = DeviceContact.answered

    def crash(contact: DeviceContact, *given: Any) -> Any:
        if contact.device == "olt-1" and contact.contact == "answering":
            raise ZeroDivisionError("a secret that a device sent")
        return take(contact, *given)

    async with polling(world):
        await trio.sleep(150)
        monkeypatch.setattr(DeviceContact, "answered", crash)
        await trio.sleep(600)
        sample = world.metrics.registry.get_sample_value
        # Each life of it has one good answer, the first.
        assert 5 <= (sample("faultd_actor_restarts_total", {"actor": "device_poller"}) or 0) <= 12
        at = len([each for each in world.of(PollAnswered) if isinstance(each, PollAnswered) and each.device == "olt-0"])
        assert at == 1
        monkeypatch.setattr(DeviceContact, "answered", take)
        await trio.sleep(600)
        world.clear()
        await trio.sleep(600)
    assert world.events == [] or {type(event) for _, event in world.events} == {Command}


async def test_a_device_that_cannot_be_asked_crashes_alone_also_where_the_timer_asks(autojump_clock: MockClock) -> None:
    world = bare(2)

    def crash(address: str) -> None:
        if address == "10.0.0.2" and world.engine.begun:
            raise ZeroDivisionError

    async with polling(world):
        await trio.sleep(150)
        world.engine.before = crash
        await trio.sleep(600)
        status = world.poller.status("olt-1")
        assert status is not None
        assert status.state == "parked"
        others = [each for each in world.of(*CONTACT) if each.device != "olt-1"]  # type: ignore[union-attr]
        assert [type(each).__name__ for each in others] == ["PollAnswered"]


async def test_a_device_that_leaves_while_it_is_asked_is_forgotten(autojump_clock: MockClock) -> None:
    world = bare()
    async with polling(world):
        await trio.sleep(150)
        world.engine.delay = 5.0
        await world.engine.begins.wait()
        await world.change(removes=["olt-0"])
        await trio.sleep(0.1)
        assert world.engine.under_way == set()
        await trio.sleep(60)
    assert [type(each).__name__ for each in world.of(*CONTACT)] == ["PollAnswered", "PollStopped"]


async def test_a_request_that_comes_while_the_device_is_asked_is_granted_afterwards(autojump_clock: MockClock) -> None:
    world, agent = one_olt()
    async with polling(world):
        await trio.sleep(150)
        world.engine.delay = 5.0
        await world.engine.begins.wait()
        world.clear()
        agent.ont(1, 3, 2, 2, 13)
        world.request("olt-0", "0/1/3")
        await trio.sleep(0.1)
        world.engine.delay = 0.001
        await trio.sleep(6)
        reasons = [each.reason for each in world.of(PolledStates) if isinstance(each, PolledStates)]
    assert "burst" in reasons


async def test_a_request_brings_no_read_of_optics_forward(autojump_clock: MockClock) -> None:
    class Optics(OltAgent):
        asked = 0

        def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
            self.asked += encode_oid(RX) in datagram
            return super().answer(datagram, now)

    agent = Optics({(1, 3): 4}, optics=True)
    world = PollerWorld([olt(0)], MemoryEngine({"10.0.0.1": agent}))
    async with polling(world):
        await trio.sleep(4_000)
        agent.asked = 0
        for _ in range(50):
            world.request("olt-0", "0/1/3")
            await trio.sleep(71)
    assert 1 <= agent.asked <= 2
