"""The poller against agents on real sockets: the budget of a line card, counted by the agent, and net-snmp's snmpd."""

from pathlib import Path

import pytest
import trio
from vocabulary.poll_engine import udp_agent
from vocabulary.poller_world import ONT, OltAgent, PollerWorld, olt, polling, port_index
from vocabulary.snmpd import running

from actors.poller.settings import PollerSettings
from protocols.poll.contact import PollAnswered
from protocols.poll.states import PolledStates
from protocols.snmp import ber
from protocols.snmp.manager.response_pdu import read_response_pdu, split_varbinds
from protocols.snmp.oid import encode_oid

RATE, BURST, ANSWER = 60.0, 600, 64


class CountingAgent(OltAgent):
    """``sent`` has the instant of each answer, and its variable bindings about ONTs of card 1."""

    def __init__(self) -> None:
        super().__init__({(1, port): 128 for port in range(5)} | {(2, 0): 8})
        self.sent: list[tuple[float, int]] = []
        self._card = tuple(encode_oid(f"{ONT}.{column}.{port_index(1, port)}") for column in (15, 24) for port in range(8))

    def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
        found = super().answer(datagram, now)
        if found is not None:
            _, start, end = ber.read_header(found, 0, len(found), set())
            _, pos = ber.read_integer(found, start, end, set(), "version")
            _, pos = ber.read_octets(found, pos, end, set(), "community")
            names = split_varbinds(read_response_pdu(found, pos, end), 10_000)[::2]
            self.sent.append((now, sum(name.startswith(self._card) for name in names)))
        return found


async def test_a_card_sends_no_more_than_its_budget_over_any_time() -> None:
    memory = CountingAgent()
    async with udp_agent(memory) as agent:
        settings = PollerSettings(port=agent.port, card_varbinds_per_second=RATE, timeout_seconds=10.0)
        world = PollerWorld([olt(0, address="127.0.0.1")], settings=settings)
        async with polling(world):
            with trio.fail_after(60):
                await world.until(PolledStates)
    (states,) = world.of(PolledStates)
    assert isinstance(states, PolledStates)
    assert (states.whole, states.incomplete) == (("ont",), {})
    assert sum(last - first + 1 for each in states.states for first, last in each.up) == 5 * 128 + 8
    sent = [each for each in memory.sent if each[1]]
    # The last answer runs on behind the end of the column.
    assert 5 * 128 <= sum(varbinds for _, varbinds in sent) <= 5 * 128 + ANSWER
    for begin, (since, _) in enumerate(sent):
        total = 0
        for until, varbinds in sent[begin:]:
            total += varbinds
            assert total <= BURST + ANSWER + RATE * (until - since)


@pytest.mark.interop
async def test_a_restart_of_snmpd_is_seen_by_its_boots(tmp_path: Path) -> None:
    with running(tmp_path, ["rocommunity public"]) as snmpd:
        address, port = snmpd.address
        world = PollerWorld([olt(0, address=address)], settings=PollerSettings(port=port))
        async with polling(world):
            with trio.fail_after(60):
                await world.until(PollAnswered)
                await trio.to_thread.run_sync(snmpd.stop)
                await trio.to_thread.run_sync(snmpd.start)
                reading = await world.poller.poll_now("olt-0")
                await world.until(PollAnswered, 2)
    first, second = world.of(PollAnswered)
    assert isinstance(first, PollAnswered)
    assert isinstance(second, PollAnswered)
    assert (reading.error, second.misses) == (None, 0)
    assert first.times.boots is not None
    assert second.before is not None
    assert (second.before.boots, second.times.boots) == (first.times.boots, first.times.boots + 1)
    assert first.sys_object_id.startswith("1.3.6.1.4.1.8072.3.2.")
    assert first.times.host_uptime is not None
