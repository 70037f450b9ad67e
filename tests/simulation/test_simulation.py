"""A few hundred seeds of the virtual world, and that a seed is a seed: the same story every time, anywhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from simulation.run import run_seeds
from simulation.world import run_seed

# Not FAULTD_...: that would be a setting of the daemons that tests start.
SEEDS = int(os.environ.get("SIMULATION_SEEDS", "400"))
_CHUNKS = 20  # so many tests: those who run them share them out


def seeds(chunk: int) -> list[int]:
    """Every twentieth seed; SIMULATION_SEED asks for one."""
    asked = os.environ.get("SIMULATION_SEED")
    if asked is not None:
        return [int(asked)] if chunk == 0 else []
    return list(range(1 + chunk, 1 + SEEDS, _CHUNKS))


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_every_invariant_holds_whatever_happens(chunk: int) -> None:
    for report in run_seeds(seeds(chunk)):
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
