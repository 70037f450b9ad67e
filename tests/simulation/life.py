"""One process of the daemon: recovery, the pipe and the actors around it, and its end, orderly or not."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio
from simulation.consumer import consume
from simulation.desk import ticketer
from simulation.disk import Image
from simulation.dispatching import notifier
from simulation.network import Socket
from simulation.oracle import difference
from simulation.postgres import Client
from simulation.secure import USERS, Referee
from vocabulary.counter import FailingCounter

from actors.clock.actor import Clock
from actors.clock.settings import ClockSettings
from actors.correlator.plant.view import PlantView
from actors.dispatcher.stage import Dispatcher
from actors.ledger.actor import Ledger
from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerError
from actors.mailbox import Append, EndOfFeed, FeedPruned, LedgerUnavailable, Outcome, Progress, Reply
from actors.metrics import Metrics
from actors.sla_clock.held import live_changes
from actors.sla_clock.stage import SlaClock
from actors.stage import Stage
from actors.store.actor import Store
from actors.store.settings import StoreSettings
from actors.stream.board import Board
from actors.stream.sla_board import SlaBoard, unpacked
from actors.trap_listener.actor import TrapListener
from actors.trap_listener.settings import TrapSettings
from actors.trap_listener.v3 import V3Engine
from actors.trusted_clock import TrustedClock
from faultd.consumer_seed import seed_of
from faultd.inputs import changed_inputs
from faultd.pipe import CONSUMERS, Pipe, Stages
from faultd.restore import restore
from faultd.start_clock import started_clock
from protocols.event import Event, SystemReport

if TYPE_CHECKING:
    from simulation.world import World

START = datetime(2026, 3, 31, 23, 59, 55, tzinfo=UTC)
"""When every world begins: a month ends soon, so the timeline's partitions are part of it."""
ALLOWED = TrapSettings(allow=("10.0.0.0/8",), refusal_alarm_rate=10)


