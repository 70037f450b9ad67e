"""A poller under test, in virtual time: agents in memory, a ledger that takes Events, a topology that changes."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import trio
import trio.lowlevel
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.mailbox import Append
from actors.metrics import Metrics
from actors.poller.actor import Poller
from actors.poller.credentials import CredentialTable
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.exchange import Exchange
from actors.poller.engine.inquiry import Inquiry, Result
from actors.poller.settings import PollerCredentials, PollerSettings
from protocols.change import Change, NodesChanged
from protocols.event import Event
from protocols.ledger import RecordedBatch
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.plan.poll_plan import PollPlans
from protocols.poll.request import PollRequested
from protocols.poll.section import PollColumn, PollSection, PollTable
from protocols.poll.states import ReadReason
from protocols.profile import Profile
from protocols.snmp import ber
from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.topology import Node, TopologyNode
from vocabulary.snmp_agent import MemoryAgent

START = datetime(2026, 12, 1, tzinfo=UTC)
UPTIME, BOOTS = "1.3.6.1.2.1.1.3.0", "1.3.6.1.6.3.10.2.1.2.0"
OBJECT_ID = "1.3.6.1.2.1.1.2.0"
HUAWEI = "1.3.6.1.4.1.2011.2.248"
ONT = "1.3.6.1.4.1.2011.6.128.1.1.2.46.1"
RX = "1.3.6.1.4.1.2011.6.128.1.1.2.51.1.4"
STATES = {"1": "up", "2": "down"}
CAUSES = {"1": "los", "13": "dying_gasp"}
PLANS: PollPlans = compile_plans(
    [
        Profile(name="standard", poll={"standard": PollSection()}),
        Profile(
            name="huawei",
            poll={
                "huawei": PollSection(
                    sys_object_id=(HUAWEI,),
                    tables={
                        "onts": PollTable(
                            kind="ont",
                            index=("kind<<25 | frame<<19 | slot<<13 | port<<8", "ont"),
                            position="{frame}/{slot}/{port}/{ont}",
                            card="{frame}/{slot}",
                            state=PollColumn(oid=f"{ONT}.15", values=STATES),
                            cause=PollColumn(oid=f"{ONT}.24", values=CAUSES),
                            ont_rx=PollColumn(oid=RX, scale=0.01, invalid=(2147483647,)),
                        )
                    },
                )
            },
        ),
    ]
)


def ticks(value: int) -> bytes:
    return ber.element(0x43, value.to_bytes(5, "big").lstrip(b"\0") or b"\0")


def port_index(slot: int, port: int) -> int:
    """Huawei's ifIndex of a GPON port."""
    return 125 << 25 | slot << 13 | port << 8


class OltAgent(MemoryAgent):
    """An OLT of Huawei with GPON ports. ``uptime`` is that at the instant 0 of the monotonic clock, in hundredths of a second;
    None: it does not have the object."""

    def __init__(
        self,
        ports: Mapping[tuple[int, int], int] | None = None,
        *,
        optics: bool = False,
        more: Mapping[str, bytes] | None = None,
    ) -> None:
        """``ports``: the number of ONTs by slot and port. ``more``: further objects by name."""
        mib = {encode_oid(OBJECT_ID): ber.element(0x06, encode_oid(HUAWEI))}
        mib |= {encode_oid(UPTIME): ticks(0), encode_oid(BOOTS): ber.integer(7)}
        for (slot, port), onts in (ports or {}).items():
            for ont in range(onts):
                mib[encode_oid(f"{ONT}.15.{port_index(slot, port)}.{ont}")] = ber.integer(1)
                mib[encode_oid(f"{ONT}.24.{port_index(slot, port)}.{ont}")] = ber.integer(-1)
                if optics:
                    mib[encode_oid(f"{RX}.{port_index(slot, port)}.{ont}")] = ber.integer(-2_000)
        super().__init__(mib | {encode_oid(name): value for name, value in (more or {}).items()})
        self.uptime: int | None = 100_000_00
        self.at: list[float] = []
        """Instants of its requests."""

    def put(self, name: str, value: int) -> None:
        """Another number of an object that it has."""
        self.mib[encode_oid(name)] = ber.integer(value)

    def ont(self, slot: int, port: int, ont: int, state: int, cause: int = -1) -> None:
        """Another state of an ONT."""
        self.put(f"{ONT}.15.{port_index(slot, port)}.{ont}", state)
        self.put(f"{ONT}.24.{port_index(slot, port)}.{ont}", cause)

    def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
        self.at.append(now)
        if self.uptime is not None:
            self.mib[encode_oid(UPTIME)] = ticks((self.uptime + round(100 * now)) % 2**32)
        return super().answer(datagram, now)


