"""The engine over real sockets: matching, time-outs, errors of the network, cancellation and restarts."""

import errno
import os
import socket
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from vocabulary.poll_engine import MIB, NAME, UPTIME, community, ignored, polled, response, running, udp_agent
from vocabulary.snmp_agent import ENGINE, MemoryAgent, table_mib

from actors.metrics import Metrics
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.counts import POLL_IGNORED_REASONS
from actors.poller.engine.engine import STRANGERS_A_SECOND, PollEngine
from actors.poller.engine.limits import EngineLimits
from protocols.snmp import ber
from protocols.snmp.manager import errors
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.value import decode_value
from protocols.snmp.manager.walk import walk_of
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.user import UsmUser

ENTRY = "1.3.6.1.4.1.9.1"
USER = UsmUser("noc", "SHA", "authpass12345", "AES", "privpass67890")


def values(get: Get) -> list[Any]:
    return [decode_value(each).value for each in get.values]


async def settle(metrics: Metrics, expected: dict[str, int]) -> None:
    """Wait until the reader has counted what was sent before."""
    with trio.fail_after(10):
        while ignored(metrics) != expected:
            await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_an_agent_is_asked_by_either_address_family(address: str) -> None:
    async with udp_agent(address=address) as device, running() as engine:
        agent = polled(device)
        exchange = await engine.ask(agent, get := Get([UPTIME, NAME]))
        assert values(get) == [7, b"agent"]
        assert (exchange.sent, exchange.answers) == (1, 1)
        assert 0 < exchange.round_trip < 10
        assert (agent.sent, agent.answers) == (1, 1)


async def test_an_ipv4_address_written_as_ipv6_is_asked_by_ipv4() -> None:
    async with udp_agent() as device, running() as engine:
        agent = PolledAgent("::ffff:127.0.0.1", device.port, community())
        await engine.ask(agent, Get([UPTIME]))
        assert agent.family == socket.AF_INET


