"""The poller: an actor for each polled device of the topology, around one engine, one timer and one way to the ledger.

It is a consumer of the feed that begins at the newest: ``NodesChanged`` says which devices are others now, ``PollRequested``
what the correlator wants to be read. A Change is only a bell: the topology's view, which is never behind the feed, has the
nodes. A request of before a start is void, since a start reads everything.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from random import Random
from typing import Final

import trio
from msgspec.structs import replace
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.follow_feed import follow_feed
from actors.mailbox import AppendSender, Feed
from actors.metrics import Metrics
from actors.poller.credentials import CredentialTable
from actors.poller.device_link import Asking
from actors.poller.device_spec import DeviceSpec, spec_of, why_not_polled
from actors.poller.engine.engine import PollEngine
from actors.poller.engine.limits import EngineLimits
from actors.poller.event_appender import EventAppender
from actors.poller.host_network import HostNetwork
from actors.poller.icmp_echo import IcmpEcho
from actors.poller.olt_gauges import OltGauges
from actors.poller.poll_counts import PollCounts
from actors.poller.poll_outcomes import PollOutcomes
from actors.poller.poll_timer import PollTimer
from actors.poller.polled_actor import PolledActor
from actors.poller.poller_parts import DeviceNodes, PollerParts
from actors.poller.schedule import first_poll, phase
from actors.poller.settings import PollerSettings
from actors.poller.sla_measurements import SlaMeasurements
from protocols.change import Change, NodesChanged
from protocols.poll.contact import PollStopped
from protocols.poll.device import PolledDevice
from protocols.poll.plan.poll_plan import PollPlans
from protocols.poll.reading import PollReading, PollRefused
from protocols.poll.request import PollRequested

CONSUMER = "poller"
"""The name under which it acknowledges batches of the feed."""
_AT_ONCE: Final = 100
"""Devices that are started between two of which nothing else runs."""


def _none(_: str) -> Collection[str]:
    return ()


class Poller:
    """A source of Events: ``appends`` leads to the ledger and stays open until the poller has ended. ``nodes`` is the topology,
    ``clock`` the trusted time, aware UTC. ``agreements`` gives the tenants that have a service level agreement on a device.

    Implements ``protocols.poll.reading.PollView``. ``engine`` takes the place of the real one, for tests.
    """

    def __init__(
        self,
        settings: PollerSettings,
        credentials: CredentialTable,
        nodes: DeviceNodes,
        plans: PollPlans,
        feed: Feed,
        appends: AppendSender,
        *,
        metrics: Metrics,
        clock: Callable[[], datetime],
        agreements: Callable[[str], Collection[str]] = _none,
        engine: Asking | None = None,
        random: Random | None = None,
    ) -> None:
        self._settings, self._credentials, self._nodes, self._plans = settings, credentials, nodes, plans
        self._feed, self._appends, self._metrics, self._clock = feed, appends, metrics, clock
        self._agreements, self._given_engine, self._random = agreements, engine, random or Random()
        self._actors: dict[str, PolledActor] = {}
        self._parts: PollerParts | None = None
        self._others: dict[str, None] = {}
        """Ids of nodes that may be polled otherwise now."""
        self._bell = trio.Event()
        self._gauges, self._counts = OltGauges(metrics), PollCounts(metrics)
        metrics.polled_devices.set_function(lambda: len(self._actors))
        metrics.polled_devices_parked.set_function(lambda: self._count(lambda each: bool(each.parked)))
        metrics.polled_devices_slowed.set_function(lambda: self._count(lambda each: each.figures.stretched > 1))
        metrics.polled_devices_silent.set_function(
            lambda: self._count(lambda each: each.poller is not None and each.poller.contact.contact == "silent")
        )

    # --- for the API ----------------------------------------------------------------------------------------------

    def status(self, device_id: str) -> PolledDevice | None:
        """A device as its poller knows it; None: it has no poller."""
        actor = self._actors.get(device_id)
        return None if actor is None else actor.shown()

    def statuses(self) -> list[PolledDevice]:
        """All devices that have a poller."""
        return [actor.shown() for actor in self._actors.values()]

    async def poll_now(self, device_id: str) -> PollReading:
        """Poll a device beside its schedule. Raises PollRefused. Cancellation gives up the answer."""
        if self._parts is None:
            raise PollRefused("poller_stopped", "no poller runs")
        actor = self._actors.get(device_id)
        if actor is None:
            raise PollRefused("not_polled", self._why_not(device_id))
        if actor.parked:
            raise PollRefused("poller_parked", actor.parked)
        reply = actor.wishes.demand()
        try:
            return await reply.wait()
        finally:
            actor.wishes.give_up(reply)

    # --- settings and topology ------------------------------------------------------------------------------------

    def reconfigure(self, settings: PollerSettings, credentials: CredentialTable, plans: PollPlans) -> None:
        """Other settings, credentials and plans. All pollers begin anew for other settings or plans, else those alone whose
        credentials are others. The receive buffer stays."""
        before, was = self._credentials, replace(self._settings, credentials=())
        everywhere = was != replace(settings, credentials=()) or plans is not self._plans
        self._settings, self._credentials, self._plans = settings, credentials, plans
        if self._parts is not None:
            self._parts = self._made(self._parts.engine, self._parts.timer, self._parts.measurements)
            for actor in self._actors.values():
                actor.stale = actor.stale or everywhere or credentials.differs(before, actor.spec.credentials)
            self._look_at(self._every_device())

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Poll until cancelled, or until the feed has ended. Raises OSError when no socket can be opened."""
        engine = self._given_engine or PollEngine(EngineLimits(receive_buffer=self._settings.receive_buffer), self._metrics)
        measurements = SlaMeasurements(self._appends, self._agreements, self._metrics)
        parts = self._parts = self._made(engine, PollTimer(), measurements)
        seq = self._feed.last
        self._look_at(self._every_device())
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(engine.run)
                nursery.start_soon(parts.timer.run)
                nursery.start_soon(measurements.run)
                nursery.start_soon(self._keep_devices, nursery)
                task_status.started()
                await follow_feed(self._feed, CONSUMER, seq, self._ring)
                nursery.cancel_scope.cancel()
        finally:
            for actor in self._actors.values():
                actor.refuse(PollRefused("poller_stopped", "the poller has ended"))
            self._actors.clear()
            self._gauges.clear()
            self._parts = None

    def _made(self, engine: Asking, timer: PollTimer, measurements: SlaMeasurements) -> PollerParts:
        before = self._parts
        counted = self._metrics.poll_events
        return PollerParts(
            settings=self._settings,
            credentials=self._credentials,
            plans=self._plans,
            engine=engine,
            timer=timer,
            appender=EventAppender(self._appends, lambda kind: counted.labels(kind).inc(), self._random),
            outcomes=PollOutcomes() if before is None else before.outcomes,
            network=HostNetwork(),
            echo=IcmpEcho(),
            measurements=measurements,
            metrics=self._metrics,
            counts=self._counts,
            clock=self._clock,
        )

    def _ring(self, change: Change) -> None:
        if isinstance(change, NodesChanged):
            actors = self._actors
            self._look_at([put.node.id for put in change.puts if put.node.address or put.node.id in actors])
            self._look_at([one for one in change.removes if one in actors])
        elif isinstance(change, PollRequested):
            actor = self._actors.get(change.device)
            if actor is None or actor.parked:
                self._metrics.poll_reads_requested.labels("not_polled").inc()
            elif not actor.wishes.request(change):
                self._metrics.poll_reads_requested.labels("merged").inc()

    def _look_at(self, ids: Collection[str]) -> None:
        if ids:
            self._others.update(dict.fromkeys(ids))
            self._bell.set()

    def _every_device(self) -> Collection[str]:
        return {node.id: None for node in self._nodes.addresses().values()} | dict.fromkeys(self._actors)

    async def _keep_devices(self, nursery: trio.Nursery) -> None:
        """Start, restart and stop pollers as the topology and the settings have them."""
        while True:
            await self._bell.wait()
            self._bell = trio.Event()
            others, self._others = list(self._others), {}
            for number, device_id in enumerate(others):
                await self._keep(device_id, nursery, len(others))
                if number % _AT_ONCE == 0:
                    await trio.lowlevel.checkpoint()

    async def _keep(self, device_id: str, nursery: trio.Nursery, together: int) -> None:
        parts, actor, spec = self._parts, self._actors.get(device_id), self._spec(device_id)
        assert parts is not None
        if actor is not None and actor.spec == spec and not actor.stale:
            return
        if actor is not None:
            actor.scope.cancel()
            actor.refuse(PollRefused("not_polled", self._why_not(device_id)))
            del self._actors[device_id]
            self._gauges.remove(device_id)
        if spec is not None:
            now = trio.current_time()
            first = first_poll(now, phase(device_id), together, parts.settings.start_seconds, spec.interval)
            new = self._actors[device_id] = PolledActor(spec, parts, first, self._random)
            self._gauges.add(new)
            nursery.start_soon(new.keep)
        elif actor is not None:
            await parts.appender.append(PollStopped(device=device_id, reason=self._why_not(device_id)))

    def _spec(self, device_id: str) -> DeviceSpec | None:
        node = self._nodes.node(device_id)
        spec = None if node is None else spec_of(node, self._settings)
        return None if spec is None or spec.credentials not in self._credentials.names else spec

    def _why_not(self, device_id: str) -> str:
        node = self._nodes.node(device_id)
        if node is not None and node.is_polled and node.credentials not in self._credentials.names:
            return f"no [[poller.credentials]] are named {node.credentials!r}"
        return why_not_polled(node, self._settings)

    def _count(self, counts: Callable[[PolledActor], bool]) -> int:
        return sum(1 for actor in self._actors.values() if counts(actor))
