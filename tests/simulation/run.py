"""Live through seeds: ``python -m simulation.run --seeds N``, ``--seconds S`` or ``--seed X`` (with tests/ on the path).

Exits 1 at the first seed that breaks an invariant, with its story. SIMULATION_SEED in the environment is ``--seed``.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count, islice

from simulation.world import Report, run_seed

_CHUNK = 20


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def run_seeds(seeds: list[int]) -> list[Report]:
    """In one process; without their timelines, but for the first that fails, which is the last."""
    reports = []
    for seed in seeds:
        report = run_seed(seed)
        reports.append(report)
        if report.violation is not None:
            break
        report.forget()
    return reports


def _chunks(first: int, seeds: int | None) -> Iterator[list[int]]:
    numbers = iter(range(first, first + seeds)) if seeds is not None else count(first)
    while chunk := list(islice(numbers, _CHUNK)):
        yield chunk


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="one seed, with its whole timeline")
    parser.add_argument("--seeds", type=int, default=None, help="so many seeds")
    parser.add_argument("--seconds", type=float, default=None, help="for so long")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--jobs", type=int, default=cores(), help="processes (all cores)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else os.environ.get("SIMULATION_SEED")
    if seed is not None:
        report = run_seed(int(seed))
        print(report.story(len(report.timeline)))
        return int(report.violation is not None)
    if options.seeds is None and options.seconds is None:
        options.seconds = 60.0
    began = time.monotonic()
    done = events = crashes = lives = 0
    with ProcessPoolExecutor(options.jobs) as pool:
        chunks = _chunks(options.first, options.seeds)
        running = [pool.submit(run_seeds, chunk) for chunk in islice(chunks, 2 * options.jobs)]
        while running:
            for report in running.pop(0).result():
                done, events = done + 1, events + report.events
                crashes, lives = crashes + report.crashes, lives + report.lives
                if report.violation is not None:
                    for future in running:
                        future.cancel()
                    print(report.story())
                    print(f"found after {done} seeds, {time.monotonic() - began:.0f} s")
                    return 1
            if options.seconds is None or time.monotonic() - began < options.seconds:
                running += [pool.submit(run_seeds, chunk) for chunk in islice(chunks, 1)]
    print(
        f"{done} seeds in {time.monotonic() - began:.0f} s: {events} Events, {lives} processes, {crashes} of them crashed; "
        "every invariant held"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