@pytest.mark.parametrize("address", ["", "localhost", "10.0.0", "10.0.0.1:161"])
def test_only_numeric_addresses_are_agents(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        PolledAgent(address, 161, community())


async def test_one_answer_of_three_is_taken_and_two_are_duplicates() -> None:
    metrics = Metrics()
    async with udp_agent(spoil=lambda _, answer: [answer] * 3) as device, running(metrics=metrics) as engine:
        agent = polled(device)
        await engine.ask(agent, first := Get([NAME]))
        device.spoil = None
        await engine.ask(agent, second := Get([UPTIME]))
        assert (values(first), values(second)) == ([b"agent"], [7])
        await settle(metrics, {"duplicate": 2})


async def test_foreign_malformed_and_unasked_datagrams_are_counted_each_by_a_reason(mock_clock: MockClock) -> None:
    metrics = Metrics()
    async with udp_agent(spoil=lambda *_: []) as device, running(metrics=metrics) as engine, trio.open_nursery() as nursery:
        get = Get([NAME])
        asked = device.asked
        nursery.start_soon(engine.ask, polled(device), get)
        await asked.wait()
        answer = device.memory.answer(device.requests[0])
        assert answer
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            await stranger.bind(("127.0.0.1", 0))
            await stranger.sendto(answer, device.manager)
            await stranger.sendto(b"anything", device.manager)
        number = ber.integer(1_000)
        assert number in answer
        for octets in (b"", b"\x30", answer.replace(number, ber.integer(9_000)), answer.replace(b"public", b"guess!"), answer):
            await device.socket.sendto(octets, device.manager)
        await device.socket.sendto(answer, device.manager)
        expected = {"elsewhere": 1, "foreign": 1, "malformed": 2, "other_request": 1, "wrong_community": 1, "duplicate": 1}
        await settle(metrics, expected)
        assert set(expected) <= set(POLL_IGNORED_REASONS)
    assert values(get) == [b"agent"]


async def test_an_answer_from_another_address_is_named_and_not_believed() -> None:
    """An OLT with several addresses answers from another one than was asked."""
    metrics = Metrics()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.7", 0))
        async with udp_agent() as device, running(metrics=metrics) as engine:

            def answer_elsewhere(_: bytes, answer: bytes) -> list[bytes]:
                other.sendto(answer, device.manager)
                return []

            device.spoil = answer_elsewhere
            with pytest.raises(errors.AnsweredElsewhere, match=r"an answer came from 127\.0\.0\.7, which was not") as raised:
                await engine.ask(polled(device), Get([NAME]), timeout=0.2, retries=0)
            assert isinstance(raised.value, errors.NoAnswer)
            await settle(metrics, {"elsewhere": 1})


async def test_strangers_cost_a_bounded_number_of_comparisons(mock_clock: MockClock) -> None:
    metrics = Metrics()
    async with udp_agent(spoil=lambda *_: []) as device, running(metrics=metrics) as engine, trio.open_nursery() as nursery:
        asked = device.asked
        nursery.start_soon(engine.ask, polled(device), Get([NAME]))
        await asked.wait()
        answer = device.memory.answer(device.requests[0])
        assert answer
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            await stranger.bind(("127.0.0.1", 0))
            for _ in range(STRANGERS_A_SECOND + 5):
                await stranger.sendto(answer, device.manager)
        await settle(metrics, {"elsewhere": STRANGERS_A_SECOND, "foreign": 5})
        nursery.cancel_scope.cancel()


async def test_time_outs_back_off_and_a_late_answer_is_counted(mock_clock: MockClock) -> None:
    metrics = Metrics()
    async with udp_agent(spoil=lambda *_: []) as device, running(metrics=metrics) as engine:
        agent = polled(device)
        error: list[errors.RequestError] = []

        async def ask() -> None:
            try:
                await engine.ask(agent, Get([NAME]), timeout=2.0, retries=2)
            except errors.RequestError as failure:
                error.append(failure)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            for number, wait in enumerate((2.0, 3.0, 4.5), 1):
                with trio.fail_after(1):
                    while len(device.requests) < number:
                        await device.asked.wait()
                await wait_all_tasks_blocked()
                mock_clock.jump(wait - 0.1)
                await wait_all_tasks_blocked(0.01)
                assert (len(device.requests), error) == (number, [])
                mock_clock.jump(0.2)
        assert isinstance(error[0], errors.NoAnswer)
        assert (agent.sent, agent.answers) == (3, 0)
        answer = device.memory.answer(device.requests[1])
        assert answer
        await device.socket.sendto(answer, device.manager)
        await settle(metrics, {"late": 1})


async def test_a_port_at_which_nothing_listens_ends_the_request_at_once(mock_clock: MockClock) -> None:
    """The clock stands still, so no deadline passes. Other requests go on, although the error comes with one of theirs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with udp_agent() as device, running() as engine, trio.open_nursery() as nursery:
        dead = [PolledAgent(f"127.0.0.{number}", port, community()) for number in range(1, 40)]
        refused = 0

        async def ask(agent: PolledAgent) -> None:
            nonlocal refused
            with pytest.raises(errors.PortUnreachable):
                await engine.ask(agent, Get([NAME]))
            refused += 1

        live = polled(device)
        for agent in dead:
            nursery.start_soon(ask, agent)
            nursery.start_soon(engine.ask, live, Get([UPTIME]))
    assert refused == len(dead)
    assert live.answers == len(dead)


async def test_nothing_listens_at_an_ipv6_address(mock_clock: MockClock) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
        free.bind(("::1", 0))
        port = free.getsockname()[1]
    async with running() as engine:
        with pytest.raises(errors.PortUnreachable):
            await engine.ask(PolledAgent("::1", port, community()), Get([NAME]))


async def test_an_icmp_error_that_quotes_another_datagram_ends_nothing() -> None:
    """An attacker does not know the request, so a forged ICMP message cannot quote it."""
    metrics = Metrics()
    async with udp_agent(spoil=lambda *_: []) as device, running(metrics=metrics) as engine, trio.open_nursery() as nursery:
        agent = polled(device)
        asked = device.asked
        nursery.start_soon(engine.ask, agent, Get([NAME]))
        await asked.wait()
        assert agent.inquiry is not None
        request, agent.inquiry.latest = agent.inquiry.latest, b"another request"
        # A connected socket takes datagrams of its peer alone: to all others nothing listens at its port.
        device.socket._sock.connect(("127.0.0.1", 9))  # type: ignore[attr-defined]
        engine._sockets[agent.family].send(request, agent.sockaddr)
        await settle(metrics, {"icmp": 1})
        assert not agent.inquiry.transaction.done
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENETUNREACH, errors.NoRoute),
        (errno.EHOSTUNREACH, errors.NoRoute),
        (errno.ENETDOWN, errors.OwnFault),
        (errno.ENOBUFS, errors.OwnFault),
        (errno.EPERM, errors.OwnFault),
    ],
)
async def test_what_the_kernel_says_at_sending(
    number: int, error: type[errors.RequestError], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as engine:

        def send(octets: bytes, to: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(engine._sockets[socket.AF_INET], "send", send)
        with pytest.raises(error, match=os.strerror(number)):
            await engine.ask(PolledAgent("127.0.0.1", 9, community()), Get([NAME]))


async def test_an_icmp_error_that_had_no_room_in_the_queue_is_no_fault_of_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel then says ECONNREFUSED at some call, and nothing of whom it is about."""
    metrics = Metrics()
    async with udp_agent() as device, running(metrics=metrics) as engine:
        poll_socket = engine._sockets[socket.AF_INET]
        send, receive, said = poll_socket.send, poll_socket.receive, []

        def refused(call: Any, *arguments: Any) -> Any:
            if call not in said:
                said.append(call)
                raise OSError(errno.ECONNREFUSED, "refused")
            return call(*arguments)

        monkeypatch.setattr(poll_socket, "send", lambda *arguments: refused(send, *arguments))
        monkeypatch.setattr(poll_socket, "receive", lambda: refused(receive))
        exchange = await engine.ask(polled(device), get := Get([NAME]))
        assert (values(get), exchange.sent, len(said)) == ([b"agent"], 1, 2)
        assert metrics.value("faultd_poll_sockets_reopened_total") == 0


async def test_an_address_that_the_kernel_refuses_is_no_route() -> None:
    async with running() as engine:
        with pytest.raises(errors.NoRoute):
            await engine.ask(PolledAgent("255.255.255.255", 161, community()), Get([NAME]))


async def test_a_full_send_buffer_delays_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with udp_agent() as device, running() as engine:
        poll_socket = engine._sockets[socket.AF_INET]
        send, full = poll_socket.send, 3

        def sometimes(octets: bytes, to: Any) -> None:
            nonlocal full
            if full:
                full -= 1
                raise BlockingIOError(errno.EAGAIN, "full")
            send(octets, to)

        monkeypatch.setattr(poll_socket, "send", sometimes)
        exchange = await engine.ask(polled(device), get := Get([NAME]))
        assert (values(get), exchange.sent, full) == ([b"agent"], 1, 0)


async def test_a_socket_that_fails_is_opened_again() -> None:
    metrics = Metrics()
    async with udp_agent() as device, running(metrics=metrics) as engine:
        agent = polled(device)
        await engine.ask(agent, Get([NAME]))
        before = device.manager
        broken = engine._sockets[socket.AF_INET]

        def receive() -> list[Any]:
            raise OSError(errno.ENETDOWN, "down")

        broken.receive = receive  # type: ignore[method-assign]
        exchange = await engine.ask(agent, get := Get([UPTIME]), timeout=0.1)
        assert values(get) == [7]
        assert exchange.sent == 2
        assert device.manager != before
        assert metrics.value("faultd_poll_sockets_reopened_total") == 1


async def test_an_agent_is_asked_for_one_thing_at_a_time_in_order() -> None:
    async with udp_agent() as device, running() as engine:
        agent = polled(device)
        order: list[int] = []

        async def ask(number: int) -> None:
            await engine.ask(agent, Get([UPTIME]))
            order.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(ask, number)
                await trio.lowlevel.checkpoint()
        assert len(device.requests) == 20
        assert order == sorted(order)
        assert not agent.busy


async def test_two_agents_at_one_address_are_asked_at_a_time() -> None:
    """Sessions of their own: the number of an answer says which of them it is for."""
    held: list[bytes] = []

    def both(_: bytes, answer: bytes) -> list[bytes]:
        held.append(answer)
        return held[::-1] if len(held) == 2 else []

    metrics = Metrics()
    async with udp_agent(spoil=both) as device, running(metrics=metrics) as engine:
        first, second = (polled(device, community(number=number)) for number in (1, 9_000))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.ask, first, one := Get([UPTIME]))
            nursery.start_soon(engine.ask, second, two := Get([NAME]))
        assert (values(one), values(two)) == ([7], [b"agent"])
        assert ignored(metrics) == {}


