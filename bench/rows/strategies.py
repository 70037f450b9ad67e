"""What the strategies add to the daemon: the same traps to the real one, and to one without any."""

from collections.abc import Sequence
from pathlib import Path

from bench import load
from bench.context import Context
from bench.fold import plant
from bench.table import Row
from protocols.topology_csv import csv_lines

RATE = 4_000
RAISING_RATE = 5_000
"""At which the alarms are raised before."""


def strategies(context: Context) -> list[Row]:
    """By how many alarms and nodes there are."""
    sizes = [(2_000, 10_000), *([] if context.quick else [(100_000, 1_000_000)])]
    # One right after the other, since the machine's speed moves.
    found = [[_cost(context, *size, module) for module in ("faultd", "bench.spine")] for size in sizes]
    full, alone = zip(*found, strict=True)
    return [
        Row(
            name="The daemon with every strategy: " + ", ".join(_named(*size) for size in sizes),
            value=", ".join(f"{us:.0f}" for us in full) + " µs",
            beside=_ratios(full, alone),
            target="1.5 times, flat",
            note=f"processor time a trap of the whole daemon at {RATE:,}/s, from receipt to database and stream; beside "
            "it the same daemon with the strategies taken out; each ONT by itself, the rules that ship, no windows",
        )
    ]


def _named(alarms: int, nodes: int) -> str:
    return f"{alarms:,} alarms and {nodes:,} nodes"


def _ratios(full: Sequence[float], alone: Sequence[float]) -> str:
    costs = ", ".join(f"{us:.0f}" for us in alone)
    return f"{costs} µs without any: " + ", ".join(f"{a / b:.2f}" for a, b in zip(full, alone, strict=True)) + " of it"


def _cost(context: Context, alarms: int, nodes: int, module: str) -> float:
    seconds = 5 if context.quick else 20
    file = _topology(context.folder / f"plant{nodes}.csv", nodes)
    with context.daemon("strategies", f'[topology]\nfile = "{file}"', module) as daemon, context.sender() as sender:
        load.run(daemon, context.postgres, sender, rate=RAISING_RATE, count=alarms, what="new")
        found = load.run(daemon, context.postgres, sender, rate=RATE, count=RATE * seconds)
    context.tell(f"{module}, {_named(alarms, nodes)}: {found.cpu_per_trap:.1f} µs a trap, lost {found.lost:,}")
    return found.cpu_per_trap


def _topology(file: Path, nodes: int) -> Path:
    if not file.exists():
        file.write_text("".join(csv_lines(plant(nodes))))
    return file
