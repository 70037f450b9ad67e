"""The virtual world of one seed: everything in it, and every accident, is drawn from one random number generator."""

import gc
import shutil
import sqlite3
import tempfile
import traceback
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import msgspec
import trio
from msgspec import Struct, structs
from simulation.agreements import SLICE, never_quickly, unbookable
from simulation.clock import VirtualClock
from simulation.consumer import POLICIES, Effects
from simulation.desk import POLL_SECONDS, Clerk, FarDesk
from simulation.disk import Image, Observer, Trouble, database_on, torn
from simulation.dispatching import FarEnd, Planner, choose, policies
from simulation.life import START, Life
from simulation.network import Device, Network, Socket, Weather, devices
from simulation.oracle import Backup, Oracle
from simulation.people import POISON, AccountManager, Person
from simulation.polled_plant import PARTS, SETTLING_SECONDS, PolledOlt
from simulation.polling import CREDENTIALS, PARKED_SECONDS, Pollers, stand_ins
from simulation.postgres import Server, Tables
from simulation.seams import deterministic, virtual
from simulation.secure import EngineDisk, read, response_id, user_of

import actors.correlator.fold as fold_module
import actors.poller.actor as poller_actor
import actors.poller.polled_actor as polled_actor
import actors.sla_clock.run as sla_run
import actors.sla_clock.stage as sla_stage
from actors.correlator.draft import Draft
from actors.correlator.profiles import load_profiles
from actors.correlator.settings import CorrelatorSettings
from actors.ledger.database import LedgerFile
from actors.ledger.group import CommitGroup, SnapshotPiece, Written
from actors.ledger.schema import connect_reader
from actors.ledger.settings import LedgerSettings
from actors.sla_clock.fold import fold_event, folds_quickly
from actors.ticketer.work import next_task
from actors.trusted_clock import instant, micros
from actors.trusted_time import ClockReading
from faultd.inputs import Inputs
from faultd.restore import restore
from protocols.event import NetworkEvent, PolicyLoaded, ProfilesLoaded, TopologyLoaded
from protocols.profile import Profile
from protocols.snmp.encode import decode_response
from protocols.topology import Node

QUIET_SECONDS = 900.0
"""Within this time after the last accident everything must have come to rest."""
_SHIPPED = Path(__file__).parents[2] / "config" / "profiles"
_SHM = Path("/dev/shm")
PLANT = TopologyLoaded(
    "plant",
    (
        *(Node(id=f"olt-{n}", type="olt", address=f"10.0.0.{n}", tenant="t", credentials=CREDENTIALS) for n in (1, 2, 3)),
        *PARTS,
    ),
)


@cache
def _profiles() -> tuple[Profile, ...]:
    """The standard traps, with those alarm types alone that they need: the others would fill most of every snapshot."""
    types, standard = load_profiles({name: (_SHIPPED / name).read_text() for name in ("types.toml", "standard.toml")})
    if standard.types:
        types, standard = standard, types
    polled = ("device.down", "snmp.unreachable", "monitoring.blind", "devices.unreachable")
    named = {*polled, *(name for rule in standard.alarms for name in (rule.type, *rule.clears))}
    return structs.replace(types, types={name: types.types[name] for name in sorted(named)}), standard


@cache
def _policy(number: int) -> PolicyLoaded:
    settings = CorrelatorSettings(
        hold_critical_seconds=1.0,
        hold_warning_seconds=2.0,
        keep_cleared_hours=(0.002, 24.0)[number],
        reopen_within_seconds=(5.0, 300.0)[number],
        archive_after_days=(0.0001, 90.0)[number],
        settling_seconds=(0.0, SETTLING_SECONDS)[number],
    )
    return PolicyLoaded(f"policy-{number}", msgspec.msgpack.encode(settings))


