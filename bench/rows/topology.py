"""What a large topology takes: reading its file, checking it, indexing it; a snapshot with it; a change in it; and memory.

Measured in a process of its own, since memory once taken is not given back.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actors.correlator.state import State
from bench.context import Context
from bench.table import Row
from faultd.pipe import Stages
from protocols.command import ChangeTopology, Command
from protocols.event import Event, TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node
from protocols.topology_csv import csv_lines, parse_csv

_LEDGER = "6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11"
_START = datetime(2026, 1, 1, tzinfo=UTC)
CARDS, PORTS, LEGS, DROPS = 8, 16, 8, 8
CHANGES = 2_000


def plant(nodes: int) -> Iterator[Node]:
    """OLTs of 8 cards of 16 ports, each with a 1:8 splitter and eight 1:8 behind it, every field filled, until there are
    ``nodes``."""
    for number, node in enumerate(_endless()):
        if number == nodes:
            return
        yield node


def _endless() -> Iterator[Node]:
    yield Node(id="core", type="core", name="Core")
    olt = 0
    while True:
        device = f"olt-{olt:04d}"
        address = f"10.{olt >> 16 & 255}.{olt >> 8 & 255}.{olt & 255}"
        common: dict[str, Any] = {"vendor": "huawei", "tenant": "north", "area": f"district {olt // 10}"}
        yield Node(id=device, type="olt", parents=("core",), name=f"OLT {olt}", address=address, **common)
        for card in range(CARDS):
            slot = f"{device}/0/{card}"
            yield Node(id=slot, type="card", parents=(device,), name=f"OLT {olt} card {card}", **common)
            for port in range(PORTS):
                yield from _pon(f"{slot}/{port}", slot, f"OLT {olt} PON 0/{card}/{port}", olt, common)
        olt += 1


def _pon(pon: str, card: str, name: str, olt: int, common: dict[str, Any]) -> Iterator[Node]:
    index = 4194304000 + hash_of(pon)
    yield Node(id=pon, type="pon", parents=(card,), name=name, index=str(index), **common)
    yield Node(id=f"{pon}/s", type="splitter", parents=(pon,), name=f"{name} splitter", **common)
    for leg in range(LEGS):
        splitter = f"{pon}/s{leg}"
        yield Node(id=splitter, type="splitter", parents=(f"{pon}/s",), name=f"{name} splitter {leg}", **common)
        for drop in range(DROPS):
            ont = leg * DROPS + drop
            customer = f"C{hash_of(pon):08d}{ont:02d}"
            yield Node(
                id=f"{pon}/{ont}",
                type="ont",
                parents=(splitter,),
                name=f"{name} ONT {ont}",
                customer_id=customer,
                service_id=f"internet-{customer}",
                serial=f"HWTC{hash_of(pon):06X}{ont:02X}",
                sla_class=("gold", "silver", "bronze")[ont % 3],
                index=f"{index}.{ont}",
                **common | {"area": f"street {olt}-{leg}"},
            )


def hash_of(pon: str) -> int:
    """A number of its own for each port."""
    device, _, card, port = pon.split("/")
    return (int(device[4:]) * CARDS + int(card)) * PORTS + int(port)


def measure(file: Path) -> dict[str, float]:
    """Seconds and megabytes for the topology in ``file``. Run in a process that has done nothing else."""
    found: dict[str, float] = {"before_mb": _rss()}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        began = time.thread_time()
        made = action()
        found[name] = time.thread_time() - began
        return made

    nodes = [timed("parse", lambda: parse_csv(file.read_text()))]
    stages, at = Stages(_LEDGER), _START
    state = stages.state

    def folded(event: Event) -> Any:
        nonlocal at
        at += timedelta(milliseconds=1)
        return stages.fold(state.offset + 1, at, event)

    timed("fold", lambda: folded(TopologyLoaded("bench", nodes.pop())))
    found["nodes"] = len(state.plant.nodes)
    found["resident_mb"] = _rss()
    saved = timed("save", state.save)
    found["snapshot_mb"] = len(saved) / 1e6
    onts = list(state.plant.of_type("ont"))
    chosen = [onts[len(onts) // CHANGES * number] for number in range(min(CHANGES, len(onts)))]
    by = Principal("bench", "admin")
    moves = [
        Command(by, ChangeTopology((replace(state.plant.nodes[one], parents=state.plant.nodes[other].parents),)))
        for one, other in pairwise(chosen)
    ]
    state.plant.reach("core")
    found["change"] = timed("changes", lambda: [folded(move) for move in moves]) and found["changes"] / len(moves)
    found["path"] = timed("paths", lambda: [state.plant.pon_of(one) for one in onts]) and found["paths"] / len(onts)
    timed("load", lambda: State.load(saved))
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def _rss() -> float:
    """Megabytes of memory that the process has now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def topology(context: Context) -> list[Row]:
    """For the largest plant that was asked for."""
    size = context.nodes[-1]
    file = context.folder / "topology.csv"
    with file.open("w") as out:
        out.writelines(csv_lines(plant(size)))
    context.tell(f"a topology of {size:,} nodes, {file.stat().st_size / 1e6:.0f} MB")
    found = figures(file)
    file.unlink()
    imported = found["parse"] + found["fold"]
    how = f"a CSV file with every column filled; {CARDS * PORTS * LEGS * DROPS:,} ONTs an OLT"
    return [
        Row(
            name=f"Import of {size:,} topology nodes",
            value=f"{imported:.1f} s",
            target="under 60 s",
            note=f"processor time: reading and checking {found['parse']:.1f} s, indexing {found['fold']:.1f} s; {how}",
        ),
        Row(
            name="Memory with it",
            value=f"{found['resident_mb'] - found['before_mb']:.0f} MB",
            target="under 1,500 MB",
            note=f"resident, of {found['resident_mb']:.0f} MB in all; the import's peak is that of the file beside it",
        ),
        Row(
            name="Snapshot with it",
            value=f"{1e3 * found['save']:.0f} ms",
            note=f"processor time of the fold; {found['snapshot_mb']:.0f} MB; read again in {found['load']:.1f} s",
        ),
        Row(
            name="An ONT moved in it",
            value=f"{1e6 * found['change']:.0f} µs",
            target="flat",
            note=f"by command: checked, applied and kept for the snapshot; mean of {CHANGES}",
        ),
    ]


def figures(file: Path) -> dict[str, float]:
    """:func:`measure` in a process of its own."""
    command = [sys.executable, "-m", "bench.rows.topology", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def main() -> None:
    if sys.argv[1].isdigit():
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as out:
            out.writelines(csv_lines(plant(int(sys.argv[1]))))
            out.flush()
            sys.stdout.write(json.dumps(figures(Path(out.name)), indent=1) + "\n")
        return
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    main()
