"""A running trap listener; the test holds the ledger's end of its mailbox."""

import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import trio
from prometheus_client.samples import Sample

from actors.mailbox import Append, LedgerUnavailable
from actors.metrics import Metrics
from actors.trap_listener.actor import TrapListener
from actors.trap_listener.intake import Security
from actors.trap_listener.settings import TrapSettings
from actors.trap_listener.sockets import TrapSocket, open_sockets
from protocols.event import SourceRefused, SystemReport, Trap

R = TypeVar("R", SourceRefused, SystemReport)


class RunningListener:
    """The listener under test, its metrics, and the ledger's end of its mailbox."""

    def __init__(self, listener: TrapListener, sockets: list[TrapSocket], mailbox: "trio.MemoryReceiveChannel[Append]") -> None:
        self.listener, self.sockets, self.mailbox = listener, sockets, mailbox
        self.metrics: Metrics = listener._drain._metrics
        self.cancel: Callable[[], None] = lambda: None

    @property
    def address(self) -> tuple[str, int]:
        return self.sockets[0].address

    @property
    def target(self) -> str:
        """What net-snmp's tools take as the agent."""
        host, port = self.address
        return f"udp6:[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @staticmethod
    def commit(append: Append) -> None:
        assert append.committed is not None
        append.committed.give(1)

    @staticmethod
    def refuse(append: Append) -> None:
        assert append.committed is not None
        append.committed.fail(LedgerUnavailable("no space left on device"))

    async def next(self, count: int = 1) -> list[Trap]:
        """The next ``count`` traps, committed."""
        traps: list[Trap] = []
        while len(traps) < count:
            append = await self.mailbox.receive()
            self.commit(append)
            traps.extend(event for event in append.events if isinstance(event, Trap))
        return traps

    async def next_report(self, kind: type[R]) -> R:
        """The next Event of this kind, all before it committed too."""
        while True:
            append = await self.mailbox.receive()
            self.commit(append)
            for event in append.events:
                if isinstance(event, kind):
                    return event

    def total(self, name: str, **labels: str) -> float:
        """A metric's value, summed over the labels that are not given."""
        samples: list[Sample] = [s for metric in self.metrics.registry.collect() for s in metric.samples]
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    async def until(self, name: str, value: float, **labels: str) -> None:
        """Wait until the metric has reached ``value``."""
        for _ in range(20_000):
            if self.total(name, **labels) >= value:
                return
            await trio.lowlevel.checkpoint()
        raise AssertionError(f"{name} {labels} stayed at {self.total(name, **labels)}, expected {value}")

    def books_balance(self) -> bool:
        """received = accepted + dropped by reason + answered."""
        return self.total("faultd_traps_received_total") == (
            self.total("faultd_traps_accepted_total")
            + self.total("faultd_traps_dropped_total")
            + self.total("faultd_traps_answered_total")
        )


@asynccontextmanager
async def listening(
    settings: TrapSettings | None = None,
    *,
    v3: Security | None = None,
    sockets: list[TrapSocket] | None = None,
    mailbox: int = 16,
    grace: float = 5.0,
    patience: float = 30.0,
    community_fields: frozenset[str] = frozenset(),
) -> AsyncIterator[RunningListener]:
    """Run a listener on its own sockets; at the end it is cancelled."""
    settings = settings or TrapSettings(listen=("127.0.0.1:0",))
    sockets = sockets or open_sockets(settings.listen, settings.receive_buffer, {}, os.getpid())
    send, receive = trio.open_memory_channel[Append](mailbox)
    listener = TrapListener(settings, sockets, send, v3, Metrics(), grace=grace, community_fields=community_fields)
    bench = RunningListener(listener, sockets, receive)
    try:
        with trio.fail_after(patience):
            async with trio.open_nursery() as nursery:
                bench.cancel = nursery.cancel_scope.cancel
                await nursery.start(bench.listener.run)
                yield bench
                nursery.cancel_scope.cancel()
    finally:
        for trap_socket in sockets:
            trap_socket.close()
        send.close()
        receive.close()


NetSnmp = Callable[..., Awaitable["subprocess.CompletedProcess[bytes]"]]
"""Runs one of net-snmp's tools."""
