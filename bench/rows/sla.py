"""The SLA clock with a million contracts: memory, the snapshot, what is due, an outage of an uplink, the end of a month; and
what the stage costs an alarm that concerns nobody."""

import gc
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from actors.sla_clock.run import SLICE
from actors.sla_clock.stage import SlaClock
from actors.stage import Stage
from bench.context import Context
from bench.fold import EVENTS, Folder, everywhere
from bench.sla import UPLINK, SlaBench, drained
from bench.table import Row
from protocols.event import SlaWork, Tick

ROUNDS = 5
ALARMS, NODES = 1_000, 10_000
DUE = 10_000


def sla(context: Context) -> Sequence[Row]:
    """Every figure of the stage alone, in this process, and then the difference that it makes to a fold of traps."""
    onts = 200_000 if context.quick else 1_000_000
    rows: list[Row] = []
    for row in (*contracts(context, onts), bystander()):
        rows.append(row)
        context.tell(f"{row.name}: {row.value}")
    return rows


def contracts(context: Context, onts: int) -> list[Row]:
    """One life of a stage with so many contracts."""
    gc.collect()
    gc.freeze()
    gc.disable()  # as in the fold of the daemon, the collector's passes are no part of an Event
    try:
        return _contracts(context, onts)
    finally:
        gc.enable()
        gc.unfreeze()


def _contracts(context: Context, onts: int) -> list[Row]:
    bench = SlaBench()
    bench.define()
    context.tell(f"a plant of {onts:,} ONTs")
    bench.load_plant(onts)
    before = resident()
    bench.contract(onts)
    each = (resident() - before) / onts
    rows = [
        Row(
            name=f"Memory of a contract, {onts:,} of them",
            value=f"{each:.0f} B",
            target="400 B",
            note="growth of the process's resident memory: the instance and every index; no account and no deadline, "
            "since nothing has happened to it. The plant's nodes are not part of it",
        )
    ]
    below = min(onts, UPLINK)
    before = resident()
    bench.outage("agg-0")
    more = (resident() - before) / below
    rows.append(
        Row(
            name="Memory more of a contract that an outage concerns",
            value=f"{more:.0f} B",
            note=f"its account and its deadline, over {below:,} contracts; {each + more:.0f} B together",
        )
    )
    rows += [_booked(bench, f"An uplink outage over {below:,} contracts", below), *_due(bench, below)]
    bench.outage("agg-0", cleared=True)
    rows.append(_booked(bench, f"Its end, over {below:,} contracts with a breach", below))
    rows += [_snapshot(bench), _month_end(bench, onts)]
    return rows


def _booked(bench: SlaBench, name: str, contracts: int) -> Row:
    total, longest, folds = bench.took()
    return Row(
        name=name,
        value=f"{total:.2f} s",
        beside=f"longest Event {1e3 * longest:.0f} ms",
        target="1 s; 100 ms an Event",
        note=f"processor time of the folds until it is booked for all: {folds:,} Events, between which traps are folded; "
        f"{1e6 * total / contracts:.1f} µs a contract",
    )


def _due(bench: SlaBench, below: int) -> list[Row]:
    """Time passes until all are at risk, and until all are breached."""
    rows = []
    for what in ("at risk", "breached"):
        bench.at += timedelta(microseconds=bench.stage.state.deadlines.first - bench.now)
        bench.took()
        bench.fold(Tick())
        tick = bench.folds[-1]
        while bench.stage.state.pending or bench.stage.state.deadlines.first <= bench.now:
            bench.fold(SlaWork())
        total, longest, folds = bench.took()
        rows.append(
            Row(
                name=f"{below:,} contracts {what} at one instant",
                value=f"{1e3 * total * DUE / below:.0f} ms for {DUE:,}",
                beside=f"longest Event {1e3 * longest:.0f} ms; the Tick {1e3 * tick:.0f} ms",
                target=f"100 ms for {DUE:,}",
                note=f"processor time; at most {SLICE:,} in one Event, {folds:,} Events; each gives a notification request and "
                "the contract's new status" + (", and a breach" if what == "breached" else ""),
            )
        )
    return rows


def _snapshot(bench: SlaBench) -> Row:
    """The hold at the marker, and the pieces."""
    begun = time.perf_counter()
    pieces = bench.stage.saving()
    hold = time.perf_counter() - begun
    octets, longest = drained(pieces)
    return Row(
        name="Snapshot of the stage",
        value=f"{1e3 * hold:.0f} ms hold",
        beside=f"longest piece {1e3 * longest:.0f} ms",
        note=f"hold: copying the tables when the marker passes. The pieces are encoded in a thread beside the fold; "
        f"{octets / 1e6:.0f} MB",
    )


def _month_end(bench: SlaBench, onts: int) -> Row:
    state = bench.stage.state
    ends = state.deadlines.at("period", "SD1")
    assert ends is not None
    bench.at += timedelta(microseconds=ends - bench.now)
    bench.stage.state.at = bench.at - timedelta(seconds=1)
    bench.took()
    bench.fold(Tick())
    bench.work_off()
    total, longest, folds = bench.took()
    return Row(
        name=f"The end of a month for {onts:,} contracts",
        value=f"{total:.1f} s",
        beside=f"longest Event {1e3 * longest:.0f} ms",
        note=f"processor time of {folds:,} Events, between which traps are folded: figures of every contract, "
        f"{1e6 * total / onts:.1f} µs each",
    )


def bystander() -> Row:
    """Folds of the same traps with and without the stage, which take turns. Contracts are elsewhere in the plant."""
    makers: tuple[tuple[Callable[[], Stage], ...], ...] = ((), (SlaClock,))
    folders = [_ready(others) for others in makers]
    gc.collect()
    rounds = [[_round(*each) for each in folders] for _ in range(ROUNDS)]
    without, wanted = (min(each) for each in zip(*rounds, strict=True))
    return Row(
        name="The stage, for a trap whose alarm concerns no contract",
        value=f"{wanted - without:+.2f} µs",
        beside=f"{wanted:.2f} µs with it, {without:.2f} µs without: × {wanted / without:.3f}",
        target="2 µs",
        note=f"the fold with every strategy, {ALARMS:,} alarms, {NODES:,} nodes, 1,000 contracts of other nodes; best of "
        f"{ROUNDS} rounds of {EVENTS:,} traps, in which both take turns",
    )


def _ready(others: Sequence[Callable[[], Stage]]) -> tuple[Folder, Callable[[], list[tuple[int, bool]]]]:
    folder, load = Folder(NODES, others), everywhere(ALARMS)
    for stage in folder.stages.all[1:]:
        inner = getattr(stage, "stage", None)
        assert isinstance(inner, SlaClock)
        bench = SlaBench(inner)
        bench.define()
        bench.contract(1_000)
    folder.take(load.population.raise_new(load.raised))
    folder.settle()
    folder.take(load.population.mix(EVENTS))
    return folder, partial(_mix, load.population)


def _mix(population: object) -> list[tuple[int, bool]]:
    return list(population.mix(EVENTS))  # type: ignore[attr-defined]


def _round(folder: Folder, mix: Callable[[], list[tuple[int, bool]]]) -> float:
    return 1e6 * folder.take(mix()) / EVENTS


def resident() -> int:
    """Octets of this process in memory."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
