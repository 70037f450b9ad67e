"""A polling engine under test, and agents that answer it over real UDP sockets."""

import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import trio

from actors.metrics import Metrics
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.engine import PollEngine
from actors.poller.engine.limits import EngineLimits
from protocols.snmp import ber
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.oid import encode_oid
from vocabulary.snmp_agent import MemoryAgent

UPTIME, NAME = encode_oid("1.3.6.1.2.1.1.3.0"), encode_oid("1.3.6.1.2.1.1.5.0")
MIB = {UPTIME: b"\x43\x01\x07", NAME: b"\x04\x05agent"}
Spoil = Callable[[bytes, bytes], Iterable[bytes]]
"""Makes the datagrams that go out from the request and the agent's answer."""


class UdpAgent:
    """A MemoryAgent behind a socket. ``requests`` has what it received; ``spoil`` may be exchanged at any time."""

    def __init__(self, sock: trio.socket.SocketType, memory: MemoryAgent, spoil: Spoil | None) -> None:
        self.socket, self.memory, self.spoil = sock, memory, spoil
        self.requests: list[bytes] = []
        self.manager: Any = None
        self.asked = trio.Event()
        self.address, self.port = sock.getsockname()[:2]

    async def serve(self) -> None:
        while True:
            request, self.manager = await self.socket.recvfrom(65_535)
            self.requests.append(request)
            self.asked.set()
            self.asked = trio.Event()
            answer = self.memory.answer(request, trio.current_time())
            if answer is not None:
                for datagram in [answer] if self.spoil is None else self.spoil(request, answer):
                    await self.socket.sendto(datagram, self.manager)


@asynccontextmanager
async def udp_agent(
    memory: MemoryAgent | None = None, spoil: Spoil | None = None, address: str = "127.0.0.1"
) -> AsyncIterator[UdpAgent]:
    """An agent that answers until the block ends."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with trio.socket.socket(family, socket.SOCK_DGRAM) as sock:
        await sock.bind((address, 0))
        agent = UdpAgent(sock, memory or MemoryAgent(MIB), spoil)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(agent.serve)
            yield agent
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def running(limits: EngineLimits | None = None, metrics: Metrics | None = None) -> AsyncIterator[PollEngine]:
    """An engine that runs until the block ends."""
    engine = PollEngine(limits or EngineLimits(), metrics or Metrics())
    async with trio.open_nursery() as nursery:
        await nursery.start(engine.run)
        yield engine
        nursery.cancel_scope.cancel()


def polled(agent: UdpAgent, session: AgentSession | None = None) -> PolledAgent:
    return PolledAgent(agent.address, agent.port, session or community())


def community(version: Any = "2c", number: int = 1_000) -> CommunitySession:
    return CommunitySession(version, b"public", number)


def ignored(metrics: Metrics) -> dict[str, int]:
    """Datagrams that were no answer, by reason."""
    return {
        sample.labels["reason"]: int(sample.value)
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "faultd_poll_ignored_total"
    }


def response(request: bytes, varbinds: bytes) -> bytes:
    """A v2c Response with a list of variable bindings to a v2c request."""
    _, start, end = ber.read_header(request, 0, len(request), set())
    _, pos = ber.read_integer(request, start, end, set(), "version")
    _, pos = ber.read_octets(request, pos, end, set(), "community")
    _, pdu, stop = ber.read_header(request, pos, end, set())
    number, _ = ber.read_integer(request, pdu, stop, set(), "request-id")
    head = ber.integer(number) + ber.integer(0) * 2
    return ber.element(ber.SEQUENCE, request[start:pos] + ber.element(0xA2, head + ber.element(ber.SEQUENCE, varbinds)))