async def test_a_request_can_be_cancelled_and_its_answer_is_late() -> None:
    metrics = Metrics()
    async with udp_agent(spoil=lambda *_: []) as device, running(metrics=metrics) as engine:
        agent = polled(device)
        asked = device.asked
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.ask, agent, Get([NAME]))
            await asked.wait()
            nursery.cancel_scope.cancel()
        assert (agent.busy, agent.inquiry) == (False, None)
        answer = device.memory.answer(device.requests[0])
        assert answer
        await device.socket.sendto(answer, device.manager)
        await settle(metrics, {"late": 1})
        device.spoil = None
        await engine.ask(agent, get := Get([UPTIME]))
        assert values(get) == [7]
        assert engine._credits[socket.AF_INET].lent == 0


async def test_an_operation_without_a_task_tells_its_end_once() -> None:
    metrics = Metrics()
    told: list[Any] = []
    async with udp_agent(spoil=lambda *_: []) as device, running(metrics=metrics) as engine:
        agent = polled(device)
        asked = device.asked
        begun = engine.begin(agent, Get([NAME]), told.append)
        assert begun is not None
        assert engine.begin(agent, Get([UPTIME]), told.append) is None, "the agent is asked for one thing at a time"
        await asked.wait()
        engine.forget(begun)
        engine.forget(begun)
        assert (agent.busy, agent.inquiry, engine._credits[socket.AF_INET].lent) == (False, None, 0)
        answer = device.memory.answer(device.requests[0])
        assert answer
        await device.socket.sendto(answer, device.manager)
        await settle(metrics, {"late": 1})
        assert told == []
        device.spoil = None
        ended = trio.Event()

        def tell(result: Any) -> None:
            told.append(result)
            ended.set()

        assert engine.begin(agent, get := Get([UPTIME]), tell) is not None
        with trio.fail_after(10):
            await ended.wait()
        assert values(get) == [7]
        assert [(each.sent, each.answers) for each in told] == [(1, 1)]
        sample = metrics.registry.get_sample_value
        outcomes = [sample("faultd_poll_requests_total", {"outcome": each}) for each in ("answered", "no_answer")]
        assert outcomes == [1, 0]
        assert metrics.value("faultd_poll_datagrams_sent_total") == 2


