"""What one Event costs the fold as alarms and plant grow, and what the strategies add to it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from actors.correlator.strategies.order import STRATEGIES
from bench.context import Context
from bench.fold import EVENTS, ROUNDS, WARM, Load, among_others, costs, everywhere, port_by_port
from bench.instructions import COUNTED, instructions
from bench.table import Row

ALARMS = (1_000, 10_000, 100_000)
PLANT = 130_000
"""Nodes of the plant in which alarms grow: it holds all of them, so that none is looked at less for being unknown to it."""
_HOW = (
    f"µs an Event of the mix, best of {ROUNDS} times {EVENTS:,} in turns; the fold alone, each batch decoded just before, "
    f"10,000 Events a second of the plant's time, no ticks; before that all were raised, two minutes passed, {WARM:,} more came"
)


def correlation(context: Context) -> list[Row]:
    """What all strategies together cost beside the fold without any."""
    sizes = [(1_000, 10_000), (10_000, 100_000), *([] if context.quick else [(100_000, 1_000_000)])]
    return [
        _beside(sizes, "32 ports break and are mended", among_others),
        _beside(sizes, "any port breaks and is mended", port_by_port),
        _beside(sizes, "each of all ONTs by itself", everywhere),
    ]


def _beside(sizes: Sequence[tuple[int, int]], name: str, load: Callable[[int], Load]) -> Row:
    found = costs(sizes, ((), STRATEGIES), load)
    alone, full = found[::2], found[1::2]
    ratios = ", ".join(f"{a / b:.2f}" for a, b in zip(full, alone, strict=True))
    return Row(
        name=f"Fold with every strategy, {name}: {_sized(sizes)}",
        value=_listed(full),
        beside=f"{_listed(alone)} without any: {ratios} of it",
        target="1.5 times, flat",
        note=f"{_said(load)} {_HOW}; no rules, no windows; last to first {full[-1] / full[0]:.2f}",
    )


def counted(context: Context) -> list[Row]:
    """The same in instructions, which neither a cache nor a neighbour on the machine changes."""
    sizes = [(1_000, 10_000), *([] if context.quick else [(100_000, 1_000_000)])]
    with ThreadPoolExecutor(2) as pool:
        running = [[pool.submit(instructions, *size, spine=spine) for spine in (True, False)] for size in sizes]
        alone, full = zip(*([each.result() for each in pair] for pair in running), strict=True)
    ratios = ", ".join(f"{a / b:.2f}" for a, b in zip(full, alone, strict=True))
    return [
        Row(
            name="Instructions of the fold with every strategy: " + _sized(sizes),
            value=", ".join(f"{each:,}" for each in full),
            beside=", ".join(f"{each:,}" for each in alone) + f" without any: {ratios} of it",
            target="1.5 times, flat",
            note=f"{_said(among_others)} Counted by valgrind over {COUNTED:,} Events of the mix; last to first "
            f"{full[-1] / full[0]:.2f}, without any {alone[-1] / alone[0]:.2f}",
        )
    ]


def _sized(sizes: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"{alarms:,} alarms and {nodes:,} nodes" for alarms, nodes in sizes)


def growth(context: Context) -> list[Row]:
    """By alarms in one plant, by nodes with few alarms."""
    alarms = [(each, PLANT) for each in ALARMS]
    nodes = [(1_000, each) for each in context.nodes]
    by_alarms = f"{', '.join(f'{each:,}' for each in ALARMS)} open alarms"
    by_nodes = f"{', '.join(f'{each:,}' for each in context.nodes)} topology nodes"
    rows = [
        _grown(f"Fold with {by_alarms}, 32 ports reported on", f"{PLANT:,} nodes", alarms, among_others),
        _grown(f"Fold with {by_alarms}, all reported on", f"{PLANT:,} nodes", alarms, everywhere),
        _grown(f"Fold with {by_nodes}", "1,000 open alarms", nodes, everywhere),
    ]
    for row in rows:
        context.tell(f"{row.name}: {row.value}")
    return rows


def _grown(name: str, held: str, sizes: Sequence[tuple[int, int]], load: Callable[[int], Load]) -> Row:
    found = costs(sizes, load=load)
    return Row(
        name=name,
        value=_listed(found),
        target="flat",
        note=f"{held}. {_said(load)} {_HOW}, every strategy; last to first {found[-1] / found[0]:.2f}",
    )


def _listed(costs: Sequence[float]) -> str:
    return ", ".join(f"{us:.1f}" for us in costs) + " µs"


def _said(load: Callable[[int], Load]) -> str:
    return " ".join((load.__doc__ or "").split())
