"""The way to one device's agent: every request is within the device's budget, and is counted."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

import trio
from trio import TaskStatus

from actors.poller.device_figures import DeviceFigures
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.exchange import Exchange
from actors.poller.engine.inquiry import Inquiry, Result
from actors.poller.settings import PollerSettings
from actors.poller.varbind_budget import DeviceBudget
from protocols.snmp.manager.errors import AgentRefused
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.get_next import GetNext
from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.walk import Walk
from protocols.snmp.manager.walk_slice import WalkSlice
from protocols.snmp.values import END_OF_MIB_VIEW

BURST_SECONDS = 10.0
"""How long a budget that is not used saves up."""
LEAST_BURST = 32
LONGEST = 60.0
"""Seconds of one operation at most."""


class Asking(Protocol):
    """The engine, as pollers see it; see ``PollEngine``."""

    async def run(self, *, task_status: TaskStatus[None]) -> None: ...

    async def ask(
        self, agent: PolledAgent, operation: Operation, *, timeout: float, retries: int, longest: float
    ) -> Exchange: ...

    def begin(
        self,
        agent: PolledAgent,
        operation: Operation,
        tell: Callable[[Result], None],
        *,
        timeout: float,
        retries: int,
        longest: float,
    ) -> Inquiry | None: ...

    def forget(self, inquiry: Inquiry) -> None: ...


def budget_of(settings: PollerSettings) -> DeviceBudget:
    """A device's budget, and its cards'."""
    rate, card = settings.varbinds_per_second, settings.card_varbinds_per_second
    return DeviceBudget(rate, card, max(LEAST_BURST, BURST_SECONDS * rate), max(LEAST_BURST, BURST_SECONDS * card))


class DeviceLink:
    """``varbinds`` counts what came from the agent. ``until``: the instant at which a request without an answer ends; the first
    answer lifts it. Every method raises RequestError as ``PollEngine.ask`` does; cancellation
    leaves the link usable."""

    __slots__ = (
        "_before",
        "_begun",
        "_engine",
        "_figures",
        "_get",
        "_settings",
        "_tell",
        "agent",
        "budget",
        "until",
        "varbinds",
    )

    def __init__(self, engine: Asking, agent: PolledAgent, settings: PollerSettings, figures: DeviceFigures) -> None:
        self._engine, self._settings, self._figures = engine, settings, figures
        self.agent, self.budget, self.varbinds = agent, budget_of(settings), 0
        self.until = inf
        self._begun: Inquiry | None = None
        self._get: Get | None = None
        self._tell: Callable[[list[bytes], Result, float], None] | None = None
        self._before = 0, 0
        """Datagrams sent and answered before the GET that was begun."""

    def change(self, agent: PolledAgent) -> None:
        """Ask the device at another of its addresses. The size of answers that it can give is that of the device."""
        agent.walk_size = self.agent.walk_size
        self.agent = agent

    async def get(self, names: Sequence[bytes], card: str = "") -> tuple[list[bytes], Exchange]:
        """The values of instances; empty octets for one that was not read. Does not wait for the budget."""
        operation = Get(names)
        try:
            exchange = await self._ask(operation)
        finally:
            self.paid(sum(1 for value in operation.values if value), card)
        return operation.values, exchange

    def begin_get(self, names: Sequence[bytes], tell: Callable[[list[bytes], Result, float], None]) -> bool:
        """As ``get``, without a task that waits: ``tell`` is called with the values, the result and the present instant; see
        ``PollEngine.begin``. False: it has to be asked for by ``get``. One at a time."""
        agent, settings = self.agent, self._settings
        self._get, self._tell, self._before = Get(names), tell, (agent.sent, agent.answers)
        self._begun = self._engine.begin(
            agent, self._get, self._told, timeout=settings.timeout_seconds, retries=settings.retries, longest=self._longest
        )
        return self._begun is not None

    def _told(self, result: Result) -> None:
        agent, get, tell, now = self.agent, self._get, self._tell, trio.current_time()
        assert get is not None
        assert tell is not None
        self._get = self._tell = self._begun = None
        self.until = inf
        sent, answers = self._before
        self._figures.exchanged(agent.sent - sent, agent.answers - answers)
        varbinds = sum([1 for value in get.values if value])
        self.varbinds += varbinds
        self.budget.spend(now, varbinds)
        tell(get.values, result, now)

    def forget(self) -> None:
        """Give up what ``begin_get`` began, if it is under way."""
        if self._begun is not None:
            self._engine.forget(self._begun)
            self._begun = None

    async def next_name(self, name: bytes) -> bytes:
        """The OID that follows ``name`` on the agent; empty octets at the end of its MIB."""
        operation = GetNext([name])
        try:
            await self._ask(operation)
        except AgentRefused:
            # An agent of v1 says so that nothing follows.
            return b""
        self.paid(1, "")
        # The end of the MIB has the name that was asked for.
        found = operation.bindings
        return b"" if not found or found[1][0] == END_OF_MIB_VIEW else found[0]

    async def slice(self, walk: Walk, varbinds: int) -> None:
        """Go on with ``walk`` for about ``varbinds``. Paid by the caller, who knows the cards."""
        await self._ask(WalkSlice(walk, varbinds))

    async def until_affordable(self, card: str, wanted: float) -> None:
        """Sleep until device and card may be asked for ``wanted`` bindings."""
        await trio.sleep(self.budget.wait(trio.current_time(), card, wanted))

    def paid(self, varbinds: int, card: str) -> None:
        """Take ``varbinds`` that came off the budgets."""
        self.varbinds += varbinds
        self.budget.spend(trio.current_time(), varbinds, card)

    async def _ask(self, operation: Operation) -> Exchange:
        settings, agent = self._settings, self.agent
        sent, answers = agent.sent, agent.answers
        try:
            exchange = await self._engine.ask(
                agent, operation, timeout=settings.timeout_seconds, retries=settings.retries, longest=self._longest
            )
            self.until = inf
            return exchange
        finally:
            self._figures.exchanged(agent.sent - sent, agent.answers - answers)

    @property
    def _longest(self) -> float:
        return max(0.0, min(LONGEST, self.until - trio.current_time()))