async def test_an_operation_without_a_task_is_told_that_nothing_can_be_sent() -> None:
    told: list[Any] = []
    engine = PollEngine(EngineLimits(), Metrics())
    async with udp_agent() as device:
        agent = polled(device)
        engine.begin(agent, Get([NAME]), told.append)
        assert [type(each) for each in told] == [errors.OwnFault]
        assert not agent.busy


async def test_an_operation_without_a_task_waits_for_no_room() -> None:
    told: list[Any] = []
    async with udp_agent(spoil=lambda *_: []) as device, running() as engine:
        credit = engine._credits[socket.AF_INET]
        lent = credit.borrow_now(credit.room)
        assert lent == credit.room
        assert engine.begin(polled(device), Get([NAME]), told.append) is None
        credit.give_back(lent)
        begun = engine.begin(polled(device), Get([NAME]), told.append)
        assert begun is not None
    assert [type(each) for each in told] == [errors.OwnFault], "the engine was stopped"


async def test_a_task_that_waits_for_its_turn_can_be_cancelled() -> None:
    async with udp_agent(spoil=lambda *_: []) as device, running() as engine, trio.open_nursery() as nursery:
        agent = polled(device)
        asked = device.asked
        nursery.start_soon(engine.ask, agent, Get([NAME]))
        await asked.wait()
        with trio.move_on_after(0) as scope:
            await engine.ask(agent, Get([NAME]))
        assert scope.cancelled_caught
        nursery.cancel_scope.cancel()
    assert not agent.busy


async def test_an_engine_that_stops_ends_its_requests_with_its_own_fault() -> None:
    engine = PollEngine(EngineLimits(), Metrics())
    async with udp_agent(spoil=lambda *_: []) as device:
        with pytest.raises(errors.OwnFault):
            await engine.ask(polled(device), Get([NAME]))
        for _ in range(2):
            async with trio.open_nursery() as outer:

                async def ask() -> None:
                    with pytest.raises(errors.OwnFault, match="stopped"):
                        await engine.ask(polled(device), Get([NAME]))

                async with trio.open_nursery() as inner:
                    await inner.start(engine.run)
                    asked = device.asked
                    outer.start_soon(ask)
                    await asked.wait()
                    inner.cancel_scope.cancel()


async def test_a_bug_that_a_datagram_meets_ends_its_own_request_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics()
    async with udp_agent() as device, running(metrics=metrics) as engine:
        with monkeypatch.context() as broken:

            def receive(agent: PolledAgent, datagram: bytes, now: float) -> None:
                raise ZeroDivisionError

            broken.setattr(engine, "_receive", receive)
            with pytest.raises(errors.BadAnswer):
                await engine.ask(polled(device), Get([NAME]))
        await settle(metrics, {"error": 1})
        await engine.ask(polled(device), get := Get([NAME]))
        assert values(get) == [b"agent"]


