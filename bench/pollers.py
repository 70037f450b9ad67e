"""Pollers of many devices in this process, with the real engine and real sockets; the ledger takes what they append at once."""

import gc
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import trio

from actors.mailbox import Append
from actors.metrics import Metrics
from actors.poller.actor import Poller
from actors.poller.credentials import CredentialTable
from actors.poller.settings import PollerCredentials, PollerSettings
from bench.machine import resident_bytes
from bench.poll_agents import OBJECT_ID, ONT_STATE, PORT_COLUMNS, SCALARS
from protocols.ledger import RecordedBatch
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.plan.poll_plan import PollPlans
from protocols.poll.section import PollColumn, PollSection, PollTable
from protocols.profile import Profile
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.topology import Node

WORDS = {"1": "up", "2": "down"}
STANDARD = Profile(name="standard", poll={"standard": PollSection()})


def plans(*, tables: bool) -> PollPlans:
    """The issue's standard plan: 20 scalars, 16 PON ports with 4 columns, 500 ONT states. Without ``tables``: times alone."""
    if not tables:
        return compile_plans([STANDARD])
    port = {f"p{number}": PollColumn(oid=oid, schedule="state") for number, oid in enumerate(PORT_COLUMNS[1:])}
    section = PollSection(
        sys_object_id=(OBJECT_ID,),
        sensors={f"s{number}": PollColumn(oid=f"{oid}.0", schedule="state") for number, oid in enumerate(SCALARS)},
        tables={
            "pons": PollTable(
                kind="pon",
                index=("port",),
                position="0/1/{port}",
                card="0/1",
                state=PollColumn(oid=PORT_COLUMNS[0], values=WORDS),
                sensors=port,
            ),
            "onts": PollTable(
                kind="ont",
                index=("port", "ont"),
                position="0/1/{port}/{ont}",
                card="0/{port}",
                state=PollColumn(oid=ONT_STATE, values=WORDS),
            ),
        },
    )
    return compile_plans([STANDARD, Profile(name="bench", poll={"bench": section})])


class _Nodes:
    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = {node.id: node for node in nodes}

    def addresses(self) -> Mapping[str, Node]:
        return {node.address: node for node in self._nodes.values()}

    def node(self, node_id: str) -> Node | None:
        return self._nodes.get(node_id)


class _QuietFeed:
    last = 0

    async def after(self, seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
        await trio.sleep_forever()
        return ()


class PollersBench:
    """``devices`` pollers, each with an address of its own in 127.0.0.0/8, at the agents' ``port``."""

    def __init__(self, devices: int, port: int, interval: float, *, tables: bool) -> None:
        self.metrics = Metrics()
        nodes = [
            Node(
                id=f"olt-{number:05}",
                type="olt",
                address=f"127.{1 + number // 65_025}.{number // 255 % 255}.{1 + number % 255}",
                credentials="bench",
            )
            for number in range(devices)
        ]
        self.devices, self._last = devices, nodes[-1].id
        self._appends, self._receive = trio.open_memory_channel[Append](256)
        credentials = CredentialTable([PollerCredentials(name="bench", community="public")], EngineClocks(), SaltCounter(0))
        self.poller = Poller(
            PollerSettings(interval_seconds=interval, start_seconds=interval, port=port, varbinds_per_second=1_000.0),
            credentials,
            _Nodes(nodes),
            plans(tables=tables),
            _QuietFeed(),  # type: ignore[arg-type]
            self._appends,
            metrics=self.metrics,
            clock=lambda: datetime.now(UTC),
        )

    async def _take(self) -> None:
        async for append in self._receive:
            if append.committed is not None:
                append.committed.give(1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[float, float]]:
        """Seconds until every poller had started, and octets that each of them took."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._take)
            gc.collect()
            before, began = resident_bytes(os.getpid()), time.perf_counter()
            await nursery.start(self.poller.run)
            while self.poller.status(self._last) is None:
                await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            seconds = time.perf_counter() - began
            gc.collect()
            yield seconds, (resident_bytes(os.getpid()) - before) / self.devices
            nursery.cancel_scope.cancel()

    def count(self, name: str, **labels: str) -> float:
        """The value of a counter."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0
