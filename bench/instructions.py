"""Instructions an Event of the fold, counted by valgrind: on a machine that others use too these repeat to a few in a thousand,
where microseconds do not.

    python -m bench.instructions [--alarms N] [--nodes N] [--load among_others|port_by_port|everywhere] [--spine]

valgrind (which must be installed, with callgrind) runs this module again at a fiftieth of the speed and counts while the Events
of the mix are folded, decoded before; ``--out FILE`` keeps its profile for callgrind_annotate.
"""

import argparse
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from actors.correlator.strategies.order import STRATEGIES
from bench.children import BenchError
from bench.fold import LOADS, only, ready
from faultd.cli.run import COLLECTOR

COUNTED = 8_000
_INSIDE = "BENCH_COUNTED_BY_VALGRIND"


def instructions(alarms: int, nodes: int, load: str = "among_others", *, spine: bool = False, out: Path | None = None) -> int:
    """Instructions an Event takes; ``spine``: without any strategy. Minutes where there are many alarms. Raises BenchError
    without valgrind, CalledProcessError when it fails."""
    if shutil.which("valgrind") is None:
        raise BenchError("valgrind is not installed")
    with tempfile.TemporaryDirectory() as folder:
        profile = out or Path(folder) / "callgrind.out"
        count = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={profile}")
        asked = (f"--alarms={alarms}", f"--nodes={nodes}", f"--load={load}", *(("--spine",) if spine else ()))
        subprocess.run(
            [*count, sys.executable, "-m", "bench.instructions", *asked],
            env=os.environ | {_INSIDE: "1"},
            stderr=subprocess.DEVNULL,
            check=True,
        )
        totals = next(line for line in profile.read_text().splitlines() if line.startswith("totals:"))
    return round(int(totals.split()[1]) / COUNTED)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description="instructions an Event of the fold")
    parser.add_argument("--alarms", type=int, default=1_000, help="open alarms")
    parser.add_argument("--nodes", type=int, default=10_000, help="topology nodes")
    parser.add_argument("--load", choices=sorted(LOADS), default="among_others", help="what the Events are about")
    parser.add_argument("--spine", action="store_true", help="without any strategy")
    parser.add_argument("--out", type=Path, help="keep the profile here")
    asked = parser.parse_args()
    if os.environ.get(_INSIDE):
        _folded(asked.alarms, asked.nodes, asked.load, spine=asked.spine)
        return
    found = instructions(asked.alarms, asked.nodes, asked.load, spine=asked.spine, out=asked.out)
    sys.stdout.write(f"{found:,} instructions an Event\n")


def _folded(alarms: int, nodes: int, load: str, *, spine: bool) -> None:
    """What valgrind runs: the set-up uncounted, then the mix counted."""
    gc.set_threshold(*COLLECTOR)  # as the daemon has it
    asked = () if spine else STRATEGIES
    folder, population = ready(alarms, nodes, LOADS[load], asked)
    batches = list(folder.batches(population.mix(COUNTED)))
    gc.collect()
    with only(asked):
        _count("on")
        for events in batches:
            folder.fold(events)
        _count("off")


def _count(switch: str) -> None:
    subprocess.run(["callgrind_control", "--instr=" + switch, str(os.getpid())], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