class Plan(Struct, frozen=True, kw_only=True):
    """The parameters of one seed."""

    seconds: float
    ledger: LedgerSettings
    prune_seconds: float
    believed_seconds: float
    """How long the wall clock has to stay where it went until it is believed."""
    appends_waiting: int
    group_changes: int
    store_interval: float
    drain_seconds: float
    piece_bytes: int
    drain_limit: int
    receive_most: int
    unsettled: int
    socket_room: int
    held_socket: bool
    """True when systemd holds the socket, so that waiting datagrams survive the process."""
    secure: bool
    """True when one of the devices speaks SNMPv3."""
    informs: float
    foreign: float
    poison: float
    counter_since: int
    """The number of the first process that has the counter, a stage behind the correlator."""
    failing: float
    """Share of the calls of the counter's methods, its fold excepted, that raise."""
    unstorable: float
    accidents: tuple[str, ...]
    pause: float
    """Seconds between accidents on average."""
    slice: int
    """Instances that the SLA clock examines in one Event at most."""
    node_piece: int
    """Nodes that one Event tells PostgreSQL of at most."""


FAR = (400 * 86_400.0, -400 * 86_400.0)
"""Seconds that a clock with a dead battery is off."""
ACCIDENTS = (
    "kill",
    "power cut",
    "kill at a point",
    "power cut at a point",
    "restart",
    "database away",
    "database flaky",
    "database slow",
    "database restored",
    "snapshot damaged",
    "lost commit",
    "disk full",
    "disk error",
    "late disk error",
    "slow disk",
    "storm",
    "clock",
    "clock glitch",
    "clock put right",
    "network",
)


def draw_plan(rng: Random) -> Plan:
    """Each seed has some kinds of accident and not others, so that rare combinations come up too."""
    accidents = tuple(kind for kind in ACCIDENTS if rng.random() < 0.5)
    return Plan(
        seconds=rng.choice((3.0, 5.0, 9.0)),
        ledger=LedgerSettings(
            retention_days=rng.choice((0.000_01, 0.000_1, 7.0)),
            max_bytes=rng.choice((60_000, 4 * 1024**3)),
            snapshot_every_events=rng.choice((3, 20, 50_000)),
            snapshot_every_seconds=rng.choice((2.0, 600.0)),
            max_batch=rng.choice((1, 5, 1_000)),
            pipe_batches=rng.choice((1, 2, 8)),
            feed_batches=rng.choice((1, 6, 4_096)),
            feed_bytes=rng.choice((1, 5_000, 1 << 26)),
        ),
        prune_seconds=rng.choice((0.5, 30.0)),
        believed_seconds=rng.choice((0.2, 1.5, 60.0)),
        appends_waiting=rng.choice((0, 2, 256)),
        group_changes=rng.choice((1, 10, 2_000)),
        store_interval=rng.choice((0.0, 0.25)),
        drain_seconds=rng.choice((0.01, 20.0, 20.0)),
        piece_bytes=rng.choice((4_000, 1 << 22)),
        drain_limit=rng.choice((1, 4, 512)),
        receive_most=rng.choice((1, 3, 64)),
        unsettled=rng.choice((0, 2, 64)),
        socket_room=rng.choice((5, 10_000)),
        held_socket=rng.random() < 0.5,
        secure=rng.random() < 0.25,
        informs=rng.choice((0.1, 0.5, 1.0)),
        foreign=rng.choice((0.0, 0.2)),
        poison=rng.choice((0.0, 0.3)),
        counter_since=rng.choice((1, 1, 2, 3)) if "snapshot damaged" not in accidents else 1,
        failing=rng.choice((0.0, 0.0, 0.05, 0.5)),
        unstorable=rng.choice((0.0, 0.0, 0.2)) if "database restored" not in accidents else 0.0,
        accidents=accidents,
        pause=rng.choice((0.3, 1.0, 3.0)),
        node_piece=rng.choice((1, 2, 10_000)),
        slice=rng.choice((1, SLICE, sla_run.SLICE)),
    )


class Report(Struct, kw_only=True):
    """How a seed went. ``violation`` is None when every invariant held."""

    seed: int
    violation: str | None
    timeline: tuple[str, ...]
    events: int
    batches: int
    crashes: int
    lives: int
    digest: str

    def forget(self) -> None:
        """Let go of the timeline."""
        self.timeline = ()

    def story(self, lines: int = 150) -> str:
        """The last lines of the timeline, the violation, and the command that repeats the seed."""
        shown = self.timeline[-lines:]
        left_out = len(self.timeline) - len(shown)
        head = [f"... {left_out} lines before"] if left_out else []
        return "\n".join(
            [
                *head,
                *shown,
                "",
                f"seed {self.seed}: {self.violation or 'every invariant held'}",
                f"replay: SIMULATION_SEED={self.seed} make simulate-hard",
            ]
        )