class MemoryEngine:
    """Carries out operations against agents in memory. An address without one is silent. ``before`` is called with the address
    before each operation and may raise. ``delay``: seconds that each datagram takes to be answered."""

    def __init__(self, agents: Mapping[str, MemoryAgent]) -> None:
        self.agents = dict(agents)
        self.before: Callable[[str], None] = lambda _: None
        self.delay = 0.0
        self.asked: list[tuple[float, str, str]] = []
        """Instant, address and kind of every operation."""
        self.under_way: set[Inquiry] = set()
        """Operations that no task waits for."""
        self.begins = trio.Event()
        """Set by the next of them."""
        self.begun = 0
        """Operations that no task waited for."""

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def begin(
        self,
        agent: PolledAgent,
        operation: Operation,
        tell: Callable[[Result], None],
        *,
        timeout: float,
        retries: int,
        longest: float,
    ) -> Inquiry:
        self._started(agent, operation)
        self.begun += 1
        self.begins.set()
        self.begins = trio.Event()
        inquiry = Inquiry(Transaction(agent.session, operation, timeout, retries, longest), 0, trio.current_time(), tell)
        self.under_way.add(inquiry)
        self._nursery.start_soon(self._carry_out_begun, agent, inquiry)
        return inquiry

    def forget(self, inquiry: Inquiry) -> None:
        self.under_way.discard(inquiry)

    async def _carry_out_begun(self, agent: PolledAgent, inquiry: Inquiry) -> None:
        await self._carry_out(agent, inquiry.transaction)
        if inquiry in self.under_way:
            self.under_way.discard(inquiry)
            inquiry.tell(inquiry.result(trio.current_time()))

    async def ask(self, agent: PolledAgent, operation: Operation, *, timeout: float, retries: int, longest: float) -> Exchange:
        self._started(agent, operation)
        began = trio.current_time()
        transaction = Transaction(agent.session, operation, timeout, retries, longest)
        await self._carry_out(agent, transaction)
        if transaction.error is not None:
            raise transaction.error
        return Exchange(
            round_trip=transaction.round_trip,
            sent=transaction.sent,
            answers=transaction.answers,
            seconds=trio.current_time() - began,
        )

    def _started(self, agent: PolledAgent, operation: Operation) -> None:
        self.asked.append((trio.current_time(), agent.address, type(operation).__name__))
        self.before(agent.address)

    async def _carry_out(self, agent: PolledAgent, transaction: Transaction) -> None:
        found = self.agents.get(agent.address)
        octets = transaction.start(trio.current_time())
        while octets is not None:
            agent.sent += 1
            answer = None if found is None else found.answer(octets, trio.current_time())
            await trio.sleep(max(self.delay, 0.001) if answer is not None else transaction.deadline - trio.current_time())
            now = trio.current_time()
            octets = transaction.expire(now + 1e-6) if answer is None else transaction.receive(answer, now)
            agent.answers += answer is not None


