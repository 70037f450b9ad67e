"""The fold alone, in this process: no sockets, no disk. What it is fed, and what an Event costs it."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from unittest.mock import patch

from msgspec import Struct

from actors.correlator.profiles import load_profiles
from actors.correlator.strategies import run_strategies
from actors.correlator.strategies.order import STRATEGIES
from actors.correlator.strategies.strategy import Strategy
from actors.stage import Stage
from bench.datagrams import ONTS, SOURCES, address, place, port, template
from bench.traffic import Population, PortByPort
from faultd.cli.run import COLLECTOR
from faultd.pipe import OTHERS, Stages
from protocols.event import Event, ProfilesLoaded, Tick, TopologyLoaded, Trap
from protocols.ledger import EventBatch
from protocols.snmp.message import decode
from protocols.topology import Node

_LEDGER = "6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11"
_START = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH = 500
EVENTS, ROUNDS = 20_000, 3
WARM = 80_000
"""Events of the mix before any is measured: eight seconds, in which the first holds end and every port was looked at."""
OUT, ACTIVE = 16, 32
"""Of so many ports so many are out at a time, while all others are quiet."""


class Folder:
    """A fold of its own, fed with decoded traps."""

    def __init__(self, nodes: int, others: Sequence[Callable[[], Stage]] = OTHERS) -> None:
        self.stages = Stages(_LEDGER, others)
        self.state = self.stages.state
        self._offset, self._at, self._number = 0, _START, 1 << 24
        profiles = sorted((Path(__file__).parents[1] / "config" / "profiles").glob("*.toml"))
        loaded = load_profiles({file.name: file.read_text() for file in profiles})
        self.fold([ProfilesLoaded("bench", loaded), TopologyLoaded("bench", tuple(plant(nodes)))])

    def take(self, reports: Iterable[tuple[int, bool]]) -> float:
        """Fold reports batch by batch, each decoded just before as the listener does; seconds of processor time that the fold
        took of it."""
        return sum(map(self.fold, self.batches(reports)))

    def batches(self, reports: Iterable[tuple[int, bool]]) -> Iterator[list[Event]]:
        """Reports as the listener makes Events of their datagrams."""
        left = iter(reports)
        while batch := list(islice(left, _BATCH)):
            events: list[Event] = []
            for number, raised in batch:
                self._number += 1
                datagram = template(number, raised).fill(self._number, self._number, self._number)
                events.append(Trap(address(0, place(number).source), self._at, decode(datagram)))
            yield events

    def settle(self) -> None:
        """Let two minutes pass in which nothing comes: what was to be looked at, and whom to tell, is done with."""
        self._at += timedelta(seconds=120)
        self.fold([Tick()])
        while self.state.timers.first <= self._at:
            self.fold([Tick()])

    def fold(self, events: list[Event]) -> float:
        """Fold a batch; seconds of processor time that it took."""
        self._at += timedelta(milliseconds=50)
        begun = time.thread_time()
        self.stages.fold_batch(EventBatch(self._offset + 1, self._at, events))
        self._offset += len(events)
        return time.thread_time() - begun


def plant(nodes: int) -> Iterable[Node]:
    """OLTs at the sender's addresses, PON ports below them, ONTs below those, until there are ``nodes``."""
    made = 0
    for source in range(SOURCES):
        if made < nodes:
            name = address(0, source)
            yield Node(id=name, type="olt", name=f"OLT-{source}", address=name)
            made += 1
    number = 0
    while made < nodes:
        at = place(number)
        port = f"{address(0, at.source)}/{1 if at.vendor == 2 else 0}/{at.slot}/{at.port}"
        if at.ont == 0:
            yield Node(id=port, type="pon", parents=(address(0, at.source),))
            made += 1
        if made < nodes:
            yield Node(id=f"{port}/{at.ont}", type="ont", parents=(port,), customer_id=f"C{number}")
            made += 1
        number += 1


class Load(Struct, frozen=True):
    """What is sent to a fold: all of these raised, then those of the population reported on."""

    bystanders: list[int]
    """Problems that are raised and of which nothing is heard any more."""
    population: Population | PortByPort
    raised: int
    """How many problems of the population are raised before."""


def everywhere(alarms: int) -> Load:
    """Every alarm comes and goes by itself, as in no outage: every port that there is is looked at all the time."""
    return Load([], Population(1), alarms)


def port_by_port(alarms: int) -> Load:
    """Any port breaks or is mended, its alarms one right after the other; repeats are of any. No port is new once there are
    twice as many as are out."""
    return Load([], PortByPort(1, port, max(100, 2 * alarms // ONTS)), alarms)


def among_others(alarms: int) -> Load:
    """Of the same 32 ports half are out, and break and are mended in turn, while all other alarms stand and are quiet: what
    their number costs. No problem of the mix is new: in place of those one comes back."""
    quiet = max(0, alarms // ONTS - OUT)
    behind = [number for index in range(ACTIVE, ACTIVE + quiet) for number in port(index)]
    return Load(behind, PortByPort(1, port, ACTIVE), OUT * ONTS)


LOADS: dict[str, Callable[[int], Load]] = {load.__name__: load for load in (among_others, port_by_port, everywhere)}


def ready(
    alarms: int, nodes: int, load: Callable[[int], Load], asked: tuple[Strategy, ...]
) -> tuple[Folder, Population | PortByPort]:
    """A fold with these strategies in which all of the load is raised, settled and has gone on for a while; and what its mix is
    drawn from."""
    folder, mine = Folder(nodes), load(alarms)
    with only(asked):
        folder.take((number, True) for number in mine.bystanders)
        folder.take(mine.population.raise_new(mine.raised))
        folder.settle()
        folder.take(mine.population.mix(WARM))
    return folder, mine.population


def costs(
    sizes: Sequence[tuple[int, int]],
    strategies: Sequence[tuple[Strategy, ...]] = (STRATEGIES,),
    load: Callable[[int], Load] = everywhere,
) -> list[float]:
    """Microseconds an Event of the mix for each (open alarms, nodes), and for each set of strategies; the best of the rounds,
    in which all take turns, so that a slower machine slows all."""
    gc.set_threshold(*COLLECTOR)  # as the daemon has it
    folders = [(*ready(*size, load, asked), asked) for size in sizes for asked in strategies]
    gc.collect()
    rounds = [[_round(*each) for each in folders] for _ in range(ROUNDS)]
    return [min(each) for each in zip(*rounds, strict=True)]


def _round(folder: Folder, population: Population | PortByPort, asked: tuple[Strategy, ...]) -> float:
    with only(asked):
        return 1e6 * folder.take(population.mix(EVENTS)) / EVENTS


@contextmanager
def only(asked: tuple[Strategy, ...]) -> Iterator[None]:
    """The fold with these strategies alone."""
    with (
        patch.object(run_strategies, "STRATEGIES", asked),
        patch.object(run_strategies, "_DUE", {each.name: each.due for each in asked if each.due is not None}),
    ):
        yield
