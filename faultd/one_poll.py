"""One poll of one device without the daemon: the daemon's own poller over a topology of one node. Its Events are dropped."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import trio
from msgspec.structs import replace

from actors.mailbox import Append
from actors.metrics import Metrics
from actors.poller.actor import Poller
from actors.poller.credentials import CredentialTable
from actors.poller.settings import PollerCredentials, PollerSettings
from protocols.ledger import RecordedBatch
from protocols.poll.plan.poll_plan import PollPlans
from protocols.poll.reading import PollReading
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.topology import Node


class OneDevice:
    """A topology of one node, as pollers see it."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def addresses(self) -> Mapping[str, Node]:
        return {self._node.address: self._node}

    def node(self, node_id: str) -> Node | None:
        return self._node if node_id == self._node.id else None


class SilentFeed:
    """A feed of which no batch ever comes."""

    last = 0

    async def after(self, seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
        await trio.sleep_forever()
        raise AssertionError

    @contextmanager
    def reading(self, consumer: str) -> Iterator[int]:
        yield 0

    async def acknowledge(self, consumer: str, seq: int) -> None:
        return None


async def poll_once(
    address: str, credentials: PollerCredentials, settings: PollerSettings, plans: PollPlans, plan: str = ""
) -> PollReading:
    """Ask the agent at ``address`` for all that ``plan`` has; empty: its sysObjectID chooses one. ``credentials`` have their
    secrets. Raises OSError when no socket can be opened."""
    node = Node(id=address, type="other", address=address, credentials=credentials.name, poll=plan)
    table = CredentialTable([credentials], EngineClocks(), SaltCounter(int.from_bytes(os.urandom(8), "big")))
    appends, dropped = trio.open_memory_channel[Append](1)
    poller = Poller(
        replace(settings, enabled=True, start_seconds=3_600.0, credentials=()),
        table,
        OneDevice(node),
        plans,
        SilentFeed(),
        appends,
        metrics=Metrics(),
        clock=lambda: datetime.now(UTC),
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_drop, dropped)
        await nursery.start(poller.run)
        while poller.status(address) is None:
            await trio.lowlevel.checkpoint()
        reading = await poller.poll_now(address)
        nursery.cancel_scope.cancel()
    return reading


async def _drop(appends: trio.MemoryReceiveChannel[Append]) -> None:
    async for append in appends:
        if append.committed is not None:
            append.committed.give(0)
