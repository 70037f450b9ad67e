"""Devices with several addresses: which one is asked, and what a silent one among them means."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock
from vocabulary.poller_world import MemoryEngine, OltAgent, PollerWorld, olt, polling

from actors.poller.device_addresses import DeviceAddresses
from protocols.poll.contact import PollAnswered, PollMissed
from protocols.poll.device import PolledDevice

A, B, C = "10.0.0.1", "10.1.0.1", "10.2.0.1"


def test_the_order_of_asking() -> None:
    addresses = DeviceAddresses((A, B, C), 0.0)
    assert addresses.order(0.0) == (A, B, C)
    addresses.latest = C
    assert addresses.order(60.0) == (C, A, B)
    assert addresses.order(3_599.0) == (C, A, B)
    assert addresses.order(3_600.0) == (A, C, B), "the first again"
    assert addresses.order(3_660.0) == (C, A, B)
    addresses.latest = A
    assert addresses.order(3_720.0) == (A, B, C)


def world_of(agent: OltAgent, *alive: str, **fields: Any) -> PollerWorld:
    node = olt(0, addresses=(A, B, C), **fields)
    return PollerWorld([node], MemoryEngine(dict.fromkeys(alive, agent)))


def shown(world: PollerWorld) -> PolledDevice:
    found = world.poller.status("olt-0")
    assert found is not None
    return found


async def test_the_next_address_is_asked_in_the_same_poll_and_no_poll_is_missed(autojump_clock: MockClock) -> None:
    agent = OltAgent({(1, 1): 2})
    world = world_of(agent, A, B)
    async with polling(world):
        await trio.sleep(90)
        assert (shown(world).answers_at, shown(world).last_error) == (A, None)
        world.clear()
        del world.engine.agents[A]
        agent.ont(1, 1, 0, 2, 1)
        await trio.sleep(600)
        assert world.of(PollMissed, PollAnswered) == []
        assert len(world.events) >= 1, "the states come by the other address"
        error = shown(world).last_error
        assert error is not None
        assert (shown(world).answers_at, error.reason) == (B, "no_answer")
        assert error.text.startswith(f"{A}: asked 3 times")
        asked = len([each for each in world.engine.asked if each[1] == A])
        await trio.sleep(1_800)
        assert len([each for each in world.engine.asked if each[1] == A]) == asked, "the one that answered goes first"
        world.engine.agents[A] = agent
        await trio.sleep(3_700)
        assert shown(world).answers_at == A


async def test_a_device_is_silent_when_none_of_its_addresses_answers(autojump_clock: MockClock) -> None:
    agent = OltAgent()
    world = world_of(agent, B)
    async with polling(world):
        await trio.sleep(90)
        answered = [each for each in world.of(PollAnswered) if isinstance(each, PollAnswered)]
        assert [(each.address, each.misses) for each in answered] == [(B, 0)]
        world.clear()
        world.engine.agents.clear()
        await trio.sleep(300)
        missed = [each for each in world.of(PollMissed) if isinstance(each, PollMissed)]
        assert [each.misses for each in missed] == [1, 2, 3]
        assert missed[-1].other_object is False
        assert {address for _, address, _ in world.engine.asked} == {A, B, C}
        world.clear()
        world.engine.agents[C] = agent
        await trio.sleep(120)
        (back,) = world.of(PollAnswered)
        assert isinstance(back, PollAnswered)
        assert (back.address, back.misses) == (C, 3)


@pytest.mark.parametrize(
    ("addresses", "asked"), [(("fe80::1", A), {A}), (("fe80::1",), set()), (("fe80::1%lo",), {"fe80::1%lo"})]
)
async def test_a_link_local_address_without_its_interface_is_not_asked(
    addresses: tuple[str, ...], asked: set[str], autojump_clock: MockClock
) -> None:
    node = olt(0, address=addresses[0], addresses=addresses if len(addresses) > 1 else ())
    world = PollerWorld([node], MemoryEngine({A: OltAgent()}))
    async with polling(world):
        await trio.sleep(90)
    assert {address for _, address, _ in world.engine.asked} == asked
    assert (len(world.of(PollMissed)) > 0) is ("fe80::1%lo" in asked)
