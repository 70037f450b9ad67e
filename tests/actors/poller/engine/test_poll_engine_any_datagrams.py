"""Whatever arrives in whatever order, the reader goes on and no operation gets a wrong value."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.poll_engine import UdpAgent, community, ignored, polled, running, udp_agent
from vocabulary.snmp_agent import MemoryAgent, table_mib

from actors.metrics import Metrics
from actors.poller.engine.counts import POLL_IGNORED_REASONS
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.value import decode_index, decode_value
from protocols.snmp.manager.walk import walk_of
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.user import UsmUser

ENTRY = "1.3.6.1.4.1.9.1"
ROWS = 12
MIB = table_mib(ENTRY, 2, [(number,) for number in range(1, ROWS + 1)])
USER = UsmUser("noc", "SHA", "authpass12345", "AES", "privpass67890")
SESSIONS: dict[str, Callable[[], AgentSession]] = {
    "v2c": community,
    "v3": lambda: UsmSession(USER, EngineClocks(), SaltCounter(1), 77),
}

octets = st.tuples(st.just("octets"), st.binary(max_size=60), st.just(0))
again = st.tuples(st.just("again"), st.integers(0, 20), st.just(0))
cut = st.tuples(st.just("cut"), st.integers(0, 20), st.integers(0, 200))
spoiled = st.tuples(st.just("spoiled"), st.integers(0, 20), st.integers(0, 2_000))
ANYTHING = {
    # v2c has no signature: an answer of the agent's address with the right number is the answer, whatever its value.
    "v2c": st.lists(st.one_of(octets, again, cut), max_size=6),
    "v3": st.lists(st.one_of(octets, again, cut, spoiled), max_size=6),
}


def made(step: tuple[str, Any, int], answers: list[bytes]) -> bytes:
    """A datagram from what the agent has answered so far."""
    kind, what, place = step
    if kind == "octets":
        return bytes(what)
    answer: bytes = answers[what % len(answers)]
    if kind == "cut":
        return answer[: place % len(answer)]
    if kind == "spoiled":
        at = place // 8 % len(answer)
        return answer[:at] + bytes((answer[at] ^ 1 << place % 8,)) + answer[at + 1 :]
    return answer


@pytest.mark.parametrize("version", SESSIONS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
async def test_any_datagrams_in_any_order(version: str, data: st.DataObject) -> None:
    answers: list[bytes] = []

    def spoil(_: bytes, answer: bytes) -> list[bytes]:
        before, behind = data.draw(ANYTHING[version]), data.draw(ANYTHING[version])
        # The newest answer is the right one: before it comes anything of the earlier ones, and spoiled copies of itself.
        spoilable = [*answers, answer] if version == "v3" else answers
        datagrams = [made(step, answers if step[0] == "again" else spoilable) for step in before]
        answers.append(answer)
        return [*datagrams, answer, *[made(step, answers) for step in behind]]

    def remember(_: bytes, answer: bytes) -> list[bytes]:
        answers.append(answer)
        return [answer]

    metrics = Metrics()
    async with udp_agent(MemoryAgent(MIB, [USER]), remember) as device, running(metrics=metrics) as engine:
        agent = polled(device, SESSIONS[version]())
        # The Reports by which an engine is discovered have no signature; spoiled ones end an operation with a typed error.
        await engine.ask(agent, Get([encode_oid(f"{ENTRY}.1.1")]))
        device.spoil = spoil
        with trio.fail_after(30):
            for number in range(1, 4):
                name = encode_oid(f"{ENTRY}.1.{number}")
                await engine.ask(agent, get := Get([name]), timeout=5.0)
                assert get.values == [MIB[name]]
            walk = walk_of([encode_oid(f"{ENTRY}.{column}") for column in (1, 2)], 3)
            await engine.ask(agent, walk, timeout=5.0)
        assert walk.table.incomplete == ""
        assert {
            decode_index(index): [decode_value(each or b"").value for each in row] for index, row in walk.table.rows.items()
        } == {(number,): [1_000 * (number - 1) + 1, 1_000 * (number - 1) + 2] for number in range(1, ROWS + 1)}
        assert set(ignored(metrics)) <= set(POLL_IGNORED_REASONS) - {"error"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=100)), max_size=20))
async def test_datagrams_of_strangers_and_after_the_answer_change_nothing(datagrams: list[tuple[bool, bytes]]) -> None:
    metrics = Metrics()
    async with udp_agent(MemoryAgent(MIB)) as device, udp_agent() as stranger, running(metrics=metrics) as engine:
        agent = polled(device)
        name = encode_oid(f"{ENTRY}.2.1")
        await engine.ask(agent, Get([name]))

        async def send(sender: UdpAgent, content: bytes) -> None:
            await sender.socket.sendto(content, device.manager)

        for foreign, content in datagrams:
            await send(stranger if foreign else device, content)
        with trio.fail_after(30):
            await engine.ask(agent, get := Get([name]))
        assert get.values == [MIB[name]]
        assert sum(ignored(metrics).values()) == len(datagrams)