class World(Observer):
    """Runs one seed in ``directory``."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.seed, self._directory = seed, directory
        self.clock = VirtualClock()
        self.rng = Random(seed)
        self.plan = draw_plan(self.rng)
        self.failing = self.plan.failing
        self.far_end = FarEnd()
        self.desk = FarDesk(Random(self.rng.random()))
        self.lively = True
        """The far end still fails now and then."""
        self.timeline: list[str] = []
        self.violation: str | None = None
        self.life: Life | None = None
        self.oracle = Oracle(self.violate)
        self.oracle.oldest_batch = self._oldest_batch
        self.effects = [Effects(name, self.violate) for name in POLICIES]
        self.trouble = Trouble(self.rng)
        self.engine_disk = EngineDisk(self.rng)
        self.network = Network(self.rng, self.spawn)
        self.pollers = self.oracle.pollers = Pollers(self, [node for node in PLANT.nodes if node.address], Random(seed))
        self.crashes = self.lives = 0
        self._database: Any = None
        self._fuse = 0
        self._target = ""
        """Only points whose names begin so count for the fuse."""
        self._power = self._tearing = False
        self._clock = self._booted = 0.0
        self._time_error = -1.0, 0.0, 0.0
        """In which start of the host, by how many seconds the stamps were off then, and when that was."""
        self._policy = self._policies = 0
        self._backup = Tables(), Backup()
        self._snapshots: set[int] = set()
        """Through which offsets there are whole snapshots, since one was damaged."""
        self._snapshot_written = 0
        self._damage_due = False
        self._running = True
        self._ended = trio.Event()

    # --- telling and judging ------------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Add a line to the timeline."""
        text = text.replace(str(self._directory), "")
        self.timeline.append(f"{trio.current_time():9.4f}  process {self.lives}  {text}")

    def violate(self, text: str) -> None:
        """An invariant is broken: the first such text is the verdict, and the world ends."""
        if self.violation is None:
            self.violation = text
            self.note(f"VIOLATION {text}")
            self._scope.cancel()

    def report(self) -> Report:
        """The report of the seed, as far as it has run."""
        digest = blake2b("\n".join(self.timeline).encode(), digest_size=8).hexdigest()
        return Report(
            seed=self.seed,
            violation=self.violation,
            timeline=tuple(self.timeline),
            events=len(self.oracle.events),
            batches=len(self.oracle.batches),
            crashes=self.crashes,
            lives=self.lives,
            digest=digest,
        )

    # --- what the parts of the world share ----------------------------------------------------------------------------

    def spawn(self, call: Callable[..., Any], *args: Any) -> None:
        """Something goes on in the world, whatever becomes of the process."""
        self._nursery.start_soon(call, *args)

    def wall(self) -> datetime:
        """The daemon's wall clock, which jumps."""
        return START + timedelta(seconds=trio.current_time() + self._clock)

    def reading(self) -> ClockReading:
        """Both clocks of the host, which a power cut starts anew."""
        return ClockReading(round((trio.current_time() - self._booted) * 1e6), micros(self.wall()))

    @property
    def boot_id(self) -> str:
        """Of the host's present start."""
        return f"boot at {self._booted}"

    def inputs(self) -> Inputs:
        """What is configured at present."""
        profiles = ProfilesLoaded("profiles", _profiles())
        return Inputs(profiles, PLANT, _policy(self._policy), dispatch=policies(self._policies))

    def bind(self) -> Socket:
        """The trap socket of a process that starts."""
        before = self.network.socket
        socket = Socket(self.oracle, self._answer, self.plan.socket_room, self.plan.receive_most)
        if before is not None and self.plan.held_socket:
            for datagram, source in before.inherit():
                socket.put(datagram, source)
        socket.facts = self.network.facts
        self.network.socket = socket
        return socket

    def _answer(self, datagram: bytes, to: str) -> None:
        message = read(datagram)
        if message is None:
            number: int | None = decode_response(datagram).request_id
        else:
            user = user_of(message)
            number = response_id(message, user) if user is not None else None
        if number is None:
            self.note(f"Report to {to}")
        else:
            self.note(f"INFORM {to}#{number} answered")
            self.oracle.acknowledged(("trap", to, str(number)), "INFORM answered")
        self.network.answer(datagram, to)

    def pause(self) -> float:
        """The longest pause of a consumer after a batch, in seconds; short once the accidents have ended, since a jump of the
        clock can leave thousands of batches."""
        return 4.0 if self.lively else 0.2

    # --- the seams of threads and of the disk -------------------------------------------------------------------------

    async def run_sync(
        self, call: Callable[..., Any], *args: Any, limiter: trio.CapacityLimiter | None = None, **_: Any
    ) -> Any:
        """Stands for ``trio.to_thread.run_sync``: the call runs here, between two virtual delays, in which a crash may come."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if limiter is None:
            return await self._call(call, args)
        async with limiter:
            return await self._call(call, args)

    async def _call(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        life = self.life
        assert life is not None
        await self._delay(life)
        if not life.dead and self._burns(f"during {call.__name__}"):
            before = Image.of(life.path)
            self._tearing = True
            try:
                return call(*args)
            finally:
                self._tearing = False
                image, text = torn(before, Image.of(life.path), self.rng, power=self._power)
                self._crash(life, f"during {call.__name__}: {text}", image)
        result = call(*args)
        await self._delay(life)
        if not life.dead and self._burns(f"after {call.__name__}"):
            self._crash(life, f"after {call.__name__}")
        return result

    async def _delay(self, life: Life) -> None:
        if not life.dead:
            await self.clock.hold(self.trouble.delay())

    async def point(self, name: str) -> None:
        """A moment at which the process may die, if a crash is due."""
        life = self.life
        assert life is not None
        if not life.dead and self._burns(name):
            self._crash(life, f"with {name}")
        if life.dead:
            await trio.lowlevel.checkpoint()

    def _burns(self, name: str) -> bool:
        """Whether the crash that is due comes at this point."""
        if self._fuse and name.startswith(self._target):
            self._fuse -= 1
            return self._fuse == 0
        return False

    def _crash(self, life: Life, where: str, image: Image | None = None) -> None:
        image = Image.of(life.path) if image is None else image
        if self._power and self._database is not None:
            image = self._database.surviving(image)
        if self._power and not self.engine_disk.durable:
            image = structs.replace(image, engine=b"{")
        self.crashes += 1
        if self._power:
            self._booted = trio.current_time()
        life.die(image, f"{'power cut' if self._power else 'killed'} {where}")

    def opened(self, database: LedgerFile) -> None:
        if self._is_of_the_living(database):
            self._database = database

    def writing(self, database: LedgerFile, group: CommitGroup) -> None:
        if self._is_of_the_living(database):
            head = database.head
            self._snapshot_written = max(
                (piece.through for piece in group.folded if isinstance(piece, SnapshotPiece) and piece.last), default=0
            )
            at = micros(group.now) if group.step else max(head.at, micros(group.now))
            self.oracle.writing(head.offset + 1, instant(at), group)

    def wrote(self, database: LedgerFile, written: Written) -> None:
        # Of a call in which the process dies nobody learns the outcome.
        if self._is_of_the_living(database) and not self._tearing:
            if written.batch is not None or written.recorded:
                events = f"Events {written.batch.first}-{written.batch.through}" if written.batch else ""
                self.note(f"committed {events} {' '.join(f'batch {batch.seq}' for batch in written.recorded)}")
            self.oracle.wrote(written)
            if written.batch is not None:
                self._keeps_time()
            if self._snapshot_written:
                self._snapshots.add(self._snapshot_written)

    def _keeps_time(self) -> None:
        """While the host runs, stamps follow the time that really passes, whatever the wall clock does: but for the slewing,
        and for how long a commit waited for the disk."""
        now = trio.current_time()
        error = (self.oracle.elapsed[-1] - START).total_seconds() - now
        boot, first, since = self._time_error
        if boot != self._booted:
            self._time_error = self._booted, error, now
        elif abs(error - first) > 5.0 + 0.01 * (now - since):
            self.violate(f"the stamps have gone {error - first:+.3f} s off the time that passed in {now - since:.3f} s")

    def refused(self, database: LedgerFile, survived: bool) -> None:
        if self._is_of_the_living(database) and not self._tearing:
            self.oracle.write_failed(survived=survived)

    def _is_of_the_living(self, database: LedgerFile) -> bool:
        return self.life is not None and not self.life.dead and database.path == self.life.path

    # --- the world's course ---------------------------------------------------------------------------------------------

    async def main(self) -> None:
        """Live, suffer, come to rest, and be judged."""
        with trio.CancelScope() as self._scope:
            async with trio.open_nursery() as self._nursery:
                self.server = Server(self.rng, self.violate, self._projected, self.spawn)
                if "lost commit" in self.plan.accidents:
                    self.server.commit_fails = self.rng.choice(("", "before", "after"))
                self.spawn(self._processes)
                self.spawn(self.pollers.live)
                lively = await self._lively()
                with trio.move_on_after(QUIET_SECONDS) as quiet:
                    await self._rest(lively)
                if quiet.cancelled_caught:
                    waiting = {device.address: device.unanswered for device in lively if device.unanswered}
                    self.violate(f"no rest after {QUIET_SECONDS:.0f} s: INFORMs unanswered {waiting}")
                else:
                    self._judge()
                self._nursery.cancel_scope.cancel()

    async def _lively(self) -> list[Device]:
        plan, rng = self.plan, self.rng
        self._devices = devices(self.network, rng, self.spawn, self.violate, safe=plan.secure)
        self._polled = PolledOlt(self, Random(rng.random()))
        async with trio.open_nursery() as accidents:
            accidents.start_soon(self._accidents)
            async with trio.open_nursery() as busy:
                for device in self._devices:
                    busy.start_soon(device.live, plan.seconds, rng.choice((0.5, 1.0, 3.0)), plan.informs, plan.foreign)
                for name in ("ada", "probe"):
                    busy.start_soon(Person(name, self, rng).live, plan.seconds, rng.choice((0.5, 2.0)))
                busy.start_soon(AccountManager("eve", self, rng).live, plan.seconds, rng.choice((0.1, 0.5)))
                busy.start_soon(Planner("max", self, rng).live, plan.seconds, rng.choice((0.3, 1.0)))
                busy.start_soon(Clerk(self).live, plan.seconds, rng.choice((0.5, 2.0)))
                busy.start_soon(self._polled.live, plan.seconds)
            accidents.cancel_scope.cancel()
        self.note("the accidents end")
        self.trouble.calm()
        self.failing = 0.0
        self.lively = False
        self.server.calm()
        self.network.weather = Weather()
        self._fuse = 0
        return self._devices

    async def _rest(self, devices: list[Device]) -> None:
        """Until every INFORM is answered and the last process has ended in order."""
        while any(device.unanswered for device in devices) or self.life is None or not self.life.open:  # noqa: ASYNC110 - virtual time costs nothing
            await trio.sleep(0.5)
        if self.life.rewound:
            # Of a backup restored while nothing is to be written a store learns with the next batch, or the next start.
            self.life.told_to_stop.set()
            while self.life.rewound or not self.life.open:  # noqa: ASYNC110 - virtual time costs nothing
                await trio.sleep(0.5)
        # What a client left early is still under way, and so is what the desk has to be told. A poll may find more to tell.
        quiet = 0.0
        while quiet < 2 * POLL_SECONDS:
            waits = any(next_task(each) for each in self.oracle.dispatched.tickets.values()) or not self.pollers.rests
            quiet = 0.0 if waits else quiet + 1.0
            await trio.sleep(1.0)
        await self._polled.settle()
        self._running = False
        self.life.drain_seconds = QUIET_SECONDS
        self.life.told_to_stop.set()
        await self._ended.wait()

    def _judge(self) -> None:
        """The last process has ended: what it left is complete, and a start from it comes to the same."""
        assert self.life is not None
        self.oracle.starting = True
        database, stages, seq = restore(self.life.path, self.life.others)
        cursors = database.cursors()
        database.close()
        for effects in self.life.consumers:
            if cursors.get(effects.name) != seq:
                self.violate(f"{effects.name} ended at {cursors.get(effects.name)} on disk, the ledger at batch {seq}")
        self.oracle.recovered(self.life.path, database.ledger_id, stages, seq)
        self.oracle.settle(stages)
        if wrong := self.oracle.contact.left(stages.state):
            self.violate(wrong)
        self.oracle.occurrences(self.server.tables)
        self.oracle.standing(self.server.tables)
        self._polled.judge(self.violate, stages.state.alarms.values())
        if self.server.tables.cursor != (database.ledger_id, seq):
            self.violate(f"PostgreSQL ended at {self.server.tables.cursor}, the ledger at batch {seq}")
        self.oracle.settled_agreements()
        self.far_end.judge(self.violate, self.oracle.dispatched)
        self.desk.judge(self.violate, stages.dispatch.tickets, [event for _, event in self.oracle.events])
        self.oracle.settled_dispatch()

    def _projected(self, tables: Tables) -> None:
        self.note(f"PostgreSQL committed, cursor {tables.cursor and tables.cursor[1]}")
        self.oracle.projected(tables)
        if "database restored" in self.plan.accidents and self.rng.random() < 0.2:
            self._backup = tables, self.oracle.backup()

    def _restore_database(self, life: Life) -> None:
        """PostgreSQL goes back to an earlier day, or to its first."""
        tables, backup = self._backup if self.rng.random() < 0.8 else (Tables(), Backup())
        self.note(f"PostgreSQL is restored with cursor {tables.cursor and tables.cursor[1]}")
        life.rewound = True
        self.server.restore(tables)
        self.oracle.restored(backup)

    def _oldest_batch(self) -> int:
        assert self.life is not None
        if self.life.dead and not self.life.path.exists():
            # A commit that was sent before the power failed: the file that it was sent for cannot be asked any more.
            return len(self.oracle.batches) + 1
        with closing(connect_reader(self.life.path)) as connection:
            return int(connection.execute("SELECT min(seq) FROM changes").fetchone()[0])

    def _damage_snapshot(self, path: Path) -> None:
        """A bad sector in the newest snapshot. Only when there are two whole ones: the older has to do then."""
        if not self._damage_due or len(self._snapshots) < 2:
            return
        self._damage_due = False
        self._snapshots.clear()
        how = self.rng.choice(("body = zeroblob(length(body))", "body = substr(body, 2)", "seal = seal + 1"))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            (through,) = connection.execute("SELECT max(through) FROM snapshots").fetchone()
            connection.execute(f"UPDATE snapshot_pieces SET {how} WHERE through = ? AND number = 0", (through,))
        self.note(f"accident: the snapshot through {through} is damaged ({how})")

    async def _processes(self) -> None:
        """One process after another, as systemd starts them."""
        directory = self._directory / "0"
        while self._running:
            self.lives += 1
            self._policy = self.rng.randint(0, 1)
            self._policies = choose(self.rng)
            self._database = None
            life = self.life = Life(self, self.lives, directory)
            self._damage_snapshot(life.path)
            await life.run()
            if life.image is not None:
                shutil.rmtree(directory, ignore_errors=True)
                directory = self._directory / str(self.lives)
                life.image.write(directory / life.path.name)
            if self._running:
                await trio.sleep(self.rng.uniform(0, 3))
        self._ended.set()

    async def _accidents(self) -> None:
        rng, plan = self.rng, self.plan
        while plan.accidents:
            await trio.sleep(rng.expovariate(1 / plan.pause))
            kind = rng.choice(plan.accidents)
            life = self.life
            if life is None or life.dead:
                continue
            if not kind.endswith("point"):
                self.note(f"accident: {kind}")
            match kind:
                case "kill" | "power cut":
                    self._power = kind == "power cut"
                    self._crash(life, "at any time")
                case "kill at a point" | "power cut at a point":
                    self._power = kind.startswith("power")
                    self._target = rng.choice(("", "during write", "a commit sent"))
                    self._fuse = rng.randint(1, 5 if self._target else 60)
                case "restart":
                    life.told_to_stop.set()
                case "clock":
                    self._clock += rng.choice((-300.0, -4.0, 4.0, 30.0, 300.0, 3700.0, 32 * 86_400.0, *FAR, *FAR))
                case "clock glitch":
                    self._for_a_while(self, "_clock", self._clock + rng.choice((-30.0, 3600.0, *FAR)), self._clock)
                case "clock put right":
                    self._clock = 0.0
                case "network":
                    self._for_a_while(self.network, "weather", self._weather(), Weather())
                case "disk error" | "late disk error":
                    self.trouble.late = kind.startswith("late")
                    self.trouble.countdown = rng.randint(1, 4 if self.trouble.late else 20)
                case "storm":
                    rng.choice(self._devices).storm(rng.choice((10, 60)))
                case "disk full":
                    self._for_a_while(self.trouble, "full", True, False)
                case "slow disk":
                    self._for_a_while(self.trouble, "slow", rng.choice((0.05, 1.0)), 0.0)
                case "database away":
                    self._for_a_while(self.server, "down", True, False)
                case "database flaky":
                    self._for_a_while(self.server, "flaky", rng.choice((0.05, 0.4)), 0.0)
                case "database restored":
                    self._restore_database(life)
                case "snapshot damaged":
                    self._damage_due = True
                case "lost commit":
                    self.server.commit_fails = rng.choice(("before", "after"))
                case "database slow":
                    self._for_a_while(self.server, "slow", rng.choice((0.1, 1.0)), 0.0)

    def _weather(self) -> Weather:
        rng = self.rng
        return Weather(
            late=rng.choice((0.01, 3.0)),
            lost=rng.choice((0.0, 0.3)),
            doubled=rng.choice((0.0, 0.3)),
            answer_lost=rng.choice((0.0, 0.5)),
        )

    def _for_a_while(self, thing: Any, name: str, value: Any, after: Any) -> None:
        setattr(thing, name, value)
        self.spawn(self._later, self.rng.choice((0.2, 1.0, 6.0)), thing, name, after)

    async def _later(self, seconds: float, thing: Any, name: str, value: Any) -> None:
        await trio.sleep(seconds)
        setattr(thing, name, value)


def _poisoned(fold_network: Callable[[Draft, NetworkEvent], None]) -> Callable[[Draft, NetworkEvent], None]:
    """The fold of a network event, which raises half-way for some until the ledger's time has come to their cure."""

    def fold(draft: Draft, event: NetworkEvent) -> None:
        fold_network(draft, event)
        if event.resource_id.startswith(POISON) and draft.at.timestamp() < event.metadata["cure"]:
            raise RuntimeError("poison")

    return fold