class Life:
    """From the start of a process to its end. ``dead`` from the moment of a crash: what still runs then is nobody's."""

    def __init__(self, world: "World", number: int, directory: Path) -> None:
        self.world, self.number = world, number
        self.path = directory / "ledger.sqlite"
        counter = [partial(FailingCounter, self._fails)] if number >= world.plan.counter_since else []
        self.others: list[Callable[[], Stage]] = [*counter, SlaClock, Dispatcher]
        """The stages behind the correlator."""
        self.scope = trio.CancelScope()
        self.told_to_stop = trio.Event()
        self.dead = False
        self.open = False
        self.rewound = False
        """Whether PostgreSQL was restored from a backup in this life: what was visible is not any more."""
        self.consumers = [effects for effects in world.effects if world.rng.random() < 0.85]
        """Those that this process is configured with, beside the daemon's own."""
        for effects in world.effects:
            if effects not in self.consumers:
                effects.away()
        self.drain_seconds = world.plan.drain_seconds
        self.image: Image | None = None
        """The files that a crash left."""
        self.judged = False
        """Whether the oracle looks at the stages now: the counter does not fail then."""
        self.cannot_start = False
        """Whether the counter failed where the start depends on it."""
        self.stored = Progress()
        self.metrics = Metrics()
        self.appends: trio.MemorySendChannel[Append]
        self.ledger: Ledger
        self.clock: TrustedClock

    def die(self, image: Image, how: str) -> None:
        """The process is gone from here on."""
        if not self.dead:
            self.world.note(f"CRASH {how}")
            self.dead, self.open, self.image = True, False, image
            if self.world.network.socket is not None:
                self.world.network.socket.close()
            self.scope.cancel()

    async def run(self) -> None:
        """Until it has ended, one way or the other. An exception that no fault explains is a violation."""
        try:
            with self.scope:
                await self._run()
        except Exception as error:  # noqa: BLE001 - whatever ends a process is judged here
            if self.dead:
                return
            trouble = (self.world.trouble.recent or self.cannot_start) and _explained(error)
            if not trouble:
                self.world.violate("the process ended by itself:\n" + "".join(traceback.format_exception(error)))
            self.world.note(f"the process ends: {_leaf(error)!s:.120}")
        finally:
            self.open = False
            if self.world.network.socket is not None:
                self.world.network.socket.close()

    def _fails(self, method: str) -> bool:
        """Whether the counter is to raise in ``method``."""
        world, starting = self.world, self.world.oracle.starting
        if self.judged or world.rng.random() >= world.failing or (method == "load" and world.plan.counter_since > 1):
            # Where the older snapshot has no part of the counter, it would begin again, and elsewhere.
            return False
        if method == "held" and not starting:
            # Whoever asks for a seed while the daemon runs crashes, and is restarted by the supervisor, which is not here.
            return False
        world.note(f"the counter fails in {method}{' at a start' if starting else ''}")
        self.cannot_start = self.cannot_start or (starting and method in ("load", "begin", "saving", "pieces"))
        return True

    async def _run(self) -> None:
        world = self.world
        world.oracle.starting = True
        database, stages, seq = await trio.to_thread.run_sync(restore, self.path, self.others)
        try:
            if self.dead:
                await trio.lowlevel.checkpoint()
            self.judged = True
            world.oracle.recovered(self.path, database.ledger_id, stages, seq)
            self.judged = False
            world.note(f"recovered: {len(world.oracle.events)} Events, folded to {stages.state.offset}, {seq} batches")
            engine = await self._engine() if world.plan.secure else None
            if self.dead:
                await trio.lowlevel.checkpoint()
            await self._serve(database, stages, seq, engine)
        finally:
            database.close()
        world.note("the process ended in order")

    async def _engine(self) -> V3Engine:
        return await trio.to_thread.run_sync(V3Engine.open, self.path.parent, USERS, trio.current_time())

    async def _serve(self, database: LedgerFile, stages: Stages, seq: int, engine: V3Engine | None) -> None:
        world, plan, metrics = self.world, self.world.plan, self.metrics
        socket = world.bind()
        if engine is not None:
            world.oracle.engine(engine.engine_id, engine.boots)
            socket.referee = Referee(engine.engine_id, engine.boots, engine._started)
        clock = self.clock = started_clock(world.reading, world.boot_id, database, ClockSettings())
        kept = database.oldest_batch(), seq
        consumers = CONSUMERS | {effects.name: effects.policy for effects in self.consumers}
        pipe = Pipe(database, stages, clock, metrics, plan.ledger, consumers=consumers, appends_waiting=plan.appends_waiting)
        state, appends, ledger = stages.state, pipe.appends, pipe.ledger
        self.appends, self.ledger = appends, ledger
        client = Client(world.server, world.rng, world.point, lambda: self.dead)
        settings = StoreSettings(
            group_changes=plan.group_changes, interval_seconds=plan.store_interval, reconnect_max_seconds=3.0
        )
        board = Board(seq, state.alarms.values(), 8, live_changes(stages.sla))
        seed = partial(seed_of, ledger.feed, board, clock, stages)
        store = Store(
            client,  # type: ignore[arg-type]
            ledger.feed,
            database.ledger_id,
            self.stored,
            metrics,
            settings,
            world.rng.random,
            seed=seed,
        )
        listener = TrapListener(ALLOWED, [socket], appends, engine, metrics, clock=clock)  # type: ignore[list-item]
        with trio.CancelScope() as everything:
            async with trio.open_nursery() as sinks:
                await pipe.start(sinks)
                await _settle(
                    appends,
                    [
                        *changed_inputs(state, world.inputs(), stages.dispatch),
                        SystemReport(alarm_type="actor_parked", active=False),
                    ],
                )
                sinks.start_soon(store.run)
                sinks.start_soon(self._watch, board)
                for effects in self.consumers:
                    sinks.start_soon(consume, ledger.feed, effects, seed, world.rng, kept, lambda: self.dead, world.pause)
                async with trio.open_nursery() as sources:
                    await sources.start(Clock(ClockSettings(), appends, clock, metrics).run)
                    await sources.start(listener.run)
                    await sources.start(notifier(world, self, ledger.feed, clock, lambda: stages.dispatch).run)
                    dispatch = lambda: stages.dispatch  # noqa: E731
                    await sources.start(ticketer(world, self, ledger.feed, clock, dispatch, database.ledger_id).run)
                    plant = PlantView(state)
                    await sources.start(world.pollers.poller(plant, ledger.feed, appends, metrics, clock).run)
                    self.open = True
                    await self.told_to_stop.wait()
                    self.open = False
                    world.note("stopping: draining")
                    sources.cancel_scope.cancel()
                if not self.dead:
                    self._books(socket)
                everything.deadline = trio.current_time() + self.drain_seconds
                await appends.aclose()
        if everything.cancelled_caught:
            world.note("the drain was cut short")
        elif not self.dead:
            self._drained(stages, board)

    async def _watch(self, board: Board) -> None:
        """A subscriber of the stream: follows at its own pace, sometimes from further back."""
        world, feed = self.world, self.ledger.feed
        try:
            while True:
                for batch in await feed.after(board.seq, world.rng.randint(1, 8)):
                    if self.dead:
                        return
                    world.oracle.published(batch)
                    board.fold(batch)
                await feed.acknowledge("stream", board.seq)
                if "database restored" not in world.plan.accidents and world.rng.random() < 0.2:
                    await trio.sleep(world.rng.uniform(0, 2 * world.pause()))
        except EndOfFeed:
            pass
        except FeedPruned as gap:
            world.violate(f"the stream is a registered consumer, and {gap}")

    def _books(self, socket: Socket) -> None:
        """received = accepted + dropped by reason + answered, and what is accepted is on disk."""
        value = self.metrics.registry.get_sample_value
        received = value("faultd_traps_received_total") or 0
        accepted = value("faultd_traps_accepted_total") or 0
        dropped = {
            sample.labels["reason"]: sample.value
            for metric in self.metrics.traps_dropped.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }
        answered = value("faultd_traps_answered_total") or 0
        # A device that asks often is answered within report_rate, and what it asked beyond that is booked as dropped.
        asked = answered + dropped.pop("report_rate", 0)
        if asked != socket.answered:
            self.world.violate(
                f"{asked} datagrams are counted as answered with a Report or beyond its rate, not {socket.answered}"
            )
        if (lost := value("faultd_kernel_drops_total") or 0) != socket.lost:
            self.world.violate(f"{socket.lost} datagrams were lost before the socket, {lost} are counted")
        total = accepted + sum(dropped.values()) + asked
        world = self.world
        if received != socket.read:
            world.violate(f"{socket.read} datagrams were read, {received} are counted")
        if total != received:
            world.violate(
                f"received {received} is not accepted {accepted} + dropped {dropped} + answered or beyond the rate {asked}"
            )
        for reason, count in socket.refusable.items():
            if reason and dropped.get(reason, 0) != count:
                world.violate(f"{count} datagrams had to be refused as {reason}, counted are {dropped}")
        if sum(dropped.values()) - dropped.get("shutting_down", 0) != sum(socket.refusable.values()):
            world.violate(f"refused {dropped}, but {dict(socket.refusable)} had to be")
        if accepted > world.oracle.traps or accepted + dropped.get("shutting_down", 0) < world.oracle.traps:
            world.violate(f"{accepted} datagrams are counted as accepted, {world.oracle.traps} are on disk")

    def _drained(self, stages: Stages, board: Board) -> None:
        """After an orderly end nothing is under way: fold, subscriber, PostgreSQL and file are level."""
        world, oracle = self.world, self.world.oracle
        self.judged = True
        snapshots = self.ledger._snapshots
        oracle.settle(stages, given_up=snapshots.marked if snapshots._failing else 0)
        if board.seq != len(oracle.batches):
            world.violate(f"the subscriber ended at batch {board.seq} of {len(oracle.batches)}")
        shown = {alarm.id: alarm for alarm in board.alarms()}
        held = dict(stages.state.alarms)
        if shown != held:
            world.violate(f"the subscriber's alarms are not the fold's: {difference(held, shown)}")
        fresh = SlaBoard(0, 8, live_changes(stages.sla))
        told, due = ({*map(_status, each.instances()), *each.breaches()} for each in (board.sla, fresh))
        if told != due:
            world.violate(f"the subscriber's instances or breaches are not the SLA clock's: {told - due} and {due - told}")
        for effects in self.consumers:
            effects.drained(len(oracle.batches))
        cursor = world.server.tables.cursor
        if not self.rewound and (cursor is None or cursor[1] != len(oracle.batches)):
            world.violate(f"the store ended with cursor {cursor}, {len(oracle.batches)} batches are recorded")


def _status(octets: bytes) -> object:
    """The part of an instance that a Change follows at once."""
    change = unpacked(octets)
    return change.instance, change.status, change.breach_count, change.breaches_at


async def _settle(appends: trio.MemorySendChannel[Append], events: list[Event]) -> None:
    reply: Reply[Outcome] = Reply()
    await appends.send(Append(events, answered=reply))
    await reply.wait()


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _explained(error: BaseException) -> bool:
    """Whether a disk in trouble accounts for it: a daemon may refuse to start on it."""
    if isinstance(error, BaseExceptionGroup):
        return all(_explained(one) for one in error.exceptions)
    return isinstance(error, LedgerError | LedgerUnavailable)
