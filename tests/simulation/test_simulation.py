"""A few hundred seeds of the virtual world, and that a seed is a seed: the same story every time, in any process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from simulation.world import run_seed

SEEDS = int(os.environ.get("FAULTD_SEEDS", "200"))
_CHUNKS = 10


def seeds(chunk: int) -> range:
    """Every tenth seed; FAULTD_SEED asks for one."""
    asked = os.environ.get("FAULTD_SEED")
    if asked is not None:
        return range(int(asked), int(asked) + 1) if chunk == 0 else range(0)
    return range(1 + chunk, 1 + SEEDS, _CHUNKS)


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_every_invariant_holds_whatever_happens(chunk: int) -> None:
    for seed in seeds(chunk):
        report = run_seed(seed)
        assert report.violation is None, report.story()


def test_a_seed_tells_the_same_story_in_every_process() -> None:
    stories = [run_seed(4).timeline, run_seed(4).timeline]
    script = "from simulation.world import run_seed; print(run_seed(4).digest)"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(("tests", *filter(None, sys.path)))}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script]
    other = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=True)
    assert stories[0] == stories[1]
    assert other.stdout.strip() == run_seed(4).digest