async def test_outstanding_answers_fit_the_receive_buffer() -> None:
    """All agents answer at the same instant, while the reader does not read: nothing is dropped, since as many requests as
    the buffer has room for are outstanding. The others wait in order."""
    metrics = Metrics()
    answers: list[tuple[bytes, Any]] = []
    mib = {**MIB, NAME: b"\x04\x82\x04\x4c" + bytes(1_100)}
    async with (
        udp_agent(MemoryAgent(mib), spoil=lambda *_: []) as device,
        running(EngineLimits(receive_buffer=100_000), metrics) as engine,
    ):
        room = engine._credits[socket.AF_INET].room
        done = 0

        async def ask(number: int) -> None:
            nonlocal done
            agent = PolledAgent("127.0.0.1", device.port, community(number=number * 10_000))
            await engine.ask(agent, Get([NAME]))
            done += 1

        async with trio.open_nursery() as nursery:
            for number in range(300):
                nursery.start_soon(ask, number)
            while len(answers) < 300:
                while len(device.requests) == len(answers):
                    await device.asked.wait()
                await wait_all_tasks_blocked(0.01)
                outstanding = len(device.requests) - len(answers)
                assert 0 < outstanding <= room // 2_304
                for request in device.requests[len(answers) :]:
                    answer = device.memory.answer(request)
                    assert answer
                    answers.append((answer, device.manager))
                    device.socket._sock.sendto(answer, device.manager)  # type: ignore[attr-defined]
        dropped = engine._sockets[socket.AF_INET].more_dropped() + metrics.value("faultd_poll_kernel_drops_total")
        assert dropped == 0
        assert engine._credits[socket.AF_INET].lent == 0


async def test_the_largest_datagram_is_an_answer() -> None:
    def largest(request: bytes, _: bytes) -> list[bytes]:
        for size in range(65_507, 65_000, -1):
            name = ber.element(ber.OBJECT_IDENTIFIER, NAME)
            value = ber.element(ber.OCTET_STRING, bytes(size))
            octets = response(request, ber.element(ber.SEQUENCE, name + value))
            if len(octets) <= 65_507:
                return [octets]
        raise AssertionError

    async with udp_agent(spoil=largest) as device, running() as engine:
        await engine.ask(polled(device), get := Get([NAME]))
        assert len(values(get)[0]) > 65_400


async def test_a_walk_that_loops_is_incomplete_with_its_rows() -> None:
    class Loop(MemoryAgent):
        def following(self, name: bytes) -> tuple[bytes, bytes]:
            number = name[-1] if len(name) > len(encode_oid(f"{ENTRY}.1")) else 0
            return encode_oid(f"{ENTRY}.1.{number % 3 + 1}"), b"\x02\x01\x05"

    async with udp_agent(Loop({})) as device, running() as engine:
        walk = walk_of([encode_oid(f"{ENTRY}.1")])
        await engine.ask(polled(device), walk)
        assert list(walk.table.rows) == [b"\x01", b"\x02", b"\x03"]
        assert walk.table.incomplete == "oid_not_increasing"


async def test_a_table_comes_whole_by_v3_and_a_restart_costs_one_report() -> None:
    """Boots 7 → 8: one Report, one datagram more, no miss."""
    device_memory = MemoryAgent({**table_mib(ENTRY, 2, [(number,) for number in range(1, 600)]), **MIB}, [USER])
    device_memory.boots = 7
    metrics = Metrics()
    async with udp_agent(device_memory) as device, running(metrics=metrics) as engine:
        agent = polled(device, UsmSession(USER, EngineClocks(), SaltCounter(1), 77))
        walk = walk_of([encode_oid(f"{ENTRY}.{column}") for column in (1, 2)], size=agent.walk_size)
        exchange = await engine.ask(agent, walk)
        assert len(walk.table.rows) == 599
        assert walk.table.incomplete == ""
        assert exchange.sent == exchange.answers == 7
        device_memory.boots, device_memory.started = 8, trio.current_time()
        exchange = await engine.ask(agent, get := Get([UPTIME]))
        assert values(get) == [7]
        assert (exchange.sent, exchange.answers) == (2, 2)
        exchange = await engine.ask(agent, Get([UPTIME]))
        assert exchange.sent == 1
        assert ignored(metrics) == {}
        assert agent.session.engine_id == ENGINE  # type: ignore[attr-defined]