def run_seed(seed: int) -> Report:
    """Live through one seed."""
    # A seed is over before there is enough garbage to look for.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _run_seed(seed)
    finally:
        if collecting:
            gc.enable()


def _run_seed(seed: int) -> Report:
    parent = _SHM if _SHM.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="faultd-simulation-", dir=parent) as directory:
        world = World(seed, Path(directory))
        seams = virtual(
            world.rng,
            world.run_sync,
            Socket.readable,
            database_on(world),
            world.note,
            piece_bytes=world.plan.piece_bytes,
            drain_limit=world.plan.drain_limit,
            receive_most=world.plan.receive_most,
            unsettled=world.plan.unsettled,
            prune_seconds=world.plan.prune_seconds,
            believed_seconds=world.plan.believed_seconds,
            node_piece=world.plan.node_piece,
        )
        unbooked = patch.multiple(sla_stage, fold_event=unbookable(fold_event), folds_quickly=never_quickly(folds_quickly))
        sliced = patch.object(sla_run, "SLICE", world.plan.slice)
        network = patch.multiple(poller_actor, **stand_ins(world.pollers))
        parked = patch.object(polled_actor, "RETRY_SECONDS", PARKED_SECONDS)
        poison = patch.dict(fold_module._FOLDS, {NetworkEvent: _poisoned(fold_module._FOLDS[NetworkEvent])})
        with (
            deterministic(seed),
            seams,
            poison,
            unbooked,
            sliced,
            network,
            parked,
            world.clock.installed(),
            world.engine_disk.installed(),
        ):
            try:
                trio.run(world.main, clock=world.clock.clock)
            except Exception as error:  # noqa: BLE001 - whatever ends the world is the seed's verdict
                # What falls over when the world ends at a violation adds nothing to it.
                if world.violation is None:
                    world.violation = "the world fell over:\n" + "".join(traceback.format_exception(error))
        return world.report()
