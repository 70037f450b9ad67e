"""A few hundred seeds of the virtual world, on every core, and that a seed is a seed: the same story every time, anywhere."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from simulation.run import cores, run_seeds
from simulation.world import Report, run_seed

SEEDS = int(os.environ.get("FAULTD_SEEDS", "400"))
_CHUNKS = 20

Running = list["Future[list[Report]]"]


def seeds(chunk: int) -> list[int]:
    """Every twentieth seed; FAULTD_SEED asks for one."""
    asked = os.environ.get("FAULTD_SEED")
    if asked is not None:
        return [int(asked)] if chunk == 0 else []
    return list(range(1 + chunk, 1 + SEEDS, _CHUNKS))


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """All of them under way."""
    # Not forked: what the tests before have left running would come along.
    with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool:
        yield [pool.submit(run_seeds, seeds(chunk)) for chunk in range(_CHUNKS)]
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_every_invariant_holds_whatever_happens(chunk: int, running: Running) -> None:
    for report in running[chunk].result():
        assert report.violation is None, report.story()


@pytest.mark.parametrize("seed", [4, 9])
def test_a_seed_tells_the_same_story_in_every_process(seed: int) -> None:
    stories = [run_seed(seed).timeline, run_seed(seed).timeline]
    script = f"from simulation.world import run_seed; print(run_seed({seed}).digest)"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(("tests", *filter(None, sys.path)))}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script]
    other = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=True)
    assert stories[0] == stories[1]
    assert other.stdout.strip() == run_seed(seed).digest
