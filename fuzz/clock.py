"""Fuzz the trusted time and the fold behind it by readings of two clocks. See ``common``.

A finding is also kept for Hypothesis: run tests/fuzzing/test_fuzz_clock.py, which finds it there and prints the shortest course
that shows it. Put that beside the property as an ``@example``."""

import random

import atheris
from common import run
from compiled_once import compiled_once

with atheris.instrument_imports(include=["actors.trusted_time", "actors.trusted_clock", "actors.elapsed", "actors.correlator"]):
    from fuzzing.test_fuzz_clock import test_a_life_by_a_wall_that_goes_anywhere as life


def seeds() -> list[bytes]:
    """Hypothesis makes a course of any octets."""
    return [random.Random(number).randbytes(3_000) for number in range(40)]


if __name__ == "__main__":
    with compiled_once():
        target = life.hypothesis.fuzz_one_input

        def one(data: bytes) -> None:
            target(data)

        run("clock", seeds, one, message=False)
