"""Crash testing of the ledger's file, as long as it takes:

    PYTHONPATH=tests python -m crash.run --all [--seed N] [--samples N]
    PYTHONPATH=tests python -m crash.run power|faults|short|damage

A line for each campaign; each failure with what it takes to see it again; exit code 1 when there was one.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain

from crash.damage import damaged_pages, look, sound, truncations
from crash.inject import DATA, FAULTS, Fault, count, faults_at, short_writes
from crash.power import Findings, power_cuts, record, scratch

LOG_PAGES = ("--log-pages", "6")


def power(seed: int, samples: int) -> Iterator[tuple[str, Findings]]:
    """Power cuts after every call, with the log as it is and with one that is emptied all the time."""
    for name, options in (("a long log", ()), ("a short log", LOG_PAGES)):
        with scratch() as folder:
            recording = record(folder, "long", *options)
            yield f"power cut after every call, {name}", power_cuts(recording, folder, seed=seed, samples=samples, single=True)


def faults(seed: int, samples: int) -> Iterator[tuple[str, Findings]]:
    """Every call fails, alone and with those after it; and power cuts after a sync that failed."""
    for fault in FAULTS:
        yield from _fault(fault, 1)
        yield from _fault(fault, 4)
    for call in ("fdatasync", "fsync", "pwrite64"):
        fault = Fault(call, "error=EIO", (*DATA, "/..", "/../.."))
        total = Findings()
        for _, found in faults_at(
            "short", fault, range(1, count("short", fault, *LOG_PAGES) + 1), *LOG_PAGES, cut=0.3, seed=seed
        ):
            total.add(found)
        yield f"{fault}, each once, then power cuts", total


def _fault(fault: Fault, burst: int) -> Iterator[tuple[str, Findings]]:
    total = Findings()
    for _, found in faults_at("short", fault, range(1, count("short", fault, *LOG_PAGES) + 1), *LOG_PAGES, burst=burst):
        total.add(found)
    yield f"{fault}, {burst} in a row", total


def short(seed: int, samples: int) -> Iterator[tuple[str, Findings]]:
    """Writes done in part, ending at every sector and beside it."""
    total = Findings()
    for _, found in short_writes("short", [at for sector in range(0, 100_000, 512) for at in (sector + 1, sector + 512)]):
        total.add(found)
    yield "writes done in part", total


def damage(seed: int, samples: int) -> Iterator[tuple[str, Findings]]:
    """Files cut off at every octet of the last two pages, and every page damaged in every way."""
    with scratch() as folder:
        content, said = sound(folder, "long")
        place = folder / "damaged"
        place.mkdir()
        yield "files cut off", look(place, truncations(content, 8_192), said)
    with scratch() as folder:
        content, said = sound(folder, "long")
        place = folder / "damaged"
        place.mkdir()
        yield "pages damaged", look(place, damaged_pages(content, seed, 10 * samples), said)


CAMPAIGNS: dict[str, Callable[[int, int], Iterator[tuple[str, Findings]]]] = {
    "power": power,
    "faults": faults,
    "short": short,
    "damage": damage,
}


def main() -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="crash.run", description=__doc__.splitlines()[0])
    parser.add_argument("campaigns", nargs="*", metavar="|".join(CAMPAIGNS))
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=6, help="random states at each point")
    arguments = parser.parse_args()
    names = list(CAMPAIGNS) if arguments.all else arguments.campaigns
    if not names or set(names) - set(CAMPAIGNS):
        parser.error(f"name campaigns of {', '.join(CAMPAIGNS)}, or --all")
    broken = 0
    began = time.monotonic()
    for name, findings in chain.from_iterable(CAMPAIGNS[each](arguments.seed, arguments.samples) for each in names):
        refused = ", ".join(f"{count} {kind}" for kind, count in sorted(findings.refused.items()))
        print(
            f"{name}: {findings.points} points, {findings.states} states, {findings.opened} opened and whole"
            f"{f', refusals: {refused}' if refused else ''}, {len(findings.broken)} broken ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        for each in findings.broken[:20]:
            print(f"  {each}")
        broken += len(findings.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
