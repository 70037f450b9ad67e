"""What one Event costs the fold as alarms and plant grow. In this process: no sockets, no disk."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from actors.correlator import ponder
from actors.correlator.actor import fold_batch
from actors.correlator.profiles import load_profiles
from actors.correlator.state import State
from actors.correlator.strategies import STRATEGIES
from actors.correlator.strategy import Strategy
from bench.context import Context
from bench.datagrams import SOURCES, address, place, port, template
from bench.table import Row
from bench.traffic import Population, PortByPort
from faultd.cli.run import COLLECTOR
from protocols.event import Event, ProfilesLoaded, TopologyLoaded, Trap
from protocols.ledger import EventBatch
from protocols.snmp.message import decode
from protocols.topology import Node

_LEDGER = "6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11"
_START = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH = 500
EVENTS, ROUNDS = 20_000, 3
ALARMS = (1_000, 10_000, 100_000)


class Folder:
    """A fold of its own, fed with decoded traps."""

    def __init__(self, nodes: int) -> None:
        self.state = State(_LEDGER)
        self._offset, self._at, self._number = 0, _START, 1 << 24
        profiles = sorted((Path(__file__).parents[2] / "config" / "profiles").glob("*.toml"))
        loaded = load_profiles({file.name: file.read_text() for file in profiles})
        self.fold([ProfilesLoaded("bench", loaded), TopologyLoaded("bench", tuple(plant(nodes)))])

    def traps(self, reports: Iterable[tuple[int, bool]]) -> list[Event]:
        """As the listener makes them of the datagrams."""
        events: list[Event] = []
        for number, raised in reports:
            self._number += 1
            datagram = template(number, raised).fill(self._number, self._number, self._number)
            events.append(Trap(address(0, place(number).source), self._at, decode(datagram)))
        return events

    def fold(self, events: list[Event]) -> float:
        """Seconds of processor time that it took."""
        begun = time.thread_time()
        for start in range(0, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            self._at += timedelta(milliseconds=50)
            fold_batch(self.state, EventBatch(self._offset + 1, self._at, batch))
            self._offset += len(batch)
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


def costs(
    sizes: Sequence[tuple[int, int]],
    strategies: Sequence[tuple[Strategy, ...]] = (STRATEGIES,),
    population: Callable[[], Population | PortByPort] = lambda: Population(1),
) -> list[float]:
    """Microseconds an Event of the mix for each (open alarms, nodes), and for each set of strategies; the best of three rounds,
    in which all take turns, so that a slower machine slows all."""
    gc.set_threshold(*COLLECTOR)  # as the daemon has it
    folders = []
    for alarms, nodes in sizes:
        for asked in strategies:
            folder, mine = Folder(nodes), population()
            with only(asked):
                folder.fold(folder.traps(mine.raise_new(alarms)))
            folders.append((folder, mine, asked))
    gc.collect()
    rounds = [[_round(*each) for each in folders] for _ in range(ROUNDS)]
    return [min(each) for each in zip(*rounds, strict=True)]


def _round(folder: Folder, population: Population | PortByPort, asked: tuple[Strategy, ...]) -> float:
    events = folder.traps(population.mix(EVENTS))
    with only(asked):
        return 1e6 * folder.fold(events) / EVENTS


@contextmanager
def only(asked: tuple[Strategy, ...]) -> Iterator[None]:
    """The fold with these strategies alone."""
    with (
        patch.object(ponder, "STRATEGIES", asked),
        patch.object(ponder, "_DUE", {each.name: each.due for each in asked if each.due is not None}),
    ):
        yield


def correlation(context: Context) -> list[Row]:
    """What all strategies together cost beside the fold without any."""
    sizes = [(1_000, 10_000), (10_000, 100_000), *([] if context.quick else [(100_000, 1_000_000)])]
    return [
        _beside(
            sizes,
            "each ONT by itself",
            "each of the 64 ONTs of a port comes and goes by itself, as in no outage: every port is looked at all the time",
            lambda: Population(1),
        ),
        _beside(
            sizes,
            "port by port",
            "the ONTs of a port go dark, and come back, one right after the other, as a fibre breaks and is mended; repeats "
            "are of any",
            lambda: PortByPort(1, port),
        ),
    ]


def _beside(sizes: Sequence[tuple[int, int]], name: str, how: str, population: Callable[[], Population | PortByPort]) -> Row:
    found = costs(sizes, ((), STRATEGIES), population)
    alone, full = found[::2], found[1::2]
    return Row(
        name=f"Fold with every strategy, {name}: "
        + ", ".join(f"{alarms:,} alarms and {nodes:,} nodes" for alarms, nodes in sizes),
        value=", ".join(f"{us:.1f}" for us in full) + " µs",
        beside=", ".join(f"{us:.1f}" for us in alone)
        + " µs without any: "
        + ", ".join(f"{a / b:.2f}" for a, b in zip(full, alone, strict=True))
        + " of it",
        target="1.5 times, flat",
        note=f"µs an Event of the mix, best of three times {EVENTS:,} in turns; no rules, no windows; 10,000 Events a "
        f"second of the plant's time; {how}",
    )


def growth(context: Context) -> list[Row]:
    """By alarms with a small plant, by nodes with few alarms."""
    by_alarms = costs([(alarms, 10_000) for alarms in ALARMS])
    context.tell("the fold at " + ", ".join(f"{n:,} alarms {us:.1f} µs" for n, us in zip(ALARMS, by_alarms, strict=True)))
    by_nodes = costs([(1_000, nodes) for nodes in context.nodes])
    how = f"µs an Event of the mix, best of three times {EVENTS:,}; the fold alone, datagrams decoded before"
    return [
        Row(
            name="Fold with " + ", ".join(f"{alarms:,}" for alarms in ALARMS) + " open alarms",
            value=", ".join(f"{us:.1f}" for us in by_alarms) + " µs",
            target="flat",
            note=f"{how}; 10,000 nodes; last to first {by_alarms[-1] / by_alarms[0]:.2f}",
        ),
        Row(
            name="Fold with " + ", ".join(f"{nodes:,}" for nodes in context.nodes) + " topology nodes",
            value=", ".join(f"{us:.1f}" for us in by_nodes) + " µs",
            target="flat",
            note=f"the same with 1,000 open alarms; last to first {by_nodes[-1] / by_nodes[0]:.2f}",
        ),
    ]