class TestFeed:
    """A feed of Changes."""

    __test__ = False

    def __init__(self) -> None:
        self.batches: list[RecordedBatch] = []
        self._moved = trio.Event()
        self.acknowledged: list[int] = []

    @property
    def last(self) -> int:
        return len(self.batches)

    def publish(self, *changes: Change) -> None:
        self.batches.append(RecordedBatch(len(self.batches) + 1, 0, list(changes)))
        self._moved.set()
        self._moved = trio.Event()

    async def after(self, seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
        while len(self.batches) <= seq:
            await self._moved.wait()
        return self.batches[seq : seq + limit]

    async def acknowledge(self, consumer: str, seq: int) -> None:
        self.acknowledged.append(seq)


def credentials(**communities: str) -> CredentialTable:
    """Credentials of v2c by name, and ``v1``; without any ``read``, the community ``public``."""
    made = [
        PollerCredentials(name=name, community=community) for name, community in (communities or {"read": "public"}).items()
    ]
    old = PollerCredentials(name="v1", version="1", community="public")
    return CredentialTable([*made, old], EngineClocks(), SaltCounter(0))


class Nodes:
    """The topology."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}

    def addresses(self) -> Mapping[str, Node]:
        return {address: node for node in self.nodes.values() for address in node.every_address}

    def node(self, node_id: str) -> Node | None:
        return self.nodes.get(node_id)


def olt(number: int, **fields: object) -> Node:
    address = f"10.0.{number // 250}.{number % 250 + 1}"
    given = {"id": f"olt-{number}", "type": "olt", "address": address, "credentials": "read", **fields}
    return Node(**given)  # type: ignore[arg-type]


class PollerWorld:
    """``events`` are on the ledger, each with the seconds since the start. Without ``engine`` the real one is used."""

    def __init__(
        self,
        nodes: Iterable[Node],
        engine: MemoryEngine | None = None,
        settings: PollerSettings | None = None,
        plans: PollPlans = PLANS,
    ) -> None:
        self.engine, self.feed, self.metrics = engine or MemoryEngine({}), TestFeed(), Metrics()
        self.nodes = Nodes(nodes)
        self.began = trio.current_time()
        self.events: list[tuple[float, Event]] = []
        appends, self._receive = trio.open_memory_channel[Append](0)
        self.takes, self._came = trio.Event(), trio.Event()
        self.takes.set()
        self.poller = Poller(
            settings or PollerSettings(interval_seconds=60.0),
            credentials(),
            self.nodes,
            plans,
            self.feed,  # type: ignore[arg-type]
            appends,
            metrics=self.metrics,
            clock=self.now,
            agreements=lambda device: ("tenant",) if device == "olt-0" else (),
            engine=engine,
        )

    def now(self) -> datetime:
        return START + timedelta(seconds=trio.current_time() - self.began)

    def of(self, *kinds: type) -> list[Event]:
        """The Events of these kinds, in order."""
        return [event for _, event in self.events if isinstance(event, kinds)]

    def clear(self) -> None:
        self.events.clear()

    async def change(self, *nodes: Node, removes: Iterable[str] = ()) -> None:
        """Change the topology, and let the poller see it."""
        gone = tuple(removes)
        for node in nodes:
            self.nodes.nodes[node.id] = node
        for one in gone:
            self.nodes.nodes.pop(one, None)
        self.feed.publish(NodesChanged(1, tuple(TopologyNode(node, "api", 1) for node in nodes), gone))
        await trio.lowlevel.checkpoint()

    def request(self, device: str, scope: str = "", offset: int = 77, reason: ReadReason = "burst") -> None:
        self.feed.publish(PollRequested(offset=offset, device=device, scope=scope, reason=reason, why="a test"))

    async def until(self, kind: type, count: int = 1) -> None:
        """Wait for so many Events of ``kind``."""
        while len(self.of(kind)) < count:
            await self._came.wait()

    async def take_events(self) -> None:
        offset = 0
        async for append in self._receive:
            await self.takes.wait()
            for event in append.events:
                offset += 1
                self.events.append((trio.current_time() - self.began, event))
            if append.committed is not None:
                append.committed.give(offset)
            self._came.set()
            self._came = trio.Event()

    def hold(self) -> None:
        """The ledger is busy."""
        self.takes = trio.Event()

    def go_on(self) -> None:
        self.takes.set()


@asynccontextmanager
async def polling(world: PollerWorld) -> AsyncIterator[PollerWorld]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.take_events)
        await nursery.start(world.poller.run)
        yield world
        nursery.cancel_scope.cancel()
